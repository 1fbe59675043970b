import assert from 'node:assert/strict';
import { cronJob, job, pod } from '@navarch/api';
import {
  cronJobController,
  garbageCollectorController,
  jobController,
  trackingFinalizersController,
} from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { conditionOf, named, podTemplate } from '../drafts.ts';
import { defineProperty, invariantOf, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';

type CronJob = ObjectOf<typeof cronJob>;
type Job = ObjectOf<typeof job>;
const KEY = 'default/tick';
const SCHEDULED = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

const tick = (spec: object = {}): Draft<CronJob> => ({
  metadata: named('tick'),
  spec: {
    schedule: '* * * * *',
    jobTemplate: { spec: { template: podTemplate('tick', 'v1', { restartPolicy: 'Never' }) } },
    ...spec,
  } as unknown as Draft<CronJob>['spec'],
});

const isFinished = (one: Job): boolean =>
  ['Complete', 'Failed'].some((type) => conditionOf(one, type)?.status === 'True');
const runsOf = (view: View): readonly string[] =>
  view.list(job).map((one) => one.metadata.annotations?.[SCHEDULED] ?? 'by hand');

/** Also when the job of the moment is deleted or has ended meanwhile. */
const noMomentTwice: Property = defineProperty({
  name: 'no moment runs twice',
  of: [job],
  begin() {
    const uids = new Map<string, string>();
    return (view) => {
      for (const { metadata } of view.list(job)) {
        const at = metadata.annotations?.[SCHEDULED];
        if (at === undefined) continue;
        if ((uids.get(at) ?? metadata.uid) !== metadata.uid) return `${at} did`;
        uids.set(at, metadata.uid);
      }
      return undefined;
    };
  },
});

const neverTwoAtOnce: Property = invariantOf('never two jobs at once', [job], (view) => {
  const running = view.list(job).filter((one) => !isFinished(one) && !one.metadata.deletionTimestamp);
  return running.length > 1 ? running.map((one) => one.metadata.name).join(', ') : undefined;
});

type Ticking = Partial<Scenario> &
  Pick<Scenario, 'name' | 'says' | 'end'> & {
    readonly spec?: object;
    /** How long it is watched. */
    readonly lasts: string;
    /** What all clocks show at the beginning. */
    readonly from?: number;
  };

const ticking = ({ spec, lasts, from, always = [], ...more }: Ticking): Scenario =>
  defineScenario({
    controllers: () => [cronJobController, jobController(), trackingFinalizersController],
    pods: { ends: () => ({ afterMs: 1000, exitCode: 0 }) },
    async act(world) {
      if (from !== undefined) world.setClock(from);
      await world.create(cronJob, tick(spec));
      await world.pass(lasts);
    },
    ...more,
    always: [noMomentTwice, ...always],
  });

const MARCH = Date.UTC(2026, 2, 28, 22, 0);
const OCTOBER = Date.UTC(2026, 9, 24, 22, 0);

export const cronJobScenarios: readonly Scenario[] = [
  ticking({
    name: 'cron-job/every-minute',
    says: 'A job a minute, named after it; the last three that went well stay.',
    lasts: '6m',
    spares: ['clock jumps'],
    end(view) {
      assert.ok(view.list(job).filter(isFinished).length <= 3);
      assert.ok(view.list(job).length >= 3);
      for (const { metadata } of view.list(job))
        assert.equal(metadata.name, `tick-${Date.parse(metadata.annotations?.[SCHEDULED] ?? '') / 60_000}`);
      const { status } = view.get(cronJob, KEY) as CronJob;
      assert.ok(status.lastSuccessfulTime !== undefined && status.lastScheduleTime !== undefined);
    },
  }),
  ticking({
    name: 'cron-job/forbid',
    says: 'With Forbid none starts while another runs; when it has ended, the last that was missed does.',
    spec: { concurrencyPolicy: 'Forbid' },
    pods: { ends: () => ({ afterMs: 90_000, exitCode: 0 }) },
    lasts: '8m',
    always: [neverTwoAtOnce],
    end: (view) => assert.ok(view.list(job).length >= 2),
  }),
  ticking({
    name: 'cron-job/replace',
    says: 'With Replace the one that runs gives way to the next.',
    spec: { concurrencyPolicy: 'Replace' },
    controllers: () => [
      cronJobController,
      jobController(),
      trackingFinalizersController,
      garbageCollectorController([job, pod]),
    ],
    pods: {},
    lasts: '5m',
    always: [neverTwoAtOnce],
    end(view) {
      assert.equal(view.list(job).length, 1);
      assert.deepEqual(
        view.get(cronJob, KEY)?.status.active?.map(({ name }) => name),
        view.list(job).map(({ metadata }) => metadata.name),
      );
    },
  }),
  ticking({
    name: 'cron-job/allow',
    says: 'With Allow they run side by side, and the status names all of them.',
    pods: {},
    lasts: '4m',
    end(view) {
      assert.ok(view.list(job).length >= 2);
      assert.deepEqual(
        view
          .get(cronJob, KEY)
          ?.status.active?.map(({ name }) => name)
          .toSorted(),
        view.list(job).map(({ metadata }) => metadata.name),
      );
    },
  }),
  ticking({
    name: 'cron-job/suspend',
    says: 'While suspended nothing starts; resumed, the last moment that was missed runs, once.',
    lasts: '1m',
    spares: ['clock jumps'],
    async act(world) {
      await world.create(cronJob, tick({ suspend: true }));
      await world.pass('10m');
      assert.equal(world.view.list(job).length, 0);
      await world.change(cronJob, KEY, (c) => ({ ...c, spec: { ...c.spec, suspend: false, schedule: '*/5 * * * *' } }));
    },
    end: (view) => assert.deepEqual(runsOf(view), ['2026-01-01T00:10:00Z']),
  }),
  ticking({
    name: 'cron-job/starting-deadline',
    says: 'What could not start within startingDeadlineSeconds is missed.',
    lasts: '1m',
    spares: ['clock jumps'],
    async act(world) {
      await world.create(cronJob, tick({ suspend: true, schedule: '0 * * * *', startingDeadlineSeconds: 60 }));
      await world.pass('70m');
      await world.change(cronJob, KEY, (c) => ({ ...c, spec: { ...c.spec, suspend: false } }));
      await world.pass('5m');
    },
    end: (view) => assert.equal(view.list(job).length, 0),
  }),
  ticking({
    name: 'cron-job/too-many-missed',
    says: 'Of more than a hundred moments that went by while it was suspended the last one runs, and somebody is told.',
    lasts: '1m',
    spares: ['clock jumps'],
    async act(world) {
      await world.create(cronJob, tick({ suspend: true }));
      await world.pass('110m');
      await world.change(cronJob, KEY, (c) => ({ ...c, spec: { ...c.spec, suspend: false } }));
      const resumedMs = world.clock.now();
      await world.until('one runs', (view) => view.list(job).length > 0);
      const [at = ''] = runsOf(world.view);
      assert.ok(Date.parse(at) > resumedMs - 60_000, `${at} is not the last`);
      await world.change(cronJob, KEY, (c) => ({ ...c, spec: { ...c.spec, suspend: true } }));
    },
    end(view) {
      assert.match(view.events('CronJob').join('\n'), /^TooManyMissedTimes: too many missed start times/m);
      assert.ok(view.list(job).length <= 3);
    },
  }),
  ticking({
    name: 'cron-job/history-limits',
    says: 'Of jobs that failed as many stay as failedJobsHistoryLimit says.',
    spec: {
      failedJobsHistoryLimit: 2,
      successfulJobsHistoryLimit: 0,
      jobTemplate: { spec: { backoffLimit: 0, template: podTemplate('tick', 'v1', { restartPolicy: 'Never' }) } },
    },
    pods: { ends: () => ({ afterMs: 500, exitCode: 1 }) },
    lasts: '5m',
    end(view) {
      const over = view.list(job).filter(isFinished);
      assert.ok(over.length <= 2 && over.length >= 1, `${over.length} stay`);
    },
  }),
  ticking({
    name: 'cron-job/time-zone',
    says: 'A schedule is of the clocks of its time zone.',
    spec: { schedule: '30 9 * * *', timeZone: 'Asia/Tokyo' },
    from: Date.UTC(2026, 5, 1, 0, 0),
    lasts: '40m',
    spares: ['clock jumps'],
    end: (view) => assert.deepEqual(runsOf(view), ['2026-06-01T09:30:00+09:00']),
  }),
  ticking({
    name: 'cron-job/spring',
    says: 'A moment that the clocks leave out when summer begins does not run that day.',
    spec: { schedule: '30 2 * * *', timeZone: 'Europe/Zurich' },
    from: MARCH,
    lasts: '8h',
    spares: ['clock jumps'],
    end: (view) => assert.deepEqual(runsOf(view), []),
  }),
  ticking({
    name: 'cron-job/autumn',
    says: 'In an hour that the clocks show twice when summer ends a daily moment comes twice, as upstream counts.',
    spec: { schedule: '30 2 * * *', timeZone: 'Europe/Zurich' },
    from: OCTOBER,
    lasts: '8h',
    spares: ['clock jumps'],
    end: (view) => assert.deepEqual(runsOf(view), ['2026-10-25T02:30:00+02:00', '2026-10-25T02:30:00+01:00']),
  }),
  ticking({
    name: 'cron-job/every',
    says: '@every counts from when the cron job was made.',
    spec: { schedule: '@every 90s' },
    lasts: '4m',
    spares: ['clock jumps'],
    end: (view) => assert.ok(view.list(job).length >= 2),
  }),
  ticking({
    name: 'cron-job/deleted',
    says: 'A deleted cron job takes its jobs and their pods along.',
    controllers: () => [
      cronJobController,
      jobController(),
      trackingFinalizersController,
      garbageCollectorController([cronJob, job, pod]),
    ],
    pods: {},
    lasts: '1m',
    async act(world) {
      await world.create(cronJob, tick());
      await world.until('a job runs', (view) => view.list(pod).length > 0, '5m');
      await world.remove(cronJob, KEY, { propagationPolicy: 'Background' });
    },
    end: (view) =>
      assert.deepEqual([view.list(cronJob).length, view.list(job).length, view.list(pod).length], [0, 0, 0]),
  }),
];
