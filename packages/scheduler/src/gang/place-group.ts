import type { Pod } from '@navarch/api';
import type { Random } from '@navarch/base';
import type { Unfit } from '../unfit.ts';
import { place, type Placement } from '../place.ts';
import type { Profile } from '../plugin.ts';
import { preempt, type Preemption } from '../preemption/preemption.ts';
import type { Budget } from '../preemption/budget.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Memory } from '../verdicts.ts';
import { Tentative } from './tentative.ts';

interface Home {
  readonly pod: Pod;
  readonly nodeName: string;
}
export interface Rejected {
  readonly pod: Pod;
  readonly unfit: Unfit;
  /** Among how many nodes; absent: all. */
  readonly nodes?: number;
}

/** What becomes of the pods of a group that wait, taken together. */
export type GroupPlacement =
  /** As many fit as must: these are bound, and the others wait. */
  | { readonly outcome: 'fits'; readonly homes: readonly Home[]; readonly rejected: readonly Rejected[] }
  /**
   * As many will when others have gone: they are sent away, and all that will fit are promised where. `rejected` fit
   * nowhere now; those of them that have no home then are told why.
   */
  | {
      readonly outcome: 'makes room';
      readonly homes: readonly Home[];
      readonly evictions: readonly { readonly victim: Pod; readonly home: Home }[];
      /** How many of them go against a budget. */
      readonly violations: number;
      readonly rejected: readonly (Rejected & { readonly message: string })[];
    }
  /** Nothing is done for any of them. */
  | {
      readonly outcome: 'waits';
      /** These would fit by themselves. */
      readonly homes: readonly Home[];
      readonly rejected: readonly (Rejected & { readonly message: string })[];
      /** Victims of before are still going: what was promised stays promised. */
      readonly keepsPromises: boolean;
    };

export interface GroupRequest {
  /** Those that wait, in the order in which they are tried. */
  readonly pods: readonly Pod[];
  /** How many of them must be placed for any to be. */
  readonly needed: number;
  readonly snapshot: Snapshot;
  readonly profile: Profile;
  readonly budgets: readonly Budget[];
  /** Nobody is evicted for the group. */
  readonly evictsNobody?: boolean;
  readonly random: Random;
  /** Where among the nodes the search begins. */
  readonly start: number;
  readonly memory: Memory;
  /** Told when it is looked for others to evict. */
  evicting?(): void;
}

/**
 * Where the pods of a group go, each counted as placed for those after it. The snapshot is as before when it returns.
 * Others are evicted for a group only where that lets in as many as must be: not one in vain.
 */
export function placeGroup(request: GroupRequest): GroupPlacement {
  const { pods, needed, snapshot, profile } = request;
  using tentative = new Tentative(snapshot, profile);
  const homes: Home[] = [];
  const rejected: Rejected[] = [];
  for (const pod of pods) {
    const found = placeOne(pod, request);
    if (found.node === undefined) rejected.push({ pod, unfit: found });
    else homes.push(settle({ pod, nodeName: found.node }, tentative));
  }
  return homes.length >= needed
    ? { outcome: 'fits', homes, rejected }
    : withVictims(request, homes, rejected, tentative);
}

const placeOne = (pod: Pod, { snapshot, profile, random, start, memory }: GroupRequest): Placement =>
  place(pod, snapshot, profile, { random, start, memory });

function settle(home: Home, tentative: Tentative): Home {
  tentative.place(home.pod, home.nodeName);
  return home;
}

function withVictims(
  request: GroupRequest,
  fitting: readonly Home[],
  unfit: readonly Rejected[],
  tentative: Tentative,
): GroupPlacement {
  const { snapshot, profile, random, budgets, needed } = request;
  let violations = 0;
  if (!request.evictsNobody) request.evicting?.();
  const homes = [...fitting];
  const evictions: { readonly victim: Pod; readonly home: Home }[] = [];
  const rejected: (Rejected & { readonly preemption: Preemption })[] = [];
  for (const { pod } of unfit) {
    // There may be room by now: a victim's node may have enough of it for two.
    const found = placeOne(pod, request);
    if (found.node !== undefined) {
      homes.push(settle({ pod, nodeName: found.node }, tentative));
      continue;
    }
    const preemption: Preemption = request.evictsNobody
      ? { node: undefined, message: NEVER, losesPromise: false }
      : preempt({ pod, unfit: found, snapshot, profile, random, budgets });
    if (preemption.node === undefined) {
      rejected.push({ pod, unfit: found, preemption });
      continue;
    }
    violations += preemption.violations;
    const home = { pod, nodeName: preemption.node };
    for (const victim of preemption.victims) {
      tentative.evict(victim);
      evictions.push({ victim, home });
    }
    homes.push(settle(home, tentative));
  }
  const told = unfit.map((one) => {
    const found = rejected.find(({ pod }) => pod === one.pod)?.preemption;
    return { ...one, message: found?.node === undefined ? (found?.message ?? '') : '' };
  });
  if (homes.length >= needed) return { outcome: 'makes room', homes, evictions, violations, rejected: told };
  return {
    outcome: 'waits',
    homes: fitting,
    rejected: told.map((one) => ({ ...one, message: one.message || NOT_ALONE })),
    keepsPromises: rejected.some(({ preemption }) => preemption.node === undefined && !preemption.losesPromise),
  };
}

export const NEVER = 'preemption: not eligible due to preemptionPolicy=Never.';
const NOT_ALONE = 'preemption: not helpful for as many pods of the group as must be placed';
