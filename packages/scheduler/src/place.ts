import type { Pod } from '@navarch/api';
import type { Random } from '@navarch/base';
import type { CycleWatch } from './cycle-watch.ts';
import { Cycle } from './cycle.ts';
import { type Unfit } from './unfit.ts';
import type { Profile } from './plugin.ts';
import type { NodeInfo } from './snapshot/node-info.ts';
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
  const { feasible, slots, looked } = searched(cycle, profile, start);
  watch?.passed('Filter');
  cycle.tellFilters();
  if (feasible.length === 0) return cycle.unfit(looked);
  const best =
    feasible.length === 1
      ? (feasible[0] as NodeInfo)
      : (feasible[chooseMax(cycle.totals(feasible, slots), random)] as NodeInfo);
  return { node: best.name, looked, feasible: feasible.length };
}

const REFUSED = 'Unschedulable';
const REFUSED_FOR_GOOD = 'UnschedulableAndUnresolvable';

interface Searched {
  readonly feasible: readonly NodeInfo[];
  /** Of the same: thousands of nodes are not looked at themselves where numbers will do. */
  readonly slots: readonly number[];
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
  const { nodes, canScreen } = cycle;
  const enough = enoughNodes(nodes.length, percentageOfNodesToScore);
  const feasible: NodeInfo[] = [];
  const slots: number[] = [];
  const { slotOrder } = cycle;
  const turnedAway: number[] = [];
  const begin = nodes.length > 0 ? start % nodes.length : 0;
  let looked = 0;
  for (; looked < nodes.length && feasible.length < enough; looked++) {
    const at = begin + looked;
    const index = at < nodes.length ? at : at - nodes.length;
    const node = nodes[index] as NodeInfo;
    if (canScreen && cycle.isTurnedAway(index)) {
      turnedAway.push(index);
      continue;
    }
    if (!(canScreen && cycle.isKnownFit(index)) && cycle.misfitOf(node, canScreen)) continue;
    feasible.push(node);
    slots.push(slotOrder ? (slotOrder[index] as number) : node.slot);
  }
  if (feasible.length === 0 || asksWhyNot) for (const index of turnedAway) cycle.countTurnedAway(index);
  return { feasible, slots, looked };
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
