import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isActive, job, type Pod, pod } from '@navarch/api';
import { jobController, trackingFinalizersController } from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { ControlPlane, quickPods } from '../testing/control-plane.ts';
import { endPod, endRunning } from '../testing/pod-outcomes.ts';

type Job = ObjectOf<typeof job>;
const INDEX = 'batch.kubernetes.io/job-completion-index';
const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } };

async function create(spec: Record<string, unknown>): Promise<ControlPlane> {
  const plane = await ControlPlane.start({
    controllers: [jobController(), trackingFinalizersController],
    pods: quickPods,
  });
  await plane.withServiceAccount();
  await plane.api.of(job).create({
    metadata: { name: 'work', namespace: 'default' },
    spec: { template, ...spec } as Draft<Job>['spec'],
  });
  await plane.clock.advance(3000);
  return plane;
}

const current = (plane: ControlPlane): Promise<Job> => plane.api.of(job).get('default/work');
const active = async (plane: ControlPlane): Promise<readonly Pod[]> => (await plane.list(pod)).filter(isActive);
const last = ({ status }: Job): string => {
  const condition = status.conditions?.at(-1);
  return `${condition?.type}: ${condition?.reason}`;
};

test('jobController lets the pods of a work queue run out after the first success', async () => {
  await using plane = await create({ parallelism: 3 });
  const [first] = await active(plane);
  await endPod(plane, first as Pod);
  await plane.clock.advance(20_000);
  assert.equal((await active(plane)).length, 2, 'none is made in the place of one that succeeded');
  assert.equal((await current(plane)).status.conditions, undefined);
  await endRunning(plane);
  await plane.clock.advance(3000);
  assert.deepEqual(
    [last(await current(plane)), (await current(plane)).status.succeeded],
    ['Complete: CompletionsReached', 3],
  );
});

test('jobController counts no pod that it took away because parallelism became less', async () => {
  await using plane = await create({ completions: 6, parallelism: 4 });
  await plane.api.of(job).update('default/work', (j) => ({ ...j, spec: { ...j.spec, parallelism: 1 } }));
  await plane.clock.advance(5000);
  const { status } = await current(plane);
  assert.deepEqual([status.active, status.failed, (await plane.list(pod)).length], [1, undefined, 1]);
});

test('jobController counts restarts where pods restart by themselves', async () => {
  await using plane = await create({
    backoffLimit: 2,
    template: { spec: { ...template.spec, restartPolicy: 'OnFailure' } },
  });
  const restarted = async (restartCount: number): Promise<void> => {
    const [p] = await active(plane);
    const container = {
      name: 'c',
      image: 'busybox',
      imageID: '',
      ready: false,
      restartCount,
      state: {},
      lastState: {},
    };
    await plane.api
      .of(pod)
      .update(
        `default/${p?.metadata.name}`,
        (one) => ({ ...one, status: { ...one.status, containerStatuses: [container] } }),
        { subresource: 'status' },
      );
    await plane.clock.advance(5000);
  };
  await restarted(1);
  assert.equal((await current(plane)).status.active, 1);
  await restarted(2);
  assert.equal(last(await current(plane)), 'Failed: BackoffLimitExceeded');
});

test('jobController gives up an index that its policy gives up, and no other', async () => {
  const rules = [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } }];
  await using plane = await create({
    completions: 2,
    parallelism: 2,
    completionMode: 'Indexed',
    backoffLimitPerIndex: 5,
    podFailurePolicy: { rules },
  });
  await endRunning(plane, (p) => (p.metadata.annotations?.[INDEX] === '0' ? 42 : 1));
  await plane.clock.advance(15_000);
  assert.equal((await current(plane)).status.failedIndexes, '0');
  assert.deepEqual(
    (await active(plane)).map((p) => p.metadata.annotations?.[INDEX]),
    ['1'],
  );
  await endRunning(plane);
  await plane.clock.advance(5000);
  assert.equal(last(await current(plane)), 'Failed: FailedIndexes');
});

test('jobController makes the pod of a deleted one anew after a while, and counts it as failed', async () => {
  await using plane = await create({});
  const [first] = await active(plane);
  await plane.api.of(pod).delete(`default/${first?.metadata.name}`);
  await plane.clock.advance(8000);
  assert.deepEqual([(await plane.list(pod)).length, (await current(plane)).status.failed], [0, 1]);
  await plane.clock.advance(5000);
  assert.equal((await active(plane)).length, 1);
});
