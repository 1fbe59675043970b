import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronJob, job, pod } from '@navarch/api';
import { cronJobController, jobController, trackingFinalizersController } from '@navarch/controllers';
import { controllerReference, type Draft, type ObjectOf } from '@navarch/machinery';
import { ControlPlane, type ControlPlaneOptions, quickPods } from '../testing/control-plane.ts';
import { endRunning } from '../testing/pod-outcomes.ts';

type CronJob = ObjectOf<typeof cronJob>;
const MINUTE_MS = 60_000;
const FIRST_MINUTE = Date.UTC(2026, 0, 1) / MINUTE_MS;
const SCHEDULED = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

const every = (spec: Partial<CronJob['spec']>): Draft<CronJob> => ({
  metadata: { name: 'tick', namespace: 'default' },
  spec: {
    schedule: '* * * * *',
    jobTemplate: {
      metadata: { labels: { made: 'by-tick' }, annotations: { note: 'kept' } },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } } },
    },
    ...spec,
  } as Draft<CronJob>['spec'],
});

async function create(
  spec: Partial<CronJob['spec']>,
  options: Partial<ControlPlaneOptions> = {},
): Promise<ControlPlane> {
  const controllers = [cronJobController, jobController(), trackingFinalizersController];
  const plane = await ControlPlane.start({ controllers, pods: quickPods, ...options });
  await plane.withServiceAccount();
  await plane.api.of(cronJob).create(every(spec));
  return plane;
}

const current = (plane: ControlPlane): Promise<CronJob> => plane.api.of(cronJob).get('default/tick');
const names = async (plane: ControlPlane): Promise<readonly string[]> =>
  (await plane.list(job)).map((j) => j.metadata.name).sort();
const minute = (n: number): string => `tick-${FIRST_MINUTE + n}`;
const change = (plane: ControlPlane, spec: Partial<CronJob['spec']>): Promise<CronJob> =>
  plane.api.of(cronJob).update('default/tick', (c) => ({ ...c, spec: { ...c.spec, ...spec } }));

/** Time goes on, and everything that runs ends well within a second. */
async function live(plane: ControlPlane, seconds: number, exitCode = 0): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    await plane.clock.advance(1000);
    await endRunning(plane, () => exitCode);
  }
}

test('cronJobController makes a job every minute, named after it, and tells of its end', async () => {
  await using plane = await create({});
  await plane.clock.advance(MINUTE_MS + 2000);
  const [made] = await plane.list(job);
  assert.equal(made?.metadata.name, minute(1));
  assert.deepEqual(made?.metadata.annotations, { note: 'kept', [SCHEDULED]: '2026-01-01T00:01:00Z' });
  assert.equal(made?.metadata.labels?.['made'], 'by-tick');
  assert.deepEqual(
    [made?.metadata.ownerReferences?.[0]?.name, made?.metadata.ownerReferences?.[0]?.controller],
    ['tick', true],
  );
  const { active, lastScheduleTime } = (await current(plane)).status;
  assert.deepEqual(
    [active?.map(({ name, uid }) => [name, uid]), lastScheduleTime],
    [[[minute(1), made?.metadata.uid]], '2026-01-01T00:01:00Z'],
  );
  await live(plane, 5);
  const { status } = await current(plane);
  assert.deepEqual(
    [status.active, status.lastSuccessfulTime],
    [undefined, (await plane.list(job))[0]?.status.completionTime],
  );
  assert.deepEqual(await plane.events('CronJob'), [
    `SuccessfulCreate: Created job ${minute(1)}`,
    `SawCompletedJob: Saw completed job: ${minute(1)}, condition: Complete`,
  ]);
});

test('cronJobController keeps the youngest finished jobs, of good and bad ones each', async () => {
  await using plane = await create({
    successfulJobsHistoryLimit: 2,
    jobTemplate: { spec: { ...every({}).spec?.jobTemplate?.spec, backoffLimit: 0 } } as CronJob['spec']['jobTemplate'],
  });
  await live(plane, 60 * 4 + 10);
  assert.deepEqual(await names(plane), [minute(3), minute(4)]);
  await live(plane, 60 * 2, 1);
  assert.deepEqual(await names(plane), [minute(3), minute(4), minute(6)]);
  assert.ok((await plane.events('CronJob')).includes(`SuccessfulDelete: Deleted job ${minute(1)}`));
});

test('cronJobController removes what it is not to keep before it looks at what has ended', async () => {
  await using plane = await create({ successfulJobsHistoryLimit: 0 });
  await live(plane, 70);
  assert.deepEqual(await names(plane), []);
  const { active, lastSuccessfulTime } = (await current(plane)).status;
  assert.deepEqual([active, lastSuccessfulTime !== undefined], [undefined, true]);
  assert.deepEqual(await plane.events('CronJob'), [
    `SuccessfulCreate: Created job ${minute(1)}`,
    `SuccessfulDelete: Deleted job ${minute(1)}`,
  ]);
});

test('cronJobController starts nothing while one runs and policy is Forbid, and catches up when it has ended', async () => {
  await using plane = await create({ concurrencyPolicy: 'Forbid' });
  await plane.clock.advance(3 * MINUTE_MS + 30_000);
  assert.deepEqual(await names(plane), [minute(1)]);
  const text = 'JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid';
  assert.ok((await plane.events('CronJob')).includes(text));
  await live(plane, 3);
  assert.deepEqual(await names(plane), [minute(1), minute(3)]);
});

