import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isActive, job, type Pod, pod } from '@navarch/api';
import { jobController, trackingFinalizersController } from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { ControlPlane, type ControlPlaneOptions, quickPods } from '../testing/control-plane.ts';
import { endPod, endRunning } from '../testing/pod-outcomes.ts';

type Job = ObjectOf<typeof job>;
const TRACKING = 'batch.kubernetes.io/job-tracking';
const INDEX = 'batch.kubernetes.io/job-completion-index';

const work = (spec: Record<string, unknown>): Draft<Job> => ({
  metadata: { name: 'work', namespace: 'default' },
  spec: {
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } },
    ...spec,
  } as Draft<Job>['spec'],
});

async function start(options: Partial<ControlPlaneOptions> = {}): Promise<ControlPlane> {
  const controllers = [jobController(), trackingFinalizersController];
  const plane = await ControlPlane.start({ controllers, pods: quickPods, ...options });
  return plane.withServiceAccount();
}

const current = (plane: ControlPlane): Promise<Job> => plane.api.of(job).get('default/work');
const active = async (plane: ControlPlane): Promise<readonly Pod[]> => (await plane.list(pod)).filter(isActive);
const holds = ({ status }: Job): readonly string[] =>
  (status.conditions ?? []).filter((c) => c.status === 'True').map((c) => `${c.type}: ${c.reason}: ${c.message}`);
const change = (plane: ControlPlane, spec: Partial<Job['spec']>): Promise<Job> =>
  plane.api.of(job).update('default/work', (j) => ({ ...j, spec: { ...j.spec, ...spec } }));

async function create(
  spec: Record<string, unknown>,
  options: Partial<ControlPlaneOptions> = {},
): Promise<ControlPlane> {
  const plane = await start(options);
  await plane.api.of(job).create(work(spec));
  await plane.clock.advance(3000);
  return plane;
}

test('jobController runs as many pods side by side as it may, until as many succeeded as wanted', async () => {
  await using plane = await create({ completions: 5, parallelism: 2 });
  assert.deepEqual((await current(plane)).status, {
    active: 2,
    ready: 2,
    terminating: 0,
    startTime: '2026-01-01T00:00:00Z',
    uncountedTerminatedPods: {},
  });
  const [first] = await active(plane);
  assert.deepEqual(first?.metadata.finalizers, [TRACKING]);
  for (const left of [3, 1]) {
    await endRunning(plane);
    await plane.clock.advance(3000);
    assert.equal((await active(plane)).length, Math.min(2, left));
  }
  await endRunning(plane);
  await plane.clock.advance(3000);
  const { status } = await current(plane);
  assert.equal(status.succeeded, 5);
  assert.equal(status.active, undefined);
  assert.deepEqual(holds(await current(plane)), [
    'SuccessCriteriaMet: CompletionsReached: Reached expected number of succeeded pods',
    'Complete: CompletionsReached: Reached expected number of succeeded pods',
  ]);
  assert.equal(status.completionTime, status.conditions?.at(-1)?.lastTransitionTime);
  const pods = await plane.list(pod);
  assert.equal(pods.length, 5, 'pods stay, for their logs');
  assert.ok(pods.every((p) => p.metadata.finalizers === undefined));
  const events = await plane.events('Job');
  assert.deepEqual(
    [...events].sort(),
    ['Completed: Job completed', ...pods.map((p) => `SuccessfulCreate: Created pod: ${p.metadata.name}`)].sort(),
  );
});

test('jobController replaces failed pods later each time, and gives up beyond its limit', async () => {
  await using plane = await create({ backoffLimit: 2 });
  for (const waitMs of [10_000, 20_000]) {
    await endRunning(plane, () => 1);
    await plane.clock.advance(waitMs - 2000);
    assert.equal((await active(plane)).length, 0, 'too early');
    await plane.clock.advance(4000);
    assert.equal((await active(plane)).length, 1);
  }
  await endRunning(plane, () => 1);
  await plane.clock.advance(3000);
  const { status } = await current(plane);
  assert.equal(status.failed, 3);
  assert.deepEqual(holds(await current(plane)), [
    'FailureTarget: BackoffLimitExceeded: Job has reached the specified backoff limit',
    'Failed: BackoffLimitExceeded: Job has reached the specified backoff limit',
  ]);
  assert.equal((await plane.events('Job')).at(-1), 'BackoffLimitExceeded: Job has reached the specified backoff limit');
});

