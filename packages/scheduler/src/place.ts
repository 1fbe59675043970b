import type { Pod } from '@navarch/api';
import type { Random } from '@navarch/base';
import type { CycleWatch } from './cycle-watch.ts';
import { Cycle } from './cycle.ts';
import { type Unfit } from './unfit.ts';
import type { Profile } from './plugin.ts';
import type { NodeInfo } from './snapshot/node-info.ts';
import { sift } from './screen.ts';
import type { Snapshot } from './snapshot/snapshot.ts';
import { Memory } from './verdicts.ts';

export type Placement = Found | Unfit;

export interface Found {
  readonly node: string;
  /** Nodes looked at. */
  readonly looked: number;
  readonly feasible: number;
}

export interface Search {
  readonly random: Random;
  /** Where among the nodes the search begins, so that all nodes get their turn. */
  readonly start?: number;
  readonly memory?: Memory;
  readonly watch?: CycleWatch | undefined;
}

/** Fewer nodes than this are all looked at. */
const FEASIBLE_MIN = 100;
const PERCENT_MIN = 5;

/** Upstream's rule for how many feasible nodes are enough to choose from. */
export function enoughNodes(count: number, percentage?: number): number {
  if (count < FEASIBLE_MIN) return count;
  const percent = percentage || Math.max(PERCENT_MIN, 50 - Math.floor(count / 125));
  return percent >= 100 ? count : Math.max(FEASIBLE_MIN, Math.floor((count * percent) / 100));
}

/**
 * The whole decision: pod and snapshot in, node out. No clock, no I/O; ties are broken by the given stream. A pod that
 * was promised a node gets it if it still fits.
 */
export function place(
  pod: Pod,
  snapshot: Snapshot,
  profile: Profile,
  { random, start = 0, memory = new Memory(), watch }: Search,
): Placement {
  const cycle = new Cycle(pod, snapshot, profile, { memory, watch });
  const refused = cycle.refusal();
  watch?.passed('PreFilter', refused && (refused.resolvable.length > 0 ? REFUSED : REFUSED_FOR_GOOD));
  if (refused) return refused;
  const promised = pod.status.nominatedNodeName ? snapshot.node(pod.status.nominatedNodeName) : undefined;
  if (promised && cycle.fits(promised)) return { node: promised.name, looked: 0, feasible: 1 };
  const { slots, looked } = searched(cycle, profile, start);
  watch?.passed('Filter');
  cycle.tellFilters();
  if (slots.length === 0) return cycle.unfit(looked);
  const best = slots.length === 1 ? 0 : chooseMax(cycle.totals(slots), random);
  return { node: snapshot.nodeAt(slots[best] as number).name, looked, feasible: slots.length };
}

const REFUSED = 'Unschedulable';
const REFUSED_FOR_GOOD = 'UnschedulableAndUnresolvable';

interface Searched {
  /** Of nodes that fit; holds until the next search with the same memory. */
  readonly slots: Int32Array;
  readonly looked: number;
}

/**
 * Nodes that fit, as many as are enough to choose from, and how many were looked at for them. Where there is one that
 * will do, nobody asks why others will not; or `asksWhyNot`.
 */
export function searched(
  cycle: Cycle,
  { percentageOfNodesToScore }: Profile,
  start: number,
  asksWhyNot = false,
): Searched {
  const { nodes, screen } = cycle;
  const enough = enoughNodes(nodes.length, percentageOfNodesToScore);
  const begin = nodes.length > 0 ? start % nodes.length : 0;
  const into = cycle.scratch.slots(enough);
  if (!screen) return lookedAt(cycle, { begin, enough, into });
  const turnedAway: number[] = [];
  const asked = (slot: number): boolean => cycle.asked(slot);
  const { looked, feasible, knownFits } = sift(screen, { begin, enough, into, turnedAway, asked });
  cycle.countKnownFits(knownFits);
  if (feasible === 0 || asksWhyNot) for (const slot of turnedAway) cycle.countTurnedAway(slot);
  return { slots: into.subarray(0, feasible), looked };
}

/** The few nodes that the pod names. */
function lookedAt(
  cycle: Cycle,
  { begin, enough, into }: { readonly begin: number; readonly enough: number; readonly into: Int32Array },
): Searched {
  const { nodes } = cycle;
  let looked = 0;
  let feasible = 0;
  for (; looked < nodes.length && feasible < enough; looked++) {
    const node = nodes[(begin + looked) % nodes.length] as NodeInfo;
    if (!cycle.misfitOf(node)) into[feasible++] = node.slot;
  }
  return { slots: into.subarray(0, feasible), looked };
}

/** The place of the largest; one of them, evenly, where there are several. */
export function chooseMax(totals: Float64Array, random: Random): number {
  let first = 0;
  let ties = 1;
  for (let i = 1; i < totals.length; i++) {
    if ((totals[i] as number) > (totals[first] as number)) {
      first = i;
      ties = 1;
    } else if (totals[i] === totals[first]) ties += 1;
  }
  // One draw for all of them: hundreds of equal nodes are the rule in a large cluster.
  let skipped = ties > 1 ? random.uint32() % ties : 0;
  const max = totals[first];
  let chosen = first;
  while (skipped > 0) if (totals[++chosen] === max) skipped -= 1;
  return chosen;
}
