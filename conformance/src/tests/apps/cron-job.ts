import assert from 'node:assert/strict';
import { cronJob, job } from '@navarch/api';
import { type Draft, formatTime, hasReason, type ObjectOf } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { shell } from '../../pods.ts';
import { getJson } from '../../requests.ts';
import { until } from '../../until.ts';
import { watching } from '../../watches.ts';
import { keyOf, pathOf, POLL_MS } from './workloads.ts';

type CronJob = ObjectOf<typeof cronJob>;
type Job = ObjectOf<typeof job>;

const CRON_MS = 300_000;
/** The suspended one is watched for all of that time. */
const TEST_MS = 420_000;

const create = (
  { api, namespace }: TestContext,
  name: string,
  concurrencyPolicy: 'Allow' | 'Forbid' | 'Replace',
  more: Draft<CronJob['spec']> = {},
  labels: Readonly<Record<string, string>> = {},
  script = 'exec sleep 300',
): Promise<CronJob> =>
  api.of(cronJob).create({
    metadata: { name, namespace, labels },
    spec: {
      schedule: '*/1 * * * ?',
      concurrencyPolicy,
      jobTemplate: {
        spec: {
          parallelism: 1,
          completions: 1,
          template: {
            spec: {
              terminationGracePeriodSeconds: 0,
              restartPolicy: 'OnFailure',
              volumes: [{ name: 'data', emptyDir: {} }],
              containers: [{ ...shell(script), volumeMounts: [{ mountPath: '/data', name: 'data' }] }],
            },
          },
        },
      },
      ...more,
    },
  });

const get = (context: TestContext, name: string): Promise<CronJob> => context.api.of(cronJob).get(keyOf(context, name));
const activeOf = async (context: TestContext, name: string): Promise<number> =>
  ((await get(context, name)).status.active ?? []).length;
const untilActive = (context: TestContext, name: string, count: number): Promise<void> =>
  until(context, `${count} active jobs of ${name}`, CRON_MS, async () => (await activeOf(context, name)) >= count);

