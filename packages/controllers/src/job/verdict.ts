import type { Pod } from '@navarch/api';
import { timestamp } from '../shared/time.ts';
import { judgeFailure } from './failure-policy.ts';
import { IndexSet } from './index-set.ts';
import { conditionOf, hasFailed, hasLimitPerIndex, isIndexed, isSuspended, type Job } from './job-pods.ts';

export type JobCondition = NonNullable<Job['status']['conditions']>[number];

/** That a job is to end, and how: what is said before its pods are let go. */
export interface Verdict {
  readonly type: 'SuccessCriteriaMet' | 'FailureTarget';
  readonly reason: string;
  readonly message: string;
}

/** What is counted of a job's pods, in this pass and before. */
export interface Tally {
  readonly succeeded: number;
  readonly failed: number;
  readonly succeededIndexes: IndexSet;
  /** Undefined where failures are not limited per index. */
  readonly failedIndexes: IndexSet | undefined;
}

const failure = (reason: string, message: string): Verdict => ({ type: 'FailureTarget', reason, message });
export const completionsReached: Verdict = {
  type: 'SuccessCriteriaMet',
  reason: 'CompletionsReached',
  message: 'Reached expected number of succeeded pods',
};

export const conditionFrom = (type: string, { reason, message }: Verdict, nowMs: number): JobCondition => {
  const now = timestamp(nowMs);
  return { type, status: 'True', lastProbeTime: now, lastTransitionTime: now, reason, message };
};

/** Whether the job ends now other than by its completions; what was once said of it stays. */
export function judge(owner: Job, pods: readonly Pod[], tally: Tally, nowMs: number): Verdict | undefined {
  return (
    said(owner) ??
    policyFailure(owner, pods) ??
    limitFailure(owner, pods, tally, nowMs) ??
    indexFailure(owner, tally) ??
    success(owner, tally)
  );
}

function said({ status }: Job): Verdict | undefined {
  for (const type of ['SuccessCriteriaMet', 'FailureTarget'] as const) {
    const condition = conditionOf(status, type);
    if (condition) return { type, reason: condition.reason ?? '', message: condition.message ?? '' };
  }
  return undefined;
}

function policyFailure(owner: Job, pods: readonly Pod[]): Verdict | undefined {
  if (!owner.spec.podFailurePolicy) return undefined;
  for (const p of pods) {
    const why = hasFailed(p, owner) ? judgeFailure(owner, p).failsJob : undefined;
    if (why) return failure('PodFailurePolicy', why);
  }
  return undefined;
}

function limitFailure(owner: Job, pods: readonly Pod[], { failed }: Tally, nowMs: number): Verdict | undefined {
  if (failed > (owner.spec.backoffLimit ?? 6) || restartsTooOften(owner, pods))
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  const remaining = remainingDeadline(owner, nowMs);
  return remaining !== undefined && remaining <= 0
    ? failure('DeadlineExceeded', 'Job was active longer than specified deadline')
    : undefined;
}

/** Pods that start their containers again by themselves do not fail: their restarts count instead. */
function restartsTooOften({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec.template.spec.restartPolicy !== 'OnFailure') return false;
  const restarts = pods
    .filter(({ status }) => status.phase === 'Running' || status.phase === 'Pending')
    .flatMap(({ status }) => [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  const limit = spec.backoffLimit ?? 6;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** Milliseconds that the job may still be active; undefined where there is no end to it. */
export function remainingDeadline(owner: Job, nowMs: number): number | undefined {
  const { activeDeadlineSeconds } = owner.spec;
  const { startTime } = owner.status;
  if (activeDeadlineSeconds === undefined || !startTime || isSuspended(owner)) return undefined;
  return Date.parse(startTime) + Number(activeDeadlineSeconds) * 1000 - nowMs;
}

function indexFailure(owner: Job, { failedIndexes, succeededIndexes }: Tally): Verdict | undefined {
  if (!hasLimitPerIndex(owner) || !failedIndexes) return undefined;
  const { maxFailedIndexes, completions = 0 } = owner.spec;
  if (maxFailedIndexes !== undefined && failedIndexes.size > maxFailedIndexes)
    return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
  if (failedIndexes.size > 0 && failedIndexes.size + succeededIndexes.size >= completions)
    return failure('FailedIndexes', 'Job has failed indexes');
  return undefined;
}

/** The job's success policy (KEP-3998). */
function success(owner: Job, { succeededIndexes }: Tally): Verdict | undefined {
  if (!isIndexed(owner)) return undefined;
  const { completions = 0, successPolicy } = owner.spec;
  for (const [index, rule] of (successPolicy?.rules ?? []).entries()) {
    const required =
      rule.succeededIndexes === undefined ? undefined : IndexSet.parse(rule.succeededIndexes, completions);
    const reached = required ? required.overlap(succeededIndexes) : succeededIndexes.size;
    const wanted = rule.succeededCount ?? required?.size;
    if (wanted !== undefined && reached >= wanted)
      return { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message: `Matched rules at index ${index}` };
  }
  return undefined;
}
