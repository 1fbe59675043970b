import assert from 'node:assert/strict';
import { job, node, pod, type Pod, type PodSpec } from '@navarch/api';
import { controllerOf, type Draft, formatTime, hasReason, type ObjectOf } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { isGone, shell } from '../../pods.ts';
import { getJson } from '../../requests.ts';
import { until } from '../../until.ts';
import { watching } from '../../watches.ts';
import { keyOf, pathOf, POD_START_MS, podsOf, untilObject } from './workloads.ts';

type Job = ObjectOf<typeof job>;

const JOB_MS = 900_000;
const INDEX = 'batch.kubernetes.io/job-completion-index';

/** What a job's pods do. `/data` is empty in each pod, or a folder of the node that all of them share. */
const SCRIPTS = {
  notTerminate: 'exec sleep 1000000',
  fail: 'exit 1',
  succeed: 'exit 0',
  failOnce: 'if [ -r /data/foo ]; then exit 0; else touch /data/foo; exit 1; fi',
  failOddSucceedEven: 'exit $(( JOB_COMPLETION_INDEX % 2 ))',
  /** Index 0 leaves a mark and runs until it is evicted; the others fail until the mark is there. */
  notTerminateOnce: `if [ "\${JOB_COMPLETION_INDEX}" -eq 0 ]; then
    if [ -r /data/foo ]; then exit 0; else touch /data/foo; exec sleep 1000000; fi
  else [ -r /data/foo ]; fi`,
  /** Index 0 succeeds, the others do not end. */
  succeedFirst: '[ "${JOB_COMPLETION_INDEX}" -eq 0 ] || exec sleep 1000000',
} as const;

interface Order {
  readonly name: string;
  readonly behaviour: keyof typeof SCRIPTS;
  readonly parallelism?: number;
  readonly completions?: number;
  readonly restartPolicy?: 'Never' | 'OnFailure';
  readonly spec?: Draft<Job['spec']>;
  readonly labels?: Readonly<Record<string, string>>;
  /** All pods run on this node and share a folder of it. */
  readonly nodeName?: string;
}

function create(
  { api, namespace, unique }: TestContext,
  { name, behaviour, parallelism = 2, completions = 4, restartPolicy = 'Never', spec, labels, nodeName }: Order,
): Promise<Job> {
  const volume =
    nodeName === undefined
      ? { emptyDir: {} }
      : { hostPath: { path: `/tmp/${name}-${unique}`, type: 'DirectoryOrCreate' as const } };
  const podSpec: Draft<PodSpec> = {
    terminationGracePeriodSeconds: 1,
    restartPolicy,
    volumes: [{ name: 'data', ...volume }],
    containers: [{ ...shell(SCRIPTS[behaviour]), volumeMounts: [{ mountPath: '/data', name: 'data' }] }],
    ...(nodeName === undefined ? {} : { nodeName }),
  };
  return api.of(job).create({
    metadata: { name, namespace, ...(labels ? { labels } : {}) },
    spec: {
      parallelism,
      completions,
      backoffLimit: 6,
      manualSelector: false,
      template: { metadata: { labels: { job: name } }, spec: podSpec },
      ...spec,
    },
  });
}

const jobPods = (context: TestContext, name: string): Promise<readonly Pod[]> => podsOf(context, { job: name });

const untilPodsRunning = (context: TestContext, name: string, count: number): Promise<void> =>
  until(
    context,
    `${count} running pods of ${name}`,
    JOB_MS,
    async () => (await jobPods(context, name)).filter(({ status }) => status.phase === 'Running').length === count,
  );

const untilCondition = (context: TestContext, name: string, type: string, reason: string): Promise<Job> =>
  untilObject(context, job, name, {
    what: `being ${type} for ${reason}`,
    timeoutMs: JOB_MS,
    isSo: ({ status }) =>
      (status.conditions ?? []).some((c) => c.type === type && c.status === 'True' && c.reason === reason),
  });

async function untilComplete(
  context: TestContext,
  name: string,
  completions: number,
  reason = 'CompletionsReached',
): Promise<Job> {
  const { status } = await untilCondition(context, name, 'Complete', reason);
  assert.equal(status.succeeded, completions);
  return context.api.of(job).get(keyOf(context, name));
}