const isOver = ({ status }: Job): boolean =>
  (status.conditions ?? []).some(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
const activeJobs = async ({ api, namespace }: TestContext): Promise<readonly Job[]> =>
  (await api.of(job).list({ namespace })).items.filter((j) => !isOver(j));

/** One job has been started, and its cron job and the list of jobs both say so. */
async function untilOne(context: TestContext, name: string): Promise<Job> {
  await untilActive(context, name, 1);
  assert.equal(await activeOf(context, name), 1);
  const [only, ...others] = await activeJobs(context);
  assert.ok(only);
  assert.deepEqual(others, []);
  return only;
}

const remove = (context: TestContext, name: string): Promise<void> =>
  context.api.of(cronJob).delete(keyOf(context, name), { propagationPolicy: 'Background' });

export const cronJobTests = [
  conformanceTest(
    '[sig-apps] CronJob should schedule multiple jobs concurrently',
    async (context) => {
      await create(context, 'concurrent', 'Allow');
      await untilActive(context, 'concurrent', 2);
      assert.ok((await activeJobs(context)).length >= 2);
      await remove(context, 'concurrent');
    },
    TEST_MS,
  ),

  conformanceTest(
    '[sig-apps] CronJob should not schedule jobs when suspended',
    async (context) => {
      await create(context, 'suspended', 'Allow', { suspend: true });
      const end = context.clock.monotonic() + CRON_MS;
      while (context.clock.monotonic() < end) {
        assert.equal(await activeOf(context, 'suspended'), 0);
        await context.clock.sleep(2000, context.signal);
      }
      assert.deepEqual((await context.api.of(job).list({ namespace: context.namespace })).items, []);
      await remove(context, 'suspended');
    },
    TEST_MS,
  ),

  conformanceTest(
    '[sig-apps] CronJob should not schedule new jobs when ForbidConcurrent',
    async (context) => {
      await create(context, 'forbid', 'Forbid');
      await untilOne(context, 'forbid');
      assert.ok((await activeOf(context, 'forbid')) < 2);
      await remove(context, 'forbid');
    },
    TEST_MS,
  ),

  conformanceTest(
    '[sig-apps] CronJob should replace jobs when ReplaceConcurrent',
    async (context) => {
      const { api, namespace } = context;
      await create(context, 'replace', 'Replace');
      const {
        metadata: { name: first },
      } = await untilOne(context, 'replace');
      await until(context, 'another job in its place', CRON_MS, async () => {
        const { items } = await api.of(job).list({ namespace });
        // Between the two there may be none, or the old one on its way out; never two that live.
        const living = items.filter(({ metadata }) => !metadata.deletionTimestamp);
        assert.ok(living.length <= 1, `more than one job: ${living.map(({ metadata }) => metadata.name).join(', ')}`);
        return items.length === 1 && items[0]?.metadata.name !== first;
      });
      await remove(context, 'replace');
    },
    TEST_MS,
  ),

  conformanceTest('[sig-apps] CronJob should support CronJob API operations', operations),
];

async function operations(context: TestContext): Promise<void> {
  const { api, namespace, unique, clock } = context;
  const crons = api.of(cronJob);
  const labelSelector = `special-label=${unique}`;
  const name = 'test-api';
  const key = keyOf(context, name);
  const make = (): Promise<CronJob> =>
    create(
      context,
      name,
      'Allow',
      { schedule: '* */1 * * ?', successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 },
      { 'special-label': unique },
      'exit 0',
    );
  const created = await make();
  assert.equal((await crons.get(key)).metadata.uid, created.metadata.uid);
  const { items, resourceVersion: after } = await crons.list({ namespace, labelSelector });
  assert.equal(items.length, 1);
  const events = watching(context, cronJob, { namespace, labelSelector, after });
  assert.equal((await crons.list({ labelSelector })).items.length, 1);
  const clusterEvents = watching(context, cronJob, { labelSelector, after });

  const patched = await crons.patch(key, { type: 'merge', body: { metadata: { annotations: { patched: 'true' } } } });
  assert.equal(patched.metadata.annotations?.['patched'], 'true');
  const updated = await crons.update(key, (held) => ({
    ...held,
    metadata: { ...held.metadata, annotations: { ...held.metadata.annotations, updated: 'true' } },
  }));
  assert.equal(updated.metadata.annotations?.['updated'], 'true');
  for (const seen of [events, clusterEvents]) {
    await seen.next('the annotations', POLL_MS, ({ type, object }) => {
      assert.equal(type, 'MODIFIED');
      return object.metadata.annotations?.['patched'] === 'true';
    });
  }

  const isAt = ({ status }: CronJob, moment: string): void =>
    assert.equal(Date.parse(status.lastScheduleTime ?? ''), Date.parse(moment));
  const first = formatTime(clock.now());
  const told = await crons.patch(
    key,
    {
      type: 'merge',
      body: { metadata: { annotations: { patchedstatus: 'true' } }, status: { lastScheduleTime: first } },
    },
    { subresource: 'status' },
  );
  isAt(told, first);
  assert.equal(told.metadata.annotations?.['patchedstatus'], 'true');
  const second = formatTime(clock.now() + 1000);
  isAt(
    await crons.update(key, (held) => ({ ...held, status: { ...held.status, lastScheduleTime: second } }), {
      subresource: 'status',
    }),
    second,
  );
  assert.equal(
    (await getJson<CronJob>(context, pathOf(context, cronJob, name, 'status'))).metadata.uid,
    created.metadata.uid,
  );

  await crons.delete(key);
  try {
    // With its jobs it may take a moment; what is still there must be on its way out.
    assert.ok((await crons.get(key)).metadata.deletionTimestamp);
  } catch (error) {
    assert.ok(hasReason(error, 'NotFound'), String(error));
  }
  await until(
    context,
    'the end of the first',
    POLL_MS,
    async () => (await crons.list({ namespace, labelSelector })).items.length === 0,
  );
  await make();
  await crons.deleteCollection({ namespace, labelSelector });
  await until(context, 'the end of all', POLL_MS, async () =>
    (await crons.list({ namespace, labelSelector })).items.every(({ metadata }) => metadata.deletionTimestamp),
  );
}
