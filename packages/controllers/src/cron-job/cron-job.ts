import { cronJob, isTimeZone, job } from '@navarch/api';
import { exponential } from '@navarch/base';
import { byController, referenceTo } from '@navarch/client';
import { controllerOf, controllerReference, equalJson, hasReason, keyIn } from '@navarch/machinery';
import { type Context, type Controller, defineController, type Outcome, owned, self } from '../controller.ts';
import { isFinished, type Job } from '../job/job-pods.ts';
import { spread } from '../shared/measure.ts';
import { isNamespaceTerminating, messageOf } from '../shared/pods.ts';
import { timestamp } from '../shared/time.ts';
import { cleanUp, deleteJob } from './history.ts';
import { dueBetween } from './missed.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import { activeWithout, type CronJob, observe, SCHEDULED } from './status.ts';
import { timestampIn } from './zone.ts';

/** Later than the moment itself, in ms, so that a clock that is a little behind does not ask twice. */
const AFTER_MS = 100;

const SKEW = spread(
  'cronjob_controller_job_creation_skew_duration_seconds',
  '[STABLE] Time between when a cronjob is scheduled to be run, and when the corresponding job is created',
  exponential(1, 2, 10),
);

/** Makes a job at every moment of a schedule. Between them it costs one timer. */
export const cronJobController: Controller = defineController({
  name: 'cronjob-controller',
  queueName: 'cronjob',
  watches: [self(cronJob), owned<Job, CronJob>({ dependent: job, owner: cronJob, adopts: () => false })],
  async reconcile(key, context) {
    const found = context.cache.get(cronJob, key);
    if (!found) return undefined;
    const jobs = context.cache.find(job, byController, found.metadata.uid);
    // Before anything is started: what is over makes room, also where the start fails or nothing is to be started.
    const removed = await cleanUp(found, jobs, context);
    const kept = { ...found, status: activeWithout(found.status, removed) };
    const observed = await write(found, await observe(kept, jobs, context), context);
    return observed.metadata.deletionTimestamp ? undefined : schedule(observed, jobs, context);
  },
});

/** Conflict means that this was read before another's change: the key comes back with what is. */
async function write(owner: CronJob, status: CronJob['status'], { api }: Context): Promise<CronJob> {
  return equalJson(status, owner.status)
    ? owner
    : api.of(cronJob).replace({ ...owner, status }, { subresource: 'status' });
}

async function schedule(owner: CronJob, jobs: readonly Job[], context: Context): Promise<Outcome> {
  const { clock, events } = context;
  const { spec, status, metadata } = owner;
  const timetable = timetableOf(owner, context);
  if (!timetable) return undefined;
  const now = clock.now();
  const deadlineMs =
    spec.startingDeadlineSeconds === undefined ? Infinity : Number(spec.startingDeadlineSeconds) * 1000;
  const since = Date.parse(status.lastScheduleTime ?? metadata.creationTimestamp);
  const due = dueBetween(timetable, Math.max(since, now - deadlineMs), now);
  if (!due) {
    const message = `invalid schedule: ${spec.schedule} : time difference between two schedules is less than 1 second`;
    events.record(owner, { type: 'Warning', reason: 'InvalidSchedule', message });
    return undefined;
  }
  if (due.areManyMissed) {
    const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
    events.record(owner, { type: 'Warning', reason: 'TooManyMissedTimes', message });
  }
  if (due.at !== undefined) await startAt(owner, due.at, jobs, context);
  const next = timetable.next(due.at ?? since);
  const following = next !== undefined && next <= now ? timetable.next(now) : next;
  return following === undefined ? undefined : { requeueAfterMs: Math.max(1, following + AFTER_MS - clock.now()) };
}

function timetableOf(owner: CronJob, { events }: Context): Schedule | undefined {
  const { schedule: text, suspend, timeZone } = owner.spec;
  const warn = (reason: string, message: string): void => events.record(owner, { type: 'Warning', reason, message });
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    warn('UnknownTimeZone', `invalid timeZone: ${JSON.stringify(timeZone)}: unknown time zone ${timeZone}`);
    return undefined;
  }
  if (suspend) return undefined;
  if (text.includes('TZ'))
    warn(
      'UnsupportedSchedule',
      `CRON_TZ or TZ used in schedule ${JSON.stringify(text)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`,
    );
  try {
    return parseSchedule(text, timeZone);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    warn('UnparseableSchedule', `unparseable schedule: ${JSON.stringify(text)} : ${error.message}`);
    return undefined;
  }
}

async function startAt(owner: CronJob, at: number, jobs: readonly Job[], context: Context): Promise<void> {
  const { clock, events } = context;
  const { spec, status } = owner;
  const { startingDeadlineSeconds, concurrencyPolicy } = spec;
  if (startingDeadlineSeconds !== undefined && at + Number(startingDeadlineSeconds) * 1000 < clock.now()) {
    const message = `Missed scheduled time to start a job: ${new Date(at).toUTCString().replace('GMT', '+0000')}`;
    events.record(owner, { type: 'Warning', reason: 'MissSchedule', message });
    return;
  }
  const active = status.active ?? [];
  if (active.some(({ name }) => name === nameAt(owner, at)) || status.lastScheduleTime === timestamp(at)) return;
  if (concurrencyPolicy === 'Forbid' && active.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    events.record(owner, { type: 'Normal', reason: 'JobAlreadyActive', message });
    return;
  }
  if (concurrencyPolicy === 'Replace') {
    for (const running of jobs.filter(({ metadata }) => active.some(({ uid }) => uid === metadata.uid)))
      await deleteJob(owner, running, context);
  }
  const kept = concurrencyPolicy === 'Replace' ? activeWithout(status, new Set(active.map(({ uid }) => uid))) : status;
  const created = await create(owner, at, context);
  if (!created) return;
  const next = { ...kept, active: [...(kept.active ?? []), referenceTo(created)], lastScheduleTime: timestamp(at) };
  await write(owner, next, context);
}

const nameAt = ({ metadata }: CronJob, at: number): string => `${metadata.name}-${Math.floor(at / 60_000)}`;

/** The job of a moment has the moment in its name: there cannot be two. Undefined where it is not ours. */
async function create(owner: CronJob, at: number, { api, events, metrics }: Context): Promise<Job | undefined> {
  const { metadata, spec } = owner.spec.jobTemplate;
  const [name, { namespace }] = [nameAt(owner, at), owner.metadata];
  try {
    const created = await api.of(job).create({
      metadata: {
        name,
        namespace,
        ...(metadata?.labels ? { labels: metadata.labels } : {}),
        annotations: { ...metadata?.annotations, [SCHEDULED]: timestampIn(owner.spec.timeZone ?? 'UTC', at) },
        ownerReferences: [controllerReference(cronJob, owner)],
      },
      spec,
    });
    SKEW.observe(metrics, (Date.parse(created.metadata.creationTimestamp) - at) / 1000);
    events.record(owner, { type: 'Normal', reason: 'SuccessfulCreate', message: `Created job ${name}` });
    return created;
  } catch (error) {
    if (hasReason(error, 'AlreadyExists')) {
      const existing: Job = await api.of(job).get(keyIn(namespace, name));
      return controllerOf(existing)?.uid === owner.metadata.uid && !isFinished(existing) ? existing : undefined;
    }
    if (!isNamespaceTerminating(error))
      events.record(owner, {
        type: 'Warning',
        reason: 'FailedCreate',
        message: `Error creating job: ${messageOf(error)}`,
      });
    throw error;
  }
}
