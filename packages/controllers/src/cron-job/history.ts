import { job } from '@navarch/api';
import { hasReason, keyOf } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { conditionOf, isFinished, type Job } from '../job/job-pods.ts';
import { messageOf } from '../shared/pods.ts';
import type { CronJob } from './status.ts';

/** Keeps as many finished jobs as the cron job says, of the good and the bad each, the youngest. Resolves with the uids of the others. */
export async function cleanUp(
  owner: CronJob,
  jobs: readonly Job[],
  context: Context,
): Promise<ReadonlySet<string | undefined>> {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = owner.spec;
  const finished = jobs.filter((one) => isFinished(one) && !one.metadata.deletionTimestamp);
  const succeeded = finished.filter(({ status }) => conditionOf(status, 'Complete'));
  const failed = finished.filter(({ status }) => !conditionOf(status, 'Complete'));
  const surplus = [...oldest(succeeded, successfulJobsHistoryLimit), ...oldest(failed, failedJobsHistoryLimit)];
  for (const one of surplus) await deleteJob(owner, one, context);
  return new Set(surplus.map(({ metadata }) => metadata.uid));
}

function oldest(jobs: readonly Job[], kept: number | undefined): readonly Job[] {
  if (kept === undefined || jobs.length <= kept) return [];
  const startOf = ({ metadata, status }: Job): string => status.startTime ?? metadata.creationTimestamp;
  const inOrder = (a: Job, b: Job): number =>
    startOf(a) === startOf(b) ? (a.metadata.name < b.metadata.name ? -1 : 1) : startOf(a) < startOf(b) ? -1 : 1;
  return jobs.toSorted(inOrder).slice(0, jobs.length - kept);
}

/**
 * Deletes a job and, in the background, its pods. One that is gone already is what was wanted; after a conflict it may
 * still run, and no other must be started in its place.
 */
export async function deleteJob(owner: CronJob, target: Job, { api, events }: Context): Promise<void> {
  const { name, uid } = target.metadata;
  try {
    await api.of(job).delete(keyOf(target), { propagationPolicy: 'Background', preconditions: { uid } });
    events.record(owner, { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted job ${name}` });
  } catch (error) {
    if (hasReason(error, 'NotFound')) return;
    events.record(owner, { type: 'Warning', reason: 'FailedDelete', message: `Deleted job: ${messageOf(error)}` });
    throw error;
  }
}
