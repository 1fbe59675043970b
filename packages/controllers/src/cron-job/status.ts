import { type cronJob, job } from '@navarch/api';
import { referenceTo } from '@navarch/client';
import { hasReason, keyIn, type ObjectOf } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { conditionOf, isFinished, type Job } from '../job/job-pods.ts';
import { timestamp } from '../shared/time.ts';

export type CronJob = ObjectOf<typeof cronJob>;
type Status = CronJob['status'];

/** When a job was to begin, on the job. */
export const SCHEDULED = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/** The status without the jobs of these uids among the active ones. */
export function activeWithout({ active = [], ...status }: Status, uids: ReadonlySet<string | undefined>): Status {
  const left = active.filter(({ uid }) => !uids.has(uid));
  return left.length > 0 ? { ...status, active: left } : status;
}

/**
 * The status after a look at the jobs: those that ended or are gone are not active any more. A job of ours that the
 * status does not know was made just before a crash or a lost answer: it is taken in, or it would run twice.
 */
export async function observe(owner: CronJob, jobs: readonly Job[], context: Context): Promise<Status> {
  const known = new Set((owner.status.active ?? []).map(({ uid }) => uid));
  const ended = new Set<string | undefined>();
  const found: Job[] = [];
  for (const one of jobs) {
    const { uid, name } = one.metadata;
    if (isFinished(one) && known.has(uid)) {
      ended.add(uid);
      const condition = conditionOf(one.status, 'Complete') ? 'Complete' : 'Failed';
      context.events.record(owner, {
        type: 'Normal',
        reason: 'SawCompletedJob',
        message: `Saw completed job: ${name}, condition: ${condition}`,
      });
    } else if (!isFinished(one) && !known.has(uid)) {
      if (startOf(owner, one) !== undefined) found.push(one);
      else
        context.events.record(owner, {
          type: 'Warning',
          reason: 'UnexpectedJob',
          message: `Saw a job that the controller did not create or forgot: ${name}`,
        });
    }
  }
  for (const uid of await missing(owner, jobs, context)) ended.add(uid);
  const status = activeWithout(owner.status, ended);
  const active = [...(status.active ?? []), ...found.map((one) => referenceTo(one))];
  return { ...status, ...(active.length > 0 ? { active } : {}), ...times(owner, jobs) };
}

/** When a job of this cron job was to begin, in ms since the epoch; undefined for a job that somebody else made. */
function startOf(owner: CronJob, { metadata }: Job): number | undefined {
  const start = Date.parse(metadata.annotations?.[SCHEDULED] ?? '');
  return metadata.name === `${owner.metadata.name}-${Math.floor(start / 60_000)}` ? start : undefined;
}

function times(owner: CronJob, jobs: readonly Job[]): Status {
  const latest = (before: string | undefined, all: readonly (number | undefined)[]): number =>
    Math.max(
      ...([before === undefined ? undefined : Date.parse(before), ...all].filter(
        (ms) => ms !== undefined && !Number.isNaN(ms),
      ) as number[]),
    );
  const { lastScheduleTime, lastSuccessfulTime } = owner.status;
  const scheduled = latest(
    lastScheduleTime,
    jobs.map((one) => startOf(owner, one)),
  );
  const successes = jobs.filter(
    (one) => conditionOf(one.status, 'Complete') && one.status.completionTime !== undefined,
  );
  const successful = latest(
    lastSuccessfulTime,
    successes.map(({ status }) => Date.parse(status.completionTime ?? '')),
  );
  return {
    ...(Number.isFinite(scheduled) ? { lastScheduleTime: timestamp(scheduled) } : {}),
    ...(Number.isFinite(successful) ? { lastSuccessfulTime: timestamp(successful) } : {}),
  };
}

/** Uids of active jobs that are gone. The server is asked: the cache may not know a job yet. */
async function missing(
  owner: CronJob,
  jobs: readonly Job[],
  { api, events }: Context,
): Promise<readonly (string | undefined)[]> {
  const held = new Set<string | undefined>(jobs.map(({ metadata }) => metadata.uid));
  const gone: (string | undefined)[] = [];
  for (const { uid, name = '' } of owner.status.active ?? []) {
    if (held.has(uid)) continue;
    try {
      await api.of(job).get(keyIn(owner.metadata.namespace, name));
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
      gone.push(uid);
      events.record(owner, { type: 'Normal', reason: 'MissingJob', message: `Active job went missing: ${name}` });
    }
  }
  return gone;
}