/** The reason is first that of a job which is about to fail, then that of one which has. */
async function untilFailed(context: TestContext, name: string, reason: string): Promise<Job> {
  await untilCondition(context, name, 'FailureTarget', reason);
  return untilCondition(context, name, 'Failed', reason);
}

const indexed = { completionMode: 'Indexed' } as const;
const perIndex = (backoffLimitPerIndex: number): Draft<Job['spec']> => ({
  ...indexed,
  backoffLimit: undefined,
  backoffLimitPerIndex,
});
const onExitCode = (action: 'FailJob' | 'Ignore' | 'FailIndex', code: number) =>
  ({ action, onExitCodes: { operator: 'In', values: [code] } }) as const;

const anyNode = async ({ api }: TestContext): Promise<string> =>
  (await api.of(node).list()).items.find(({ spec }) => !spec.unschedulable && !spec.taints?.length)?.metadata.name ??
  '';

/** An indexed job whose success is decided by its policy before all of its indexes have ended. */
const policyTest = (
  what: string,
  order: Omit<Order, 'spec'>,
  rules: NonNullable<Job['spec']['successPolicy']>['rules'],
  ends: { readonly reason: string; readonly indexes: string; readonly count: number },
) =>
  conformanceTest(`[sig-apps] Job with successPolicy ${what}`, async (context) => {
    await create(context, { ...order, spec: { ...indexed, successPolicy: { rules } } });
    await untilCondition(context, order.name, 'SuccessCriteriaMet', ends.reason);
    const { status } = await untilComplete(context, order.name, ends.count, ends.reason);
    assert.equal(status.completedIndexes, ends.indexes);
    assert.deepEqual(
      [status.active ?? 0, status.ready ?? 0, status.terminating ?? 0, status.failedIndexes],
      [0, 0, 0, undefined],
    );
  });

