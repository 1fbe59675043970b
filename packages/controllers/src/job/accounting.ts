import { job, pod, type Pod } from '@navarch/api';
import { equalJson, hasReason, keyIn, keyOf } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { judgeFailure } from './failure-policy.ts';
import type { IndexSet } from './index-set.ts';
import {
  conditionOf,
  hasFailed,
  hasSucceeded,
  indexOf,
  isIndexed,
  isTracked,
  type Job,
  TRACKING_FINALIZER,
} from './job-pods.ts';
import { countEnd, countFinished, countPolicy } from './measures.ts';
import { conditionFrom, type Tally, type Verdict } from './verdict.ts';

type Status = Job['status'];
interface Uncounted {
  readonly succeeded: readonly string[];
  readonly failed: readonly string[];
}

/** Pods counted in one pass: the status that holds their uids must stay small. */
const UNCOUNTED_MAX = 500;
/** Finalizers removed side by side. */
const REMOVALS_MAX = 50;

export const uncountedOf = ({ uncountedTerminatedPods }: Status): Uncounted => ({
  succeeded: uncountedTerminatedPods?.succeeded ?? [],
  failed: uncountedTerminatedPods?.failed ?? [],
});

export interface Books {
  readonly owner: Job;
  /** As it is to be, but for what is counted here. */
  readonly status: Status;
  readonly pods: readonly Pod[];
  readonly tally: Tally;
  /** What was already in `completedIndexes`. */
  readonly succeededBefore: IndexSet;
  readonly verdict: Verdict | undefined;
  /** Failed pods that keep their finalizer, because they hold the count of their index. */
  readonly isHeld: (p: Pod) => boolean;
}

/**
 * Counts every pod that ended exactly once, whatever crashes in between (KEP-2307): first its uid is written down in the
 * status, then its finalizer goes, then the uid becomes a number. The status that speaks of an end is written before
 * finalizers go, so that nobody forgets why. Resolves with the status that was written last, and whether more is to do.
 */
export async function keepBooks(
  books: Books,
  context: Context,
): Promise<{ readonly status: Status; readonly isMore: boolean }> {
  const { owner, pods, verdict } = books;
  const tracked = new Set(pods.filter(isTracked).map((p) => p.metadata.uid));
  const { status: noted, done, isFull } = note(books, counted(books.status, tracked), context);
  const announced = announce(noted, verdict, context.clock.now());
  const first = await write(owner, announced, context);
  await release(done, tracked, context);
  const numbers = counted(first.status, tracked);
  const ended = isFull ? undefined : conclude(numbers, verdict, context.clock.now());
  const { status } = await write(first, ended ?? numbers, context);
  countFinished(owner, owner.status, status, context);
  if (ended && verdict) tellEnd(first, ended, verdict, context);
  return { status, isMore: isFull };
}

/** Uids whose pods have lost their finalizer become numbers: they are not seen again. */
function counted(status: Status, tracked: ReadonlySet<string>): Status {
  const { succeeded, failed } = uncountedOf(status);
  const waiting = {
    succeeded: succeeded.filter((uid) => tracked.has(uid)),
    failed: failed.filter((uid) => tracked.has(uid)),
  };
  return {
    ...status,
    ...sum('succeeded', status, succeeded.length - waiting.succeeded.length),
    ...sum('failed', status, failed.length - waiting.failed.length),
    uncountedTerminatedPods: listed(waiting),
  };
}

const sum = (name: 'succeeded' | 'failed', status: Status, more: number): Partial<Status> =>
  more === 0 ? {} : { [name]: (status[name] ?? 0) + more };

const listed = ({ succeeded, failed }: Uncounted): NonNullable<Status['uncountedTerminatedPods']> => ({
  ...(succeeded.length > 0 ? { succeeded } : {}),
  ...(failed.length > 0 ? { failed } : {}),
});

interface Noted {
  readonly status: Status;
  /** Pods that need no finalizer any more. */
  readonly done: readonly Pod[];
  /** There were more than fit into one pass. */
  readonly isFull: boolean;
}

function note(
  { owner, pods, tally, succeededBefore, verdict, isHeld }: Books,
  status: Status,
  context: Context,
): Noted {
  const before = uncountedOf(status);
  const [succeeded, failed] = [new Set(before.succeeded), new Set(before.failed)];
  const newIndexes = new Set<number>();
  const done: Pod[] = [];
  const isOver = verdict?.type === 'FailureTarget';
  const byIndex = isIndexed(owner)
    ? pods.toSorted((a, b) => (indexOf(a, owner) ?? -1) - (indexOf(b, owner) ?? -1))
    : pods;
  let isFull = false;
  for (const p of byIndex) {
    if (!isTracked(p)) continue;
    if (newIndexes.size + succeeded.size + failed.size >= UNCOUNTED_MAX) {
      isFull = true;
      break;
    }
    const { uid } = p.metadata;
    const index = indexOf(p, owner);
    const isInvalid = isIndexed(owner) && index === undefined;
    if (hasSucceeded(p) && !failed.has(uid)) {
      if (index !== undefined && isIndexed(owner)) {
        if (!succeededBefore.has(index)) newIndexes.add(index);
      } else if (!isInvalid) succeeded.add(uid);
    } else if (hasFailed(p, owner) || isOver) {
      if (isHeld(p) && !verdict && !owner.metadata.deletionTimestamp) continue;
      const { action, counts } = judgeFailure(owner, p);
      if (action !== undefined && !failed.has(uid)) countPolicy(action, context);
      if (!isInvalid && counts) failed.add(uid);
    } else continue;
    done.push(p);
  }
  const next: Status = {
    ...status,
    uncountedTerminatedPods: listed({ succeeded: [...succeeded], failed: [...failed] }),
  };
  return { status: isIndexed(owner) ? withIndexes(next, succeededBefore.with(newIndexes), tally) : next, done, isFull };
}

