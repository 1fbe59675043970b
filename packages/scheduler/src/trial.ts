import type { Node, Pod } from '@navarch/api';
import type { Random } from '@navarch/base';
import type { CacheReader } from '@navarch/client';
import { place } from './place.ts';
import type { Profile } from './plugin.ts';
import { Snapshot } from './snapshot/snapshot.ts';

export interface TrialDeps {
  readonly profile: Profile;
  readonly random: Random;
  /** Other kinds that plugins look at; absent: there are none. */
  readonly objects?: CacheReader;
}

/** A cluster as it might be: where the scheduler would put pods one after the other, without anything being done. */
export class Trial {
  readonly #snapshot: Snapshot;
  readonly #deps: TrialDeps;

  constructor(nodes: readonly Node[], pods: readonly Pod[], deps: TrialDeps) {
    this.#deps = deps;
    this.#snapshot = new Snapshot(deps.objects);
    for (const node of nodes) this.#snapshot.setNode(node);
    for (const pod of pods) if (pod.spec.nodeName) this.#snapshot.place(pod, pod.spec.nodeName);
  }

  addNode(node: Node): void {
    this.#snapshot.setNode(node);
  }

  place(
    pod: Pod,
  ): { readonly node: string } | { readonly node: undefined; readonly reasons: ReadonlyMap<string, number> } {
    const { profile, random } = this.#deps;
    const found = place(pod, this.#snapshot, profile, { random });
    if (found.node === undefined)
      return { node: undefined, reasons: found.refusal ? new Map([[found.refusal, 1]]) : found.reasons };
    this.#snapshot.place(pod, found.node);
    return { node: found.node };
  }
}
