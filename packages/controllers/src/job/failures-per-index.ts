import { isActive, type Pod } from '@navarch/api';
import { remainingDelay } from './back-off.ts';
import { judgeFailure } from './failure-policy.ts';
import type { IndexSet } from './index-set.ts';
import { finishedAt, hasFailed, indexOf, isTracked, type Job } from './job-pods.ts';

export const FAILURE_COUNT = 'batch.kubernetes.io/job-index-failure-count';
export const IGNORED_FAILURE_COUNT = 'batch.kubernetes.io/job-index-ignored-failure-count';

/** Failures of one index (KEP-3850), as the annotations of its latest pod say. */
export interface FailureCounts {
  readonly counted: number;
  /** Those that the pod failure policy ignores: they only make the delay longer. */
  readonly ignored: number;
}

const numberIn = (p: Pod, name: string): number => Number(p.metadata.annotations?.[name] ?? 0) || 0;
const countsOf = (p: Pod): FailureCounts => ({
  counted: numberIn(p, FAILURE_COUNT),
  ignored: numberIn(p, IGNORED_FAILURE_COUNT),
});

/** What the pod that follows this failed one is told; zeros where it is the first. */
export function countsAfter(owner: Job, last: Pod | undefined): FailureCounts {
  if (!last) return { counted: 0, ignored: 0 };
  const { counted, ignored } = countsOf(last);
  return judgeFailure(owner, last).counts ? { counted: counted + 1, ignored } : { counted, ignored: ignored + 1 };
}

/** Whether this failed pod is the end of its index. */
export function endsIndex(owner: Job, failed: Pod): boolean {
  const { action, counts } = judgeFailure(owner, failed);
  if (action === 'FailIndex') return true;
  return counts && countsOf(failed).counted >= (owner.spec.backoffLimitPerIndex ?? 0);
}

/** Of each index that still needs a pod its last failed one, which keeps the count until it is replaced. */
export function lastFailures(
  owner: Job,
  pods: readonly Pod[],
  { succeeded, failed, nowMs }: { readonly succeeded: IndexSet; readonly failed: IndexSet; readonly nowMs: number },
): ReadonlyMap<number, Pod> {
  const busy = new Set(pods.filter(isActive).map((p) => indexOf(p, owner)));
  const last = new Map<number, Pod>();
  const total = (p: Pod): number => countsOf(p).counted + countsOf(p).ignored;
  for (const p of pods) {
    const index = indexOf(p, owner);
    if (index === undefined || !isTracked(p) || !hasFailed(p, owner)) continue;
    if (busy.has(index) || succeeded.has(index) || failed.has(index)) continue;
    const before = last.get(index);
    const isLater =
      !before ||
      total(before) < total(p) ||
      (total(before) === total(p) && finishedAt(before, nowMs) <= finishedAt(p, nowMs));
    if (isLater) last.set(index, p);
  }
  return last;
}

/** Milliseconds until the index of this failed pod may have another. */
export function remainingForIndex(last: Pod | undefined, nowMs: number): number {
  if (!last) return 0;
  const { counted, ignored } = countsOf(last);
  return remainingDelay(counted + ignored + 1, nowMs - Math.min(finishedAt(last, nowMs), nowMs));
}
