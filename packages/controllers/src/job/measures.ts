import { isTerminal, type Pod } from '@navarch/api';
import { exponential, type Metrics } from '@navarch/base';
import type { Change, Context } from '../controller.ts';
import { count, spread } from '../shared/measure.ts';
import { IndexSet } from './index-set.ts';
import { hasLimitPerIndex, isIndexed, isTracked, type Job } from './job-pods.ts';
import type { Verdict } from './verdict.ts';

const SYNCS = count('job_controller_job_syncs_total', '[STABLE] The number of job syncs');
const SYNC_SECONDS = spread(
  'job_controller_job_sync_duration_seconds',
  '[STABLE] The time it took to sync a job',
  exponential(0.004, 2, 15),
);
const JOBS = count('job_controller_jobs_finished_total', '[STABLE] The number of finished jobs');
const PODS = count(
  'job_controller_job_pods_finished_total',
  '[STABLE] The number of finished Pods that are fully tracked',
);
const INDEXES = count('job_controller_job_finished_indexes_total', '[ALPHA] The number of finished indexes');
const POLICY = count(
  'job_controller_pod_failures_handled_by_failure_policy_total',
  '[BETA] Failed Pods that a rule of the failure policy was for, by the action of the rule',
);
const CREATED = count(
  'job_controller_job_pods_creation_total',
  '[ALPHA] Pods that were to be created, by why and whether they were',
);
const TRACKED = count(
  'job_controller_terminated_pods_tracking_finalizer_total',
  '[BETA] Terminated pods that got the tracking finalizer or came to have ended with it (add), and that lost it (delete)',
);
const EXTERNAL = count(
  'job_controller_jobs_by_external_controller_total',
  '[ALPHA] The number of Jobs managed by an external controller',
);

/** What one look at a job came to. */
export type Action = 'reconciling' | 'tracking' | 'pods_created' | 'pods_deleted';

const modeOf = (owner: Job): string => (isIndexed(owner) ? 'Indexed' : 'NonIndexed');

export function countSync(owner: Job, action: Action, sinceMs: number, failed: boolean, context: Context): void {
  const { clock, metrics } = context;
  const labels = { completion_mode: modeOf(owner), result: failed ? 'error' : 'success', action };
  SYNCS.add(metrics, labels);
  SYNC_SECONDS.observe(metrics, (clock.monotonic() - sinceMs) / 1000, labels);
}

export function countEnd(owner: Job, { type, reason }: Verdict, { metrics }: Context): void {
  const result = type === 'SuccessCriteriaMet' ? 'succeeded' : 'failed';
  JOBS.add(metrics, { completion_mode: modeOf(owner), result, reason });
}

/** Pods and indexes that became numbers between two statuses. */
export function countFinished(owner: Job, before: Job['status'], after: Job['status'], { metrics }: Context): void {
  const mode = modeOf(owner);
  for (const result of ['succeeded', 'failed'] as const) {
    const more = (after[result] ?? 0) - (before[result] ?? 0);
    if (more > 0) PODS.add(metrics, { completion_mode: mode, result }, more);
  }
  if (!isIndexed(owner)) return;
  const limit = owner.spec.completions ?? 0;
  const backoffLimit = hasLimitPerIndex(owner) ? 'perIndex' : 'global';
  for (const [status, name] of [
    ['succeeded', 'completedIndexes'],
    ['failed', 'failedIndexes'],
  ] as const) {
    const more = IndexSet.parse(after[name], limit).size - IndexSet.parse(before[name], limit).size;
    if (more > 0) INDEXES.add(metrics, { status, backoffLimit }, more);
  }
}

export const countPolicy = (action: string, { metrics }: Context): void => POLICY.add(metrics, { action });

/** A pod is made anew, or for one that ended; where only ended ones are replaced, it is for a failed one. */
export function countCreation(owner: Job, status: 'succeeded' | 'failed', { metrics }: Context): void {
  const { podReplacementPolicy } = owner.spec;
  const isFirst = (owner.status.failed ?? 0) === 0 && (owner.status.terminating ?? 0) === 0;
  const again = podReplacementPolicy === 'Failed' ? 'recreate_failed' : 'recreate_terminating_or_failed';
  CREATED.add(metrics, { reason: isFirst ? 'new' : again, status });
}

const hasEndedTracked = (p: Pod | undefined): boolean => p !== undefined && isTerminal(p) && isTracked(p);

export function countTracked({ current, previous }: Change<Pod>, metrics: Metrics): void {
  const [is, was] = [hasEndedTracked(current), hasEndedTracked(previous)];
  if (is !== was) TRACKED.add(metrics, { event: is ? 'add' : 'delete' });
}

export function countExternal({ current, previous }: Change<Job>, metrics: Metrics): void {
  const manager = current?.spec.managedBy;
  if (current && !previous && manager !== undefined) EXTERNAL.add(metrics, { controller_name: manager });
}
