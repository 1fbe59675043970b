import type { Pod } from '@navarch/api';
import { Cycle } from '../cycle.ts';
import type { Misfit, Profile, SchedulerPlugin } from '../plugin.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { Memory } from '../verdicts.ts';

export interface Found {
  readonly plugin: string;
  readonly misfit: Misfit;
  /** What the reasons leave out, where whoever found it knows. */
  readonly detail?: string;
}

/** Who turns a pod away, from all nodes or from one: every plugin is asked, where the scheduler ends at the first. */
export class Judge {
  readonly #pod: Pod;
  readonly #snapshot: Snapshot;
  readonly #profile: Profile;
  /** Costs more than to ask one plugin: made when it is wanted. */
  #cycle: Cycle | undefined;
  readonly #filters: readonly { readonly plugin: SchedulerPlugin<any, any>; readonly prepared: unknown }[];

  constructor(pod: Pod, snapshot: Snapshot, profile: Profile) {
    this.#pod = pod;
    this.#snapshot = snapshot;
    this.#profile = profile;
    this.#filters = profile.plugins.flatMap(({ plugin }) => {
      if (!plugin.filter) return [];
      const prepared: unknown = plugin.prepare?.(pod, snapshot);
      return plugin.prepare && prepared === undefined ? [] : [{ plugin, prepared }];
    });
  }

  /** Who holds the pod back, so that it is not even tried. */
  gates(): readonly { readonly plugin: string; readonly reason: string }[] {
    return this.#profile.plugins.flatMap(({ plugin }) => {
      const reason = plugin.gate?.(this.#pod, this.#snapshot);
      return reason === undefined ? [] : [{ plugin: plugin.name, reason }];
    });
  }

  refusals(): readonly Found[] {
    return this.#profile.plugins.flatMap(({ plugin }) => {
      const misfit = plugin.refuse?.(this.#pod, this.#snapshot);
      return misfit ? [{ plugin: plugin.name, misfit }] : [];
    });
  }

  misfits(node: NodeInfo): readonly Found[] {
    return this.#filters.flatMap(({ plugin, prepared }) => {
      const misfit = plugin.filter?.(this.#pod, node, prepared);
      return misfit ? [{ plugin: plugin.name, misfit }] : [];
    });
  }

  /** As the scheduler itself would say it: pods that were promised the node count too. */
  fits(node: NodeInfo): boolean {
    const cycle = this.#whole();
    return cycle.nodes.includes(node) && cycle.fits(node);
  }

  /** Whether the scheduler would put the pod on that node, if on no other. */
  accepts(node: NodeInfo): boolean {
    return this.gates().length === 0 && this.#whole().refusal() === undefined && this.fits(node);
  }

  #whole(): Cycle {
    return (this.#cycle ??= new Cycle(this.#pod, this.#snapshot, this.#profile, { memory: new Memory() }));
  }

  /** What each plugin adds to the score of each node, weighted. `nodes` all fit. */
  scores(nodes: readonly NodeInfo[]): ReadonlyMap<string, Float64Array> {
    const found = new Map<string, Float64Array>();
    const slots = Int32Array.from(nodes, ({ slot }) => slot);
    for (const { plugin, weight } of this.#profile.plugins) {
      if (!plugin.score || weight === 0) continue;
      const weighed: unknown = plugin.weigh?.(this.#pod, this.#snapshot, slots);
      if (plugin.weigh && weighed === undefined) continue;
      const scores = Float64Array.from(nodes, (node) => plugin.score?.(this.#pod, node, weighed) ?? 0);
      plugin.normalize?.(scores);
      found.set(
        plugin.name,
        scores.map((score) => weight * score),
      );
    }
    return found;
  }
}
