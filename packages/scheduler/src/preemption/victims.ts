import type { Pod } from '@navarch/api';
import { compileLabelSelector } from '@navarch/machinery';
import type { Cycle } from '../cycle.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import type { Placed } from '../snapshot/template.ts';
import { isMarked } from './evict.ts';
import type { Budget } from './budget.ts';

/** Pods that would have to go from a node, the most important first. */
export interface Candidate {
  readonly node: NodeInfo;
  readonly victims: readonly Placed[];
  /** How many of them a disruption budget speaks for. */
  readonly violations: number;
  readonly harm: Harm;
}

/** What candidates are compared by, counted once: one is compared with hundreds, again and again. */
interface Harm {
  /** The priority of the most important victim. */
  readonly highest: number;
  readonly sum: number;
  /** When the first of the most important victims began, as text that sorts. */
  readonly earliest: string;
  /** Victims whom nobody has told yet that they go: a leader before this one may have told some, and come no further. */
  readonly unmarked: number;
}

/** The victims are ordered by importance. */
export const candidateOf = (node: NodeInfo, victims: readonly Placed[], violations: number): Candidate => ({
  node,
  victims,
  violations,
  harm: harmTo(victims),
});

export const NO_VICTIMS = 'No preemption victims found for incoming pod';

export const priorityOf = ({ spec }: Pod): number => spec.priority ?? 0;

/** When the pod began, as text that sorts; one that has not begun is the youngest. */
const startOf = ({ status }: Pod): string => status.startTime ?? '9';

const moreImportantFirst = (a: Placed, b: Placed): number =>
  priorityOf(b.pod) - priorityOf(a.pod) ||
  (startOf(a.pod) < startOf(b.pod) ? -1 : startOf(a.pod) > startOf(b.pod) ? 1 : 0);

/** Who goes with a pod that is evicted, itself included; undefined: it goes alone. */
export type EvictedWith = (placed: Placed) => readonly Placed[] | undefined;

/**
 * The fewest and least important pods whose going makes room: all that are less important go in thought, then come back
 * one by one while the new pod still fits, those under a disruption budget first. Those that go together come back
 * together, and whoever goes takes along the mates elsewhere. A text says why there are none.
 */
export function victimsOn(
  node: NodeInfo,
  cycle: Cycle,
  budgets: readonly Budget[],
  evictedWith: EvictedWith = () => undefined,
): Candidate | readonly string[] {
  const priority = priorityOf(cycle.pod);
  const lesser = [...node.pods.values()].filter(({ pod }) => priorityOf(pod) < priority);
  if (lesser.length === 0) return [NO_VICTIMS];
  const misfit = cycle.misfitAfter(node, [], lesser);
  if (misfit) return misfit.reasons;
  const units = unitsOf(lesser.sort(moreImportantFirst), evictedWith);
  const all = units.flatMap(({ pods }) => pods).sort(moreImportantFirst);
  const violating = new Set(byBudget(all, budgets).violating);
  const gone = new Set(lesser);
  const staying = ({ here }: Unit): boolean => {
    for (const placed of here) gone.delete(placed);
    if (cycle.misfitAfter(node, [], [...gone]) === undefined) return true;
    for (const placed of here) gone.add(placed);
    return false;
  };
  const isViolating = ({ pods }: Unit): boolean => pods.some((placed) => violating.has(placed));
  const going = [...units.filter(isViolating), ...units.filter((unit) => !isViolating(unit))].filter(
    (unit) => !staying(unit),
  );
  const victims = going.flatMap(({ pods }) => pods).sort(moreImportantFirst);
  return candidateOf(node, victims, victims.filter((placed) => violating.has(placed)).length);
}

/** Pods that go together: those on the node, and all. */
interface Unit {
  readonly here: readonly Placed[];
  readonly pods: readonly Placed[];
}

function unitsOf(lesser: readonly Placed[], evictedWith: EvictedWith): readonly Unit[] {
  const units: Unit[] = [];
  const seen = new Set<Placed>();
  for (const placed of lesser) {
    if (seen.has(placed)) continue;
    const pods = evictedWith(placed) ?? [placed];
    const here = pods.length === 1 ? pods : lesser.filter((other) => pods.includes(other));
    for (const each of here) seen.add(each);
    units.push({ here, pods });
  }
  return units;
}

/** Divides pods by whether a budget that covers them has nothing left, the more important using it up first. */
function byBudget(
  placed: readonly Placed[],
  budgets: readonly Budget[],
): { readonly violating: readonly Placed[]; readonly others: readonly Placed[] } {
  const left = new Map(budgets.map((budget) => [budget, budget.status.disruptionsAllowed]));
  const violating: Placed[] = [];
  const others: Placed[] = [];
  for (const each of placed) {
    let isOver = false;
    for (const budget of budgets) {
      if (!covers(budget, each.pod)) continue;
      const now = (left.get(budget) ?? 0) - 1;
      left.set(budget, now);
      isOver ||= now < 0;
    }
    (isOver ? violating : others).push(each);
  }
  return { violating, others };
}

/** A pod that is being disrupted already has been taken off its budget. An empty selector speaks for no pod here. */
export function covers({ metadata, spec, status }: Budget, pod: Pod): boolean {
  if (metadata.namespace !== pod.metadata.namespace || status.disruptedPods?.[pod.metadata.name] !== undefined)
    return false;
  const { requirements, matches } = compileLabelSelector(spec.selector);
  return requirements.length > 0 && Object.keys(pod.metadata.labels ?? {}).length > 0 && matches(pod.metadata.labels);
}

/**
 * The candidate that hurts least: fewest budgets violated, then the least important victims, then the fewest, then those
 * that were told already, then those that have run the shortest; the first where that is all the same.
 */
export function gentlest(candidates: readonly Candidate[]): Candidate | undefined {
  let best: Candidate | undefined;
  for (const candidate of candidates) if (!best || compare(candidate, best) < 0) best = candidate;
  return best;
}

function compare(a: Candidate, b: Candidate): number {
  return (
    a.violations - b.violations ||
    a.harm.highest - b.harm.highest ||
    a.harm.sum - b.harm.sum ||
    a.victims.length - b.victims.length ||
    a.harm.unmarked - b.harm.unmarked ||
    // The most important victims of the better one began later.
    (a.harm.earliest > b.harm.earliest ? -1 : a.harm.earliest < b.harm.earliest ? 1 : 0)
  );
}

function harmTo(victims: readonly Placed[]): Harm {
  const highest = victims[0] ? priorityOf(victims[0].pod) : -Infinity;
  let sum = 0;
  let earliest = '9';
  let unmarked = 0;
  for (const { pod } of victims) {
    if (!isMarked(pod)) unmarked += 1;
    // Each victim counts, even of the lowest priority there is.
    sum += priorityOf(pod) + 2 ** 31;
    if (priorityOf(pod) === highest && startOf(pod) < earliest) earliest = startOf(pod);
  }
  return { highest, sum, earliest, unmarked };
}
