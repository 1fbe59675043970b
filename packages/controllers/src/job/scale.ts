import { isActive, type Pod } from '@navarch/api';
import type { Context } from '../controller.ts';
import { firstToGo } from '../replica-set/victims.ts';
import { deletePod } from '../shared/pods.ts';
import { untrack } from './accounting.ts';
import { createPods, type PodPlan } from './create-pods.ts';
import { countsAfter, remainingForIndex } from './failures-per-index.ts';
import {
  hasLimitPerIndex,
  indexOf,
  isIndexed,
  isSuspended,
  isTerminating,
  type Job,
  replacesOnlyFailed,
} from './job-pods.ts';
import type { Tally } from './verdict.ts';

/** At most this many pods are made or removed in one pass, so that one job cannot starve the rest. */
const BURST = 500;

/** What was done about a job's pods. */
export interface Scaled {
  /** Pods that are active now. */
  readonly active: number;
  /** Pods that were active and are going now. */
  readonly removed: readonly Pod[];
  /** Pods were made. */
  readonly created?: boolean;
  /** Milliseconds until more may be done. */
  readonly waitMs?: number;
  /** What went wrong: thrown when the status has been written. */
  readonly error?: unknown;
}

export interface Situation {
  readonly owner: Job;
  readonly pods: readonly Pod[];
  readonly tally: Tally;
  /** Where failures are limited per index: the last failed pod of each index that needs another. */
  readonly held: ReadonlyMap<number, Pod> | undefined;
  /** Milliseconds until a failed pod may be replaced. */
  readonly waitMs: number;
}

/** The job ends: what runs is stopped, and counted when it has stopped. */
export const removeActive = (owner: Job, pods: readonly Pod[], context: Context): Promise<Scaled> =>
  remove(pods.filter(isActive), pods.filter(isActive), (p) => deletePod(p, owner, context));

/** Either removes pods that are too many or makes missing ones. */
export async function scale(situation: Situation, context: Context): Promise<Scaled> {
  const { owner, pods } = situation;
  const active = pods.filter(isActive);
  if (owner.metadata.deletionTimestamp) return { active: active.length, removed: [] };
  const wanted = wantedActive(situation, active.length);
  const victims = surplus(owner, active, wanted, context.clock.now()).slice(0, BURST);
  if (victims.length > 0) {
    return remove(active, victims, async (p) => {
      // What is not wanted any more has not failed: it goes uncounted.
      await untrack(p, context);
      await deletePod(p, owner, context);
    });
  }
  const leaving = replacesOnlyFailed(owner) ? pods.filter(isTerminating).length : 0;
  return grow(situation, active, Math.min(wanted - leaving - active.length, BURST), context);
}

function wantedActive({ owner, tally }: Situation, active: number): number {
  const { completions, parallelism = 1 } = owner.spec;
  if (isSuspended(owner)) return 0;
  if (completions === undefined) return tally.succeeded > 0 ? active : parallelism;
  return Math.max(0, Math.min(completions - tally.succeeded, parallelism));
}

/** Second pods of an index and pods without one go in any case, then those whose loss costs least. */
function surplus(owner: Job, active: readonly Pod[], wanted: number, nowMs: number): readonly Pod[] {
  const ordered = firstToGo(active, [], nowMs);
  const seen = new Set<number>();
  const misplaced = new Set<Pod>();
  if (isIndexed(owner)) {
    for (const p of ordered.toReversed()) {
      const index = indexOf(p, owner);
      if (index === undefined || seen.has(index)) misplaced.add(p);
      else seen.add(index);
    }
  }
  const rest = ordered.filter((p) => !misplaced.has(p));
  return [...misplaced, ...rest.slice(0, Math.max(0, active.length - wanted - misplaced.size))];
}

async function grow(situation: Situation, active: readonly Pod[], count: number, context: Context): Promise<Scaled> {
  const { owner, waitMs } = situation;
  if (count <= 0) return { active: active.length, removed: [] };
  if (!hasLimitPerIndex(owner) && waitMs > 0) return { active: active.length, removed: [], waitMs };
  const { plans, laterMs } = isIndexed(owner)
    ? plansByIndex(situation, count, context.clock.now())
    : { plans: Array<undefined>(count).fill(undefined), laterMs: undefined };
  const later = laterMs === undefined ? {} : { waitMs: laterMs };
  try {
    await createPods(owner, plans, context);
  } catch (error) {
    // How many were made is not known until the cache shows them.
    return { active: active.length, removed: [], error };
  }
  return { active: active.length + plans.length, removed: [], created: plans.length > 0, ...later };
}

interface Plans {
  readonly plans: readonly PodPlan[];
  /** Milliseconds until the next index has waited long enough. */
  readonly laterMs: number | undefined;
}

function plansByIndex({ owner, pods, tally, held }: Situation, count: number, nowMs: number): Plans {
  const { completions = 0 } = owner.spec;
  const busy = new Set(
    pods.filter((p) => isActive(p) || (replacesOnlyFailed(owner) && isTerminating(p))).map((p) => indexOf(p, owner)),
  );
  const isTaken = (index: number): boolean => busy.has(index) || (tally.failedIndexes?.has(index) ?? false);
  const indexes = tally.succeededIndexes.firstMissing(count, completions, isTaken);
  if (!held) return { plans: indexes.map((index) => ({ index })), laterMs: undefined };
  const waits = indexes.map((index) => ({
    index,
    last: held.get(index),
    waitMs: remainingForIndex(held.get(index), nowMs),
  }));
  const later = waits.map(({ waitMs }) => waitMs).filter((waitMs) => waitMs > 0);
  return {
    plans: waits
      .filter(({ waitMs }) => waitMs === 0)
      .map(({ index, last }) => ({ index, failures: countsAfter(owner, last) })),
    laterMs: later.length > 0 ? Math.min(...later) : undefined,
  };
}

async function remove(
  active: readonly Pod[],
  victims: readonly Pod[],
  work: (p: Pod) => Promise<void>,
): Promise<Scaled> {
  const results = await Promise.allSettled(victims.map(work));
  const removed = victims.filter((_, n) => results[n]?.status === 'fulfilled');
  const failed = results.find((result) => result.status === 'rejected');
  return { active: active.length - removed.length, removed, ...(failed ? { error: failed.reason } : {}) };
}