/** An index can succeed only once: that is all there is to count. */
function withIndexes(
  { completedIndexes: _, failedIndexes: __, ...rest }: Status,
  succeeded: IndexSet,
  { failedIndexes }: Tally,
): Status {
  return {
    ...rest,
    ...(succeeded.size > 0 ? { succeeded: succeeded.size, completedIndexes: String(succeeded) } : {}),
    ...(failedIndexes ? { failedIndexes: String(failedIndexes) } : {}),
  };
}

function announce(status: Status, verdict: Verdict | undefined, nowMs: number): Status {
  if (!verdict || conditionOf(status, verdict.type)) return status;
  return { ...status, conditions: [...(status.conditions ?? []), conditionFrom(verdict.type, verdict, nowMs)] };
}

/** The job is over when every pod is counted and none is left running; undefined while one is. */
function conclude(status: Status, verdict: Verdict | undefined, nowMs: number): Status | undefined {
  const { succeeded, failed } = uncountedOf(status);
  if (!verdict || succeeded.length + failed.length > 0 || (status.terminating ?? 0) > 0 || (status.active ?? 0) > 0)
    return undefined;
  const isSuccess = verdict.type === 'SuccessCriteriaMet';
  const condition = conditionFrom(isSuccess ? 'Complete' : 'Failed', verdict, nowMs);
  return {
    ...status,
    conditions: [...(status.conditions ?? []), condition],
    ...(isSuccess && condition.lastTransitionTime ? { completionTime: condition.lastTransitionTime } : {}),
  };
}

function tellEnd(owner: Job, { succeeded = 0 }: Status, verdict: Verdict, context: Context): void {
  const { events } = context;
  countEnd(owner, verdict, context);
  if (verdict.type === 'FailureTarget') {
    events.record(owner, { type: 'Warning', reason: verdict.reason, message: verdict.message });
    return;
  }
  if (owner.spec.completions !== undefined && succeeded > owner.spec.completions) {
    const message = 'Too many succeeded pods running after completion count reached';
    events.record(owner, { type: 'Warning', reason: 'TooManySucceededPods', message });
  }
  events.record(owner, { type: 'Normal', reason: 'Completed', message: 'Job completed' });
}

/**
 * Nobody but this controller counts, and it counts from what it read: another's status in between means that it read
 * the past, so that a Conflict is no reason to write over it.
 */
async function write(owner: Job, status: Status, { api }: Context): Promise<Job> {
  if (equalJson(status, owner.status)) return owner;
  return api.of(job).replace({ ...owner, status }, { subresource: 'status' });
}

/** Takes the finalizer off, and the uids out of `tracked`. All are tried; the first failure is thrown at the end. */
async function release(pods: readonly Pod[], tracked: Set<string>, context: Context): Promise<void> {
  for (let begun = 0; begun < pods.length; begun += REMOVALS_MAX) {
    const batch = pods.slice(begun, begun + REMOVALS_MAX);
    const results = await Promise.allSettled(batch.map((p) => untrack(p, context)));
    for (const [n, result] of results.entries())
      if (result.status === 'fulfilled') tracked.delete(batch[n]?.metadata.uid ?? '');
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }
}

/** A pod that is gone, or another of its name, is tracked no more. */
export async function untrack(target: Pod, { api }: Context): Promise<void> {
  const body = { metadata: { uid: target.metadata.uid, '$deleteFromPrimitiveList/finalizers': [TRACKING_FINALIZER] } };
  try {
    await api.of(pod).patch(keyOf(target), { type: 'strategic', body });
  } catch (error) {
    // A conflict may also be of two writes: the pod is still tracked then, and would be counted again.
    const isGone = hasReason(error, 'NotFound') || (hasReason(error, 'Conflict') && (await isReplaced(target, api)));
    if (!isGone) throw error;
  }
}

async function isReplaced({ metadata }: Pod, api: Context['api']): Promise<boolean> {
  try {
    const live = await api.of(pod).get(keyIn(metadata.namespace, metadata.name));
    return live.metadata.uid !== metadata.uid;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return true;
    throw error;
  }
}
