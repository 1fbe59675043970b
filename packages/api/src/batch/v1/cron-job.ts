import { type Field, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { isTimeZone, scheduleError } from '../../checks/cron.ts';
import { notNegative, oneOf } from '../../checks/values.ts';
import { age, columnsOf, containerImages, containerNames, selectorText } from '../../columns.ts';
import { nameWarnings } from '../../core/v1/pod-warnings.ts';
import type { CronJob, CronJobSpec } from '../../generated/types/batch-v1.ts';
import { completeJobSpec, jobWarnings } from './job.ts';
import { validateJobSpec } from './job-validation.ts';

/** Jobs get the name and eleven characters for the time. */
const NAME_MAX = 52;
const ZONE = 'TZ';
/** What the parts of a time zone's name are made of (IANA, theory of time zones). */
const ZONE_PART = /^(?!-)[A-Za-z.\-_0-9+]{1,14}$/;
const ZONE_WARNING =
  'CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details';

export const cronJob: Kind<CronJob> = builtIn<CronJob>('batch/v1.CronJob', {
  columns: columnsOf('batch/CronJob', {
    Schedule: (c) => c.spec.schedule,
    Timezone: (c) => c.spec.timeZone ?? '<none>',
    Suspend: (c) => (c.spec.suspend === undefined ? '<unset>' : c.spec.suspend ? 'True' : 'False'),
    Active: (c) => c.status.active?.length ?? 0,
    'Last Schedule': (c, now) => (c.status.lastScheduleTime ? age(c.status.lastScheduleTime, now) : '<none>'),
    Containers: (c) => containerNames(c.spec.jobTemplate.spec.template),
    Images: (c) => containerImages(c.spec.jobTemplate.spec.template),
    Selector: (c) => selectorText(c.spec.jobTemplate.spec.selector),
  }),
  behaviour: {
    complete({ spec }) {
      spec.concurrencyPolicy ??= 'Allow';
      spec.suspend ??= false;
      spec.successfulJobsHistoryLimit ??= 3;
      spec.failedJobsHistoryLimit ??= 1;
      completeJobSpec(spec.jobTemplate.spec);
    },
    prepareCreate(c) {
      c.status = {};
    },
    desired: (c) => [c.spec],
    validateCreate(c, at) {
      validateSpec(c.spec, undefined, at.at('spec'));
      if ((c.metadata.name ?? '').length > NAME_MAX)
        at.at('metadata', 'name').invalid(c.metadata.name, `must be no more than ${NAME_MAX} characters`);
    },
    validateUpdate: (next, previous, at) => validateSpec(next.spec, previous.spec, at.at('spec')),
    warnings({ metadata, spec }, previous) {
      const names = previous ? [] : nameWarnings(metadata.name, 'Pod names and hostnames');
      const isNew = !previous || previous.metadata.generation !== metadata.generation;
      return [
        ...names,
        ...(isNew ? jobWarnings(spec.jobTemplate.spec, 'spec.jobTemplate.spec') : []),
        ...(spec.schedule.includes(ZONE) ? [ZONE_WARNING] : []),
      ];
    },
  },
});

function validateSpec(spec: CronJobSpec, previous: CronJobSpec | undefined, at: Field): void {
  validateSchedule(spec, previous, at.at('schedule'));
  notNegative(spec.startingDeadlineSeconds, at.at('startingDeadlineSeconds'));
  if (spec.timeZone !== undefined && spec.timeZone !== previous?.timeZone)
    validateZone(spec.timeZone, at.at('timeZone'));
  oneOf(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], at.at('concurrencyPolicy'));
  validateJobSpec(spec.jobTemplate.spec, at.at('jobTemplate', 'spec'));
  const { selector } = spec.jobTemplate.spec;
  if (selector) at.at('jobTemplate', 'spec', 'selector').invalid(selector, '`selector` will be auto-generated');
  if (spec.jobTemplate.spec.manualSelector)
    at.at('jobTemplate', 'spec', 'manualSelector').notSupported(true, ['nil', 'false']);
  notNegative(spec.successfulJobsHistoryLimit, at.at('successfulJobsHistoryLimit'));
  notNegative(spec.failedJobsHistoryLimit, at.at('failedJobsHistoryLimit'));
}

function validateSchedule({ schedule, timeZone }: CronJobSpec, previous: CronJobSpec | undefined, at: Field): void {
  if (!schedule) return at.required();
  const error = scheduleError(schedule);
  if (error) at.invalid(schedule, error);
  if (!schedule.includes(ZONE)) return;
  // Those that were let in once may stay.
  if (!previous?.schedule.includes(ZONE))
    at.invalid(schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
  else if (timeZone !== undefined) at.invalid(schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule');
}

function validateZone(zone: string, at: Field): void {
  if (zone === '') at.invalid(zone, 'timeZone must be nil or non-empty string');
  else if (!zone.split('/').every((part) => ZONE_PART.test(part) && part !== '.' && part !== '..'))
    at.invalid(zone, `unknown time zone ${zone}`);
  else if (zone.toLowerCase() === 'local')
    at.invalid(zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones');
  else if (!isTimeZone(zone)) at.invalid(zone, `unknown time zone ${zone}`);
}