export const jobTests = [
  conformanceTest(
    '[sig-apps] Job should run a job to completion when tasks sometimes fail and are locally restarted',
    async (context) => {
      await create(context, { name: 'fail-once-local', behaviour: 'failOnce', restartPolicy: 'OnFailure' });
      await untilComplete(context, 'fail-once-local', 4);
    },
    JOB_MS,
  ),

  conformanceTest('[sig-apps] Job should delete a job', async (context) => {
    const { api } = context;
    await create(context, { name: 'foo', behaviour: 'notTerminate' });
    await untilPodsRunning(context, 'foo', 2);
    await api.of(job).delete(keyOf(context, 'foo'), { propagationPolicy: 'Background' });
    await until(context, 'the end of its pods', POD_START_MS, async () => (await jobPods(context, 'foo')).length === 0);
    await assert.rejects(api.of(job).get(keyOf(context, 'foo')), (error) => hasReason(error, 'NotFound'));
  }),

  conformanceTest('[sig-apps] Job should adopt matching orphans and release non-matching pods', async (context) => {
    const { api } = context;
    const {
      metadata: { uid },
    } = await create(context, { name: 'adopt-release', behaviour: 'notTerminate' });
    await untilPodsRunning(context, 'adopt-release', 2);
    const pods = await jobPods(context, 'adopt-release');
    assert.equal(pods.length, 2);
    const name = pods[0]?.metadata.name ?? '';
    await api.of(pod).update(keyOf(context, name), ({ metadata: { ownerReferences: _, ...metadata }, ...held }) => ({
      ...held,
      metadata,
    }));
    await untilObject(context, pod, name, {
      what: 'being adopted again',
      timeoutMs: JOB_MS,
      isSo: (p) => controllerOf(p)?.uid === uid,
    });
    await api
      .of(pod)
      .update(keyOf(context, name), ({ metadata: { labels: _, ...metadata }, ...held }) => ({ ...held, metadata }));
    await untilObject(context, pod, name, {
      what: 'being released',
      timeoutMs: JOB_MS,
      isSo: (p) => controllerOf(p) === undefined,
    });
  }),

  conformanceTest(
    '[sig-apps] Job should create pods for an Indexed job with completion indexes and specified hostname',
    async (context) => {
      await create(context, { name: 'indexed-job', behaviour: 'succeed', spec: indexed });
      await untilComplete(context, 'indexed-job', 4);
      const ended = (await jobPods(context, 'indexed-job')).filter(({ status }) => status.phase === 'Succeeded');
      const indexes = ended.map(({ metadata }) => Number(metadata.annotations?.[INDEX]));
      assert.deepEqual(
        ended.map(({ spec }) => spec.hostname),
        indexes.map((i) => `indexed-job-${i}`),
      );
      assert.deepEqual([...new Set(indexes)].sort(), [0, 1, 2, 3]);
    },
  ),

  conformanceTest(
    '[sig-apps] Job should execute all indexes despite some failing when using backoffLimitPerIndex',
    async (context) => {
      await create(context, {
        name: 'with-backoff-limit-per-index',
        behaviour: 'failOddSucceedEven',
        spec: perIndex(1),
      });
      const { status } = await untilFailed(context, 'with-backoff-limit-per-index', 'FailedIndexes');
      assert.deepEqual(
        [status.failedIndexes, status.completedIndexes, status.failed, status.succeeded],
        ['1,3', '0,2', 4, 2],
      );
    },
  ),

  conformanceTest(
    '[sig-apps] Job should terminate job execution when the number of failed indexes exceeds maxFailedIndexes',
    async (context) => {
      await create(context, {
        name: 'with-max-failed-indexes',
        behaviour: 'fail',
        parallelism: 1,
        spec: { ...perIndex(0), maxFailedIndexes: 0 },
      });
      const { status } = await untilFailed(context, 'with-max-failed-indexes', 'MaxFailedIndexesExceeded');
      assert.deepEqual([status.failedIndexes, status.failed], ['0', 1]);
    },
  ),

  conformanceTest(
    '[sig-apps] Job should mark indexes as failed when the FailIndex action is matched in podFailurePolicy',
    async (context) => {
      const spec = { ...perIndex(1), podFailurePolicy: { rules: [onExitCode('FailIndex', 1)] } };
      await create(context, {
        name: 'matching-fail-index-action',
        behaviour: 'failOddSucceedEven',
        completions: 2,
        spec,
      });
      const { status } = await untilFailed(context, 'matching-fail-index-action', 'FailedIndexes');
      assert.deepEqual(
        [status.failedIndexes, status.completedIndexes, status.failed, status.succeeded],
        ['1', '0', 1, 1],
      );
    },
  ),

  conformanceTest(
    '[sig-apps] Job should allow to use the pod failure policy on exit code to fail the job early',
    async (context) => {
      const spec = { podFailurePolicy: { rules: [onExitCode('FailJob', 1)] } };
      await create(context, {
        name: 'pod-failure-failjob',
        behaviour: 'failOnce',
        nodeName: await anyNode(context),
        spec,
      });
      await untilFailed(context, 'pod-failure-failjob', 'PodFailurePolicy');
    },
  ),

  conformanceTest(
    '[sig-apps] Job should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition',
    evicted,
  ),

  policyTest(
    'should succeeded when all indexes succeeded',
    { name: 'with-success-policy-all-index', behaviour: 'succeed', parallelism: 2, completions: 5 },
    [{ succeededIndexes: '0-4' }],
    { reason: 'SuccessPolicy', indexes: '0-4', count: 5 },
  ),
  policyTest(
    'succeededIndexes rule should succeeded even when some indexes remain pending',
    { name: 'with-success-policy-succeeded-indexes', behaviour: 'succeedFirst', parallelism: 2, completions: 5 },
    [{ succeededIndexes: '0' }],
    { reason: 'SuccessPolicy', indexes: '0', count: 1 },
  ),
  policyTest(
    'succeededCount rule should succeeded even when some indexes remain pending',
    { name: 'with-success-policy-succeeded-count', behaviour: 'succeedFirst', parallelism: 2, completions: 5 },
    [{ succeededCount: 1 }],
    { reason: 'SuccessPolicy', indexes: '0', count: 1 },
  ),

  conformanceTest('[sig-apps] Job should apply changes to a job status', async (context) => {
    const { api, clock } = context;
    const name = 'suspend-false-to-true';
    const {
      metadata: { uid },
    } = await create(context, { name, behaviour: 'notTerminate' });
    await untilPodsRunning(context, name, 2);
    const now = (): string => formatTime(clock.now());
    const heldAt = ({ status }: Job): string | undefined =>
      status.conditions?.find(({ type }) => type === 'CustomConditionType')?.lastTransitionTime;
    const first = now();
    const body = {
      metadata: { annotations: { patchedstatus: 'true' } },
      status: { conditions: [{ type: 'CustomConditionType', status: 'True', lastTransitionTime: first }] },
    };
    const patched = await api.of(job).patch(keyOf(context, name), { type: 'merge', body }, { subresource: 'status' });
    assert.deepEqual([heldAt(patched), patched.metadata.annotations?.['patchedstatus']], [first, 'true']);
    const second = now();
    const updated = await api.of(job).update(
      keyOf(context, name),
      (held) => {
        assert.ok(heldAt(held), 'the condition is gone');
        const conditions = held.status.conditions?.map((c) =>
          c.type === 'CustomConditionType' ? { ...c, lastTransitionTime: second, message: 'again' } : c,
        );
        return { ...held, status: { ...held.status, ...(conditions ? { conditions } : {}) } };
      },
      { subresource: 'status' },
    );
    assert.equal(heldAt(updated), second);
    assert.equal((await getJson<Job>(context, pathOf(context, job, name, 'status'))).metadata.uid, uid);
  }),

  conformanceTest('[sig-apps] Job should manage the lifecycle of a job', lifecycle),
];