test('jobController stops what runs past the deadline, and says Failed when it has stopped', async () => {
  await using plane = await create(
    { activeDeadlineSeconds: 60, parallelism: 2 },
    { pods: { ...quickPods, stopMs: 5000 } },
  );
  await plane.clock.advance(58_000);
  assert.deepEqual(holds(await current(plane)), [
    'FailureTarget: DeadlineExceeded: Job was active longer than specified deadline',
  ]);
  assert.equal((await current(plane)).status.terminating, 2);
  await plane.clock.advance(10_000);
  const { status } = await current(plane);
  assert.deepEqual([status.failed, status.terminating, status.active], [2, 0, undefined]);
  assert.equal(status.conditions?.at(-1)?.type, 'Failed');
  assert.equal((await plane.list(pod)).length, 0);
});

test('jobController rests while suspended, and counts nothing of what it stopped for that', async () => {
  await using plane = await create({ completions: 3, parallelism: 3 });
  await change(plane, { suspend: true });
  await plane.clock.advance(5000);
  let { status } = await current(plane);
  assert.deepEqual([status.active, status.failed, (await plane.list(pod)).length], [undefined, undefined, 0]);
  assert.deepEqual(holds(await current(plane)), ['Suspended: JobSuspended: Job suspended']);
  await plane.clock.advance(60_000);
  await change(plane, { suspend: false });
  await plane.clock.advance(3000);
  status = (await current(plane)).status;
  assert.equal(status.active, 3);
  assert.equal(status.conditions?.find((c) => c.type === 'Suspended')?.reason, 'JobResumed');
  assert.ok((status.startTime ?? '') > '2026-01-01T00:01:00Z', 'the time counts from the resumption');
  const events = (await plane.events('Job')).filter((text) => !text.startsWith('Successful'));
  assert.deepEqual(events, ['Suspended: Job suspended', 'Resumed: Job resumed']);
});

test('jobController gives each pod of an indexed job its index, and writes completed indexes as ranges', async () => {
  await using plane = await create({ completions: 6, parallelism: 6, completionMode: 'Indexed' });
  const pods = await active(plane);
  assert.deepEqual(pods.map((p) => p.metadata.annotations?.[INDEX]).sort(), ['0', '1', '2', '3', '4', '5']);
  for (const p of pods) {
    const index = p.metadata.annotations?.[INDEX];
    assert.equal(p.metadata.labels?.[INDEX], index);
    assert.equal(p.spec.hostname, `work-${index}`);
    assert.match(p.metadata.name, new RegExp(`^work-${index}-.{5}$`));
    assert.equal(p.spec.containers[0]?.env?.[0]?.name, 'JOB_COMPLETION_INDEX');
    assert.equal(p.spec.containers[0]?.env?.[0]?.valueFrom?.fieldRef?.fieldPath, `metadata.labels['${INDEX}']`);
  }
  await endRunning(plane, (p) =>
    ['0', '2', '3', '4'].includes(p.metadata.annotations?.[INDEX] ?? '') ? 0 : undefined,
  );
  await plane.clock.advance(3000);
  assert.equal((await current(plane)).status.completedIndexes, '0,2-4');
  await endRunning(plane, (p) => (p.metadata.annotations?.[INDEX] === '1' ? 1 : undefined));
  await plane.clock.advance(13_000);
  assert.deepEqual(
    (await active(plane)).map((p) => p.metadata.annotations?.[INDEX]).sort(),
    ['1', '5'],
    'the failed index is made again',
  );
  await endRunning(plane);
  await plane.clock.advance(3000);
  const { status } = await current(plane);
  assert.deepEqual([status.completedIndexes, status.succeeded, status.failed], ['0-5', 6, 1]);
  assert.equal(status.conditions?.at(-1)?.type, 'Complete');
});

