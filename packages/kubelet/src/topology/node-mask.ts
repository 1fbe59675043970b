/** A set of NUMA nodes: bit n stands for the n-th node. */
export type NodeMask = number;

/** Every combination is looked at, and a bit is held for each: no machine of more nodes is taken apart. */
export const NUMA_NODES_MAX = 16;

export const maskOf = (nodes: Iterable<number>): NodeMask => [...nodes].reduce((mask, node) => mask | (1 << node), 0);

export function nodesIn(mask: NodeMask): readonly number[] {
  const nodes: number[] = [];
  for (let node = 0; node < NUMA_NODES_MAX; node++) if (mask & (1 << node)) nodes.push(node);
  return nodes;
}

export const sizeOfMask = (mask: NodeMask): number => nodesIn(mask).length;

export const hasNode = (mask: NodeMask, node: number): boolean => (mask & (1 << node)) !== 0;

/** All sets of some of the nodes, those of few nodes first. */
export function masksOf(nodes: readonly number[]): readonly NodeMask[] {
  const masks: NodeMask[] = [];
  for (let choice = 1; choice < 1 << nodes.length; choice++)
    masks.push(maskOf(nodes.filter((_, index) => choice & (1 << index))));
  return masks.toSorted((a, b) => sizeOfMask(a) - sizeOfMask(b) || a - b);
}