async function evicted(context: TestContext): Promise<void> {
  const name = 'evicted-pod-ignore-on-disruption-condition';
  const rules = [
    onExitCode('Ignore', 1),
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  ] as const;
  // No failure may count: with a limit of none, the first that did would end the job.
  await create(context, {
    name,
    behaviour: 'notTerminateOnce',
    nodeName: await anyNode(context),
    spec: { ...indexed, backoffLimit: 0, podFailurePolicy: { rules: [...rules] } },
  });
  await until(
    context,
    'the end of all pods but that of index 0',
    JOB_MS,
    async () => (await jobPods(context, name)).filter(({ status }) => status.phase === 'Succeeded').length === 3,
  );
  await untilPodsRunning(context, name, 1);
  const running = (await jobPods(context, name)).filter(({ status }) => status.phase === 'Running');
  assert.equal(running.length, 1);
  const victim = running[0]?.metadata.name ?? '';
  await context.api.of(pod).post(keyOf(context, victim), 'eviction', {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: victim, namespace: context.namespace },
  });
  await until(context, `the end of ${victim}`, POD_START_MS, () => isGone(context, victim));
  await untilCondition(context, name, 'SuccessCriteriaMet', 'CompletionsReached');
  await untilComplete(context, name, 4);
}

async function lifecycle(context: TestContext): Promise<void> {
  const { api, namespace, unique } = context;
  const name = `e2e-${unique}`;
  const labelSelector = `e2e-job-label=${name}`;
  const { resourceVersion } = await api.of(job).list({ namespace, labelSelector });
  const events = watching(context, job, { namespace, labelSelector, after: resourceVersion });
  await create(context, { name, behaviour: 'succeed', labels: { 'e2e-job-label': name }, spec: { suspend: true } });
  const patched = await api
    .of(job)
    .patch(keyOf(context, name), { type: 'strategic', body: { metadata: { labels: { [name]: 'patched' } } } });
  assert.equal(patched.metadata.labels?.[name], 'patched');
  await events.next(
    'the patched label',
    POD_START_MS,
    ({ type, object }) => type === 'MODIFIED' && object.metadata.labels?.[name] === 'patched',
  );
  const updated = await api.of(job).update(keyOf(context, name), (held) => ({
    ...held,
    metadata: { ...held.metadata, annotations: { ...held.metadata.annotations, updated: 'true' } },
    spec: { ...held.spec, suspend: false },
  }));
  assert.equal(updated.metadata.annotations?.['updated'], 'true');
  await events.next(
    'the new annotation',
    POD_START_MS,
    ({ type, object }) => type === 'MODIFIED' && object.metadata.annotations?.['updated'] === 'true',
  );
  assert.equal((await api.of(job).list({ labelSelector })).items.length, 1);
  await untilComplete(context, name, 4);
  await api.of(job).deleteCollection({ namespace, labelSelector, propagationPolicy: 'Background' });
  await events.next(
    'the deletion',
    POD_START_MS,
    ({ type, object }) => type === 'DELETED' && object.metadata.labels?.['e2e-job-label'] === name,
  );
  assert.deepEqual((await api.of(job).list({ labelSelector })).items, []);
}
