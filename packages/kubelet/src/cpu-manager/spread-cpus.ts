import type { CpuLayout } from '../topology/machine.ts';
import { masksOf, nodesIn, sizeOfMask } from '../topology/node-mask.ts';
import type { CpuSet } from './cpu-set.ts';
import { takeCpus, type TakeOptions } from './take-cpus.ts';

export interface SpreadOptions extends TakeOptions {
  /** Processors go in groups of so many: those of a core where no core may be shared. */
  readonly groupSize: number;
}

/**
 * Chooses processors evenly from as few NUMA nodes as have them. Of several choices the one that leaves the nodes most
 * alike; where none is even, as takeCpus does. undefined when there are too few.
 */
export function spreadCpus(layout: CpuLayout, free: CpuSet, count: number, options: SpreadOptions): CpuSet | undefined {
  if (free.size < count) return undefined;
  const byNode = layout.groups(free, 'numa');
  let best: { readonly shares: ReadonlyMap<number, number>; readonly score: number; readonly size: number } | undefined;
  for (const mask of masksOf([...byNode.keys()])) {
    const size = sizeOfMask(mask);
    if (best && best.size < size) break;
    const shares = evenShares(nodesIn(mask), byNode, count, options.groupSize);
    if (!shares) continue;
    const score = unevenness([...byNode].map(([node, cpus]) => cpus.length - (shares.get(node) ?? 0)));
    if (!best || score < best.score) best = { shares, score, size };
  }
  if (!best) return takeCpus(layout, free, count, options);
  const taken = new Set<number>();
  for (const [node, share] of best.shares)
    for (const cpu of takeCpus(layout, new Set(byNode.get(node)), share, options) ?? []) taken.add(cpu);
  return taken;
}

/** How many each node gives; what does not divide goes, a group each, to those that have most left. */
function evenShares(
  nodes: readonly number[],
  byNode: ReadonlyMap<number, readonly number[]>,
  count: number,
  groupSize: number,
): ReadonlyMap<number, number> | undefined {
  const freeOf = (node: number): number => byNode.get(node)?.length ?? 0;
  const share = Math.floor(count / nodes.length / groupSize) * groupSize;
  if (nodes.some((node) => freeOf(node) < share)) return undefined;
  const shares = new Map(nodes.map((node) => [node, share]));
  let rest = count - share * nodes.length;
  for (const node of nodes.toSorted((a, b) => freeOf(b) - freeOf(a) || a - b)) {
    const extra = Math.min(rest, groupSize);
    if (freeOf(node) < share + extra) return undefined;
    shares.set(node, share + extra);
    rest -= extra;
  }
  return rest === 0 ? shares : undefined;
}

/** The variance. */
function unevenness(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}
