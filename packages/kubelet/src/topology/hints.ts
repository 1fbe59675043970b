import { type NodeMask, nodesIn, sizeOfMask } from './node-mask.ts';

/** Where something could be had. */
export interface Hint {
  /** undefined: anywhere is as good. */
  readonly nodes: NodeMask | undefined;
  /** It cannot be had from fewer nodes. */
  readonly isPreferred: boolean;
}

/** By resource name; of a resource that has none it does not matter where it comes from, an empty list is one that nowhere has. */
export type Hints = Readonly<Record<string, readonly Hint[] | undefined>>;

export const ANYWHERE: Hint = { nodes: undefined, isPreferred: true };
const NOWHERE: Hint = { nodes: undefined, isPreferred: false };

/** One list a resource. Who says nothing is content with anything. */
export function hintLists(providers: readonly Hints[]): readonly (readonly Hint[])[] {
  return providers.flatMap((hints) => {
    const lists = Object.values(hints);
    if (lists.length === 0) return [[ANYWHERE]];
    return lists.map((list) => (list === undefined ? [ANYWHERE] : list.length === 0 ? [NOWHERE] : list));
  });
}

export interface MergeSettings {
  /** All nodes of the machine. */
  readonly all: NodeMask;
  /** How far nodes are from each other, where nodes that are close to each other are preferred. */
  readonly distances?: readonly (readonly number[])[];
}

/** The best that every resource can live with; all nodes, and not preferred, where they agree on nothing. */
export function mergeHints(lists: readonly (readonly Hint[])[], settings: MergeSettings): Hint {
  const unpreferred = leastCommonSize(lists, settings.all);
  let best: Hint | undefined;
  for (const candidate of candidates(lists, settings.all)) {
    if (candidate.nodes === 0) continue;
    if (best === undefined || isBetter(candidate, best, unpreferred, settings)) best = candidate;
  }
  return best ?? { nodes: settings.all, isPreferred: false };
}

/**
 * What choosing one hint of every list comes to, each outcome once: lists of many hints make the same few sets again and
 * again, so the work grows with the sets and not with the product of the lists.
 */
function candidates(lists: readonly (readonly Hint[])[], all: NodeMask): readonly Hint[] {
  let outcomes: ReadonlyMap<string, Hint> = new Map([['', { nodes: all, isPreferred: true }]]);
  for (const list of lists) {
    const next = new Map<string, Hint>();
    for (const { nodes = 0, isPreferred } of outcomes.values())
      for (const hint of list) {
        const merged = { nodes: nodes & (hint.nodes ?? all), isPreferred: isPreferred && hint.isPreferred };
        next.set(`${merged.nodes} ${merged.isPreferred}`, merged);
      }
    outcomes = next;
  }
  return [...outcomes.values()].toSorted((a, b) => (a.nodes ?? 0) - (b.nodes ?? 0));
}

/** Of each resource the fewest nodes it can be had from, and of those the most: fewer nodes hold no whole answer. */
function leastCommonSize(lists: readonly (readonly Hint[])[], all: NodeMask): number {
  const sizes = lists.map((list) => Math.min(...list.map(({ nodes = all }) => sizeOfMask(nodes))));
  return Math.max(0, ...sizes.filter(Number.isFinite));
}

function isBetter(candidate: Hint, best: Hint, unpreferred: number, settings: MergeSettings): boolean {
  if (candidate.isPreferred !== best.isPreferred) return candidate.isPreferred;
  const [size, bestSize] = [sizeOfMask(candidate.nodes ?? 0), sizeOfMask(best.nodes ?? 0)];
  if (size === bestSize) return isCloser(candidate.nodes ?? 0, best.nodes ?? 0, settings);
  if (candidate.isPreferred) return size < bestSize;
  // As near as can be to what the neediest resource needs, too many rather than too few.
  if (bestSize > unpreferred) return size < bestSize;
  if (bestSize === unpreferred) return false;
  return size <= unpreferred && size > bestSize;
}

function isCloser(candidate: NodeMask, best: NodeMask, { distances }: MergeSettings): boolean {
  const [own, other] = [meanDistance(candidate, distances), meanDistance(best, distances)];
  return own === other ? candidate < best : own < other;
}

function meanDistance(mask: NodeMask, distances: MergeSettings['distances']): number {
  if (!distances) return 0;
  const nodes = nodesIn(mask);
  const sum = nodes.reduce((total, a) => total + nodes.reduce((part, b) => part + (distances[a]?.[b] ?? 0), 0), 0);
  return sum / (nodes.length * nodes.length);
}
