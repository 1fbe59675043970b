import type { Pod } from '@navarch/api';
import type { Random } from '@navarch/base';
import type { Profile } from './plugin.ts';
import type { NodeInfo, Snapshot } from './snapshot.ts';

export type Placement =
  | { readonly node: string }
  | {
    readonly node: undefined;
    /** Reason -> number of nodes, for the message. */
    readonly reasons: ReadonlyMap<string, number>;
    /** Names of the plugins that turned nodes away: what may wake the pod. */
    readonly rejectedBy: ReadonlySet<string>;
  };

/** Fewer nodes than this are all looked at. */
const FEASIBLE_MIN = 100;
const PERCENT_MIN = 5;

/** Upstream's rule for how many feasible nodes are enough (percentageOfNodesToScore 0: adaptive). */
export function enoughNodes(count: number): number {
  if (count < FEASIBLE_MIN) return count;
  const percent = Math.max(PERCENT_MIN, 50 - Math.floor(count / 125));
  return Math.max(FEASIBLE_MIN, Math.floor((count * percent) / 100));
}

/**
 * The whole decision: pod and snapshot in, node out. No clock, no I/O; ties are broken by the given stream. `start` is
 * where among the nodes the search begins, so that all nodes get their turn.
 */
export function place(pod: Pod, snapshot: Snapshot, { plugins }: Profile, random: Random, start = 0): Placement & { readonly looked: number } {
  const prepared = plugins.map(({ plugin }) => plugin.prepare?.(pod, snapshot));
  const { nodes } = snapshot;
  const enough = enoughNodes(nodes.length);
  const feasible: NodeInfo[] = [];
  const reasons = new Map<string, number>();
  const rejectedBy = new Set<string>();
  let looked = 0;
  for (; looked < nodes.length && feasible.length < enough; looked++) {
    const node = nodes[(start + looked) % nodes.length] as NodeInfo;
    let fits = true;
    for (let i = 0; i < plugins.length; i++) {
      const { plugin } = plugins[i] as Profile['plugins'][number];
      const misfit = plugin.filter?.(pod, node, prepared[i]);
      if (!misfit) continue;
      fits = false;
      for (const reason of misfit.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      rejectedBy.add(plugin.name);
      break;
    }
    if (fits) feasible.push(node);
  }
  if (feasible.length === 0) return { node: undefined, reasons, rejectedBy, looked };
  if (feasible.length === 1) return { node: (feasible[0] as NodeInfo).name, looked };
  return { node: best(pod, feasible, plugins, prepared, random).name, looked };
}

function best(pod: Pod, feasible: readonly NodeInfo[], plugins: Profile['plugins'], prepared: readonly unknown[], random: Random): NodeInfo {
  const totals = new Float64Array(feasible.length);
  for (let p = 0; p < plugins.length; p++) {
    const { plugin, weight } = plugins[p] as Profile['plugins'][number];
    if (!plugin.score || weight === 0) continue;
    const scores: number[] = [];
    for (let i = 0; i < feasible.length; i++) scores.push(plugin.score(pod, feasible[i] as NodeInfo, prepared[p]));
    plugin.normalize?.(scores);
    for (let i = 0; i < scores.length; i++) totals[i] = (totals[i] as number) + weight * (scores[i] as number);
  }
  let chosen = 0;
  let ties = 1;
  for (let i = 1; i < totals.length; i++) {
    if ((totals[i] as number) > (totals[chosen] as number)) [chosen, ties] = [i, 1];
    else if (totals[i] === totals[chosen]) {
      ties += 1;
      if (random.uint32() % ties === 0) chosen = i;
    }
  }
  return feasible[chosen] as NodeInfo;
}

/** Upstream's sentence for a pod that fits nowhere. */
export function unfitMessage(nodeCount: number, reasons: ReadonlyMap<string, number>): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods';
  const parts = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  const list = parts.length > 0 ? `: ${parts.join(', ')}.` : '.';
  return `0/${nodeCount} nodes are available${list}`;
}