test('cronJobController puts a new job in the place of the old where policy is Replace', async () => {
  await using plane = await create({ concurrencyPolicy: 'Replace' });
  await plane.clock.advance(2 * MINUTE_MS + 30_000);
  assert.deepEqual(await names(plane), [minute(2)]);
  assert.deepEqual(
    (await current(plane)).status.active?.map(({ name }) => name),
    [minute(2)],
  );
});

test('cronJobController rests while suspended, and then makes the last job missed', async () => {
  await using plane = await create({ suspend: true });
  await plane.clock.advance(10 * MINUTE_MS);
  assert.deepEqual(await names(plane), []);
  await change(plane, { suspend: false });
  await plane.clock.advance(2000);
  assert.deepEqual(await names(plane), [minute(10)]);
});

test('cronJobController makes nothing that is later than its deadline, and warns of many misses', async () => {
  await using plane = await create({ suspend: true, schedule: '0 * * * *', startingDeadlineSeconds: 60 });
  await plane.clock.advance(90 * MINUTE_MS);
  await change(plane, { suspend: false });
  await plane.clock.advance(2000);
  assert.deepEqual(await names(plane), []);
  await change(plane, { suspend: true });
  await plane.api.of(cronJob).update('default/tick', (c) => {
    const { startingDeadlineSeconds: _, ...spec } = c.spec;
    return { ...c, spec: { ...spec, schedule: '* * * * *' } };
  });
  await plane.clock.advance(30 * MINUTE_MS);
  await change(plane, { suspend: false });
  await plane.clock.advance(2000);
  assert.equal((await names(plane)).length, 1);
  const warning =
    'TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
  assert.ok((await plane.events('CronJob')).includes(warning));
});

test('cronJobController goes by the clocks of its time zone', async () => {
  await using plane = await create({ schedule: '30 2 * * *', timeZone: 'Europe/Zurich' });
  await plane.clock.advance(89 * MINUTE_MS);
  assert.deepEqual(await names(plane), []);
  await plane.clock.advance(2 * MINUTE_MS);
  assert.equal((await plane.list(job))[0]?.metadata.annotations?.[SCHEDULED], '2026-01-01T02:30:00+01:00');
});

test('cronJobController tells of jobs that a person made from it, and of those that went missing', async () => {
  await using plane = await create({ schedule: '0 0 1 1 *' });
  const owner = await current(plane);
  const { template } = owner.spec.jobTemplate.spec;
  await plane.api.of(job).create({
    metadata: { name: 'by-hand', namespace: 'default', ownerReferences: [controllerReference(cronJob, owner)] },
    spec: { template },
  });
  await plane.clock.advance(2000);
  assert.ok(
    (await plane.events('CronJob')).includes(
      'UnexpectedJob: Saw a job that the controller did not create or forgot: by-hand',
    ),
  );
  assert.equal((await current(plane)).status.active, undefined);
  await change(plane, { schedule: '* * * * *' });
  await plane.clock.advance(MINUTE_MS);
  const [running] = (await current(plane)).status.active ?? [];
  await plane.api.of(job).delete(`default/${running?.name}`);
  await plane.clock.advance(2000);
  assert.ok((await plane.events('CronJob')).includes(`MissingJob: Active job went missing: ${running?.name}`));
});

for (const seed of [1, 2, 3, 4]) {
  test(`cronJobController runs no minute twice and no two at once on a slow cache with lost answers, seed ${seed}`, async () => {
    await using plane = await create(
      { concurrencyPolicy: 'Forbid', successfulJobsHistoryLimit: 0 },
      {
        seed,
        faults: { latencyMs: 200, watchLagMs: 3000, loseAnswer: 0.2, refuse: 0.1, breakWatch: 0.05 },
      },
    );
    const seen = new Map<string, string>();
    for (let i = 0; i < 600; i++) {
      await live(plane, 1);
      const jobs = await plane.list(job);
      for (const { metadata } of jobs) {
        assert.equal(seen.get(metadata.name) ?? metadata.uid, metadata.uid, `${metadata.name} was run twice`);
        seen.set(metadata.name, metadata.uid);
      }
      assert.ok(jobs.filter(({ status }) => status.completionTime === undefined).length <= 1, 'two at once');
    }
    assert.ok(seen.size >= 8, `${seen.size} minutes of ten`);
    assert.ok((await plane.list(pod)).length <= seen.size + 1);
  });
}

test('cronJobController costs nothing between its minutes', async () => {
  await using plane = await create({ schedule: '0 0 * * *' });
  for (let i = 0; i < 1000; i++)
    await plane.api
      .of(cronJob)
      .create({ ...every({ schedule: '0 0 * * *' }), metadata: { name: `daily-${i}`, namespace: 'default' } });
  await plane.clock.advance(MINUTE_MS);
  const before = (await plane.api.of(cronJob).list()).resourceVersion;
  await plane.clock.advance(12 * 60 * MINUTE_MS);
  assert.equal((await plane.api.of(cronJob).list()).resourceVersion, before, 'nothing is written');
});