test('jobController limits failures per index, and goes on with the others', async () => {
  await using plane = await create({
    completions: 3,
    parallelism: 3,
    completionMode: 'Indexed',
    backoffLimitPerIndex: 1,
  });
  const bad = (p: Pod): number => (p.metadata.annotations?.[INDEX] === '1' ? 1 : 0);
  await endRunning(plane, bad);
  await plane.clock.advance(15_000);
  const [second] = await active(plane);
  assert.equal(second?.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count'], '1');
  await endRunning(plane, bad);
  await plane.clock.advance(5000);
  const { status } = await current(plane);
  assert.deepEqual([status.completedIndexes, status.failedIndexes, status.failed], ['0,2', '1', 2]);
  assert.deepEqual(holds(await current(plane)).at(-1), 'Failed: FailedIndexes: Job has failed indexes');
  assert.ok((await plane.list(pod)).every((p) => p.metadata.finalizers === undefined));
});

test('jobController stops at once when too many indexes failed', async () => {
  await using plane = await create({
    completions: 4,
    parallelism: 4,
    completionMode: 'Indexed',
    backoffLimitPerIndex: 0,
    maxFailedIndexes: 1,
  });
  await endRunning(plane, (p) => (Number(p.metadata.annotations?.[INDEX]) < 2 ? 1 : undefined));
  await plane.clock.advance(5000);
  const { status } = await current(plane);
  assert.deepEqual(
    holds(await current(plane)).at(-1),
    'Failed: MaxFailedIndexesExceeded: Job has exceeded the specified maximal number of failed indexes',
  );
  assert.deepEqual([status.failedIndexes, status.failed], ['0,1', 4]);
});

const policy = (...rules: readonly Record<string, unknown>[]): Record<string, unknown> => ({
  podFailurePolicy: { rules },
});

test('jobController fails the job at an exit code that its policy names', async () => {
  await using plane = await create({
    parallelism: 2,
    completions: 2,
    ...policy({ action: 'FailJob', onExitCodes: { containerName: 'c', operator: 'In', values: [42] } }),
  });
  const [bad] = await active(plane);
  await endPod(plane, bad as Pod, 42);
  await plane.clock.advance(5000);
  const message = `Container c for pod default/${bad?.metadata.name} failed with exit code 42 matching FailJob rule at index 0`;
  assert.deepEqual(holds(await current(plane)).at(-1), `Failed: PodFailurePolicy: ${message}`);
  assert.equal((await plane.list(pod)).filter(isActive).length, 0);
});

test('jobController does not count failures that its policy ignores', async () => {
  await using plane = await create({
    backoffLimit: 0,
    ...policy({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }),
  });
  const [target] = await active(plane);
  await plane.api.of(pod).update(
    `default/${target?.metadata.name}`,
    (p) => ({
      ...p,
      status: { ...p.status, phase: 'Failed', conditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    }),
    { subresource: 'status' },
  );
  await plane.clock.advance(15_000);
  assert.deepEqual([(await current(plane)).status.failed, (await active(plane)).length], [undefined, 1]);
});

test('jobController ends an indexed job when its success policy is met, and stops the rest', async () => {
  await using plane = await create({
    completions: 4,
    parallelism: 4,
    completionMode: 'Indexed',
    successPolicy: { rules: [{ succeededIndexes: '0-2', succeededCount: 2 }] },
  });
  await endRunning(plane, (p) => (['0', '2'].includes(p.metadata.annotations?.[INDEX] ?? '') ? 0 : undefined));
  await plane.clock.advance(5000);
  assert.deepEqual(holds(await current(plane)), [
    'SuccessCriteriaMet: SuccessPolicy: Matched rules at index 0',
    'Complete: SuccessPolicy: Matched rules at index 0',
  ]);
  assert.equal((await active(plane)).length, 0);
  assert.equal((await current(plane)).status.succeeded, 2);
});

test('jobController makes the next pod only when the last has ended, where it replaces failed pods only', async () => {
  await using plane = await create(
    { podReplacementPolicy: 'Failed', backoffLimit: 6 },
    { pods: { ...quickPods, stopMs: 60_000 } },
  );
  const [first] = await active(plane);
  await plane.api.of(pod).delete(`default/${first?.metadata.name}`);
  await plane.clock.advance(30_000);
  assert.equal((await plane.list(pod)).length, 1, 'it is not replaced while it goes');
  assert.equal((await current(plane)).status.terminating, 1);
  await endPod(plane, (await plane.list(pod))[0] as Pod, 1);
  await plane.clock.advance(15_000);
  assert.equal((await active(plane)).length, 1);
  assert.equal((await current(plane)).status.failed, 1);
});

test('jobController leaves alone what somebody else manages', async () => {
  await using plane = await create({ managedBy: 'example.com/other' });
  assert.deepEqual([(await plane.list(pod)).length, (await current(plane)).status], [0, {}]);
});

test('jobController adopts matching pods and counts them', async () => {
  await using plane = await start();
  const template = {
    metadata: { labels: { app: 'x' } },
    spec: { restartPolicy: 'Never' as const, containers: [{ name: 'c', image: 'busybox' }] },
  };
  await plane.api
    .of(pod)
    .create({ metadata: { name: 'stray', namespace: 'default', labels: { app: 'x' } }, spec: template.spec });
  await plane.api
    .of(job)
    .create(
      work({ completions: 2, parallelism: 1, manualSelector: true, selector: { matchLabels: { app: 'x' } }, template }),
    );
  await plane.clock.advance(3000);
  const stray = await plane.api.of(pod).get('default/stray');
  assert.deepEqual([stray.metadata.ownerReferences?.[0]?.name, stray.metadata.finalizers], ['work', [TRACKING]]);
  assert.equal((await active(plane)).length, 1);
  await endRunning(plane);
  await plane.clock.advance(3000);
  assert.equal((await current(plane)).status.succeeded, 1);
});

test('trackingFinalizersController lets the pods of a deleted job go', async () => {
  await using plane = await create({ completions: 2, parallelism: 2 });
  await plane.api.of(job).delete('default/work', { propagationPolicy: 'Background' });
  await plane.clock.advance(3000);
  assert.ok((await plane.list(pod)).every((p) => p.metadata.finalizers === undefined));
});

for (const seed of [1, 2, 3, 4, 5, 6]) {
  for (const completionMode of ['NonIndexed', 'Indexed']) {
    test(`jobController counts exactly on a slow cache with lost answers, ${completionMode}, seed ${seed}`, async () => {
      await using plane = await create(
        { completions: 9, parallelism: 4, completionMode, backoffLimit: 100 },
        {
          seed,
          faults: { latencyMs: 200, watchLagMs: 2000, loseAnswer: 0.15, refuse: 0.1, breakWatch: 0.05 },
        },
      );
      const ended = new Map<string, number>();
      for (let i = 0; i < 1500 && !holds(await current(plane)).some((text) => text.startsWith('Complete')); i++) {
        await endRunning(plane, (p) => {
          const code = ended.get(p.metadata.uid) ?? (ended.size % 4 === 0 ? 1 : 0);
          ended.set(p.metadata.uid, code);
          return code;
        });
        await plane.clock.advance(1000);
        assert.ok((await active(plane)).length <= 4, 'too many side by side');
      }
      await plane.clock.advance(60_000);
      const { status } = await current(plane);
      assert.equal(status.conditions?.at(-1)?.type, 'Complete');
      assert.equal(status.succeeded, [...ended.values()].filter((code) => code === 0).length);
      assert.equal(status.succeeded, 9);
      assert.equal(status.failed ?? 0, [...ended.values()].filter((code) => code !== 0).length);
      assert.ok((await plane.list(pod)).every((p) => p.metadata.finalizers === undefined));
    });
  }
}
