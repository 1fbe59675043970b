import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ContainerStatus, pod } from '@navarch/api';
import { job, server } from '@navarch/kubelet';
import { KubeletWorld } from '../testing/kubelet-world.ts';

// What the kubelet tells the API server, and what it does when that does not listen.

const first = async (world: KubeletWorld): Promise<ContainerStatus | undefined> =>
  (await world.pod('web'))?.status.containerStatuses?.[0];
const remove = (world: KubeletWorld): Promise<void> => world.api.of(pod).delete('default/web');

async function withPod(work: (world: KubeletWorld) => Promise<void>): Promise<void> {
  await using world = await KubeletWorld.start();
  await world.run('web');
  await world.advance(3000);
  await work(world);
}

test('kubelet: containers are restarted while the API server is away', async () => {
  let isAway = false;
  await using world = await KubeletWorld.start({
    program: ({ attempt }) => (attempt === 0 ? job(5000, 1) : server),
    isApiAway: () => isAway,
  });
  await world.run('web');
  await world.advance(3000);
  isAway = true;
  await world.advance(10_000);
  assert.deepEqual(
    world.machine.runtime.running().map((x) => x.attempt),
    [1],
  );
  isAway = false;
  await world.advance(5000);
  assert.equal((await first(world))?.restartCount, 1);
});

test('kubelet: a sandbox is told of with the container that is started in it, unless that takes long', async () => {
  const told = async (pullMs: number, afterMs: number): Promise<readonly (string | undefined)[]> => {
    await using world = await KubeletWorld.start({ pull: () => ({ tookMs: pullMs }) });
    const statuses = new Set<string>();
    await world.run('web');
    for (let at = 0; at < afterMs; at += 10) {
      await world.advance(10);
      const { phase, podIP, conditions } = (await world.pod('web'))?.status ?? {};
      const hasSandbox = conditions?.find((x) => x.type === 'PodReadyToStartContainers')?.status;
      if (hasSandbox !== undefined)
        statuses.add(`${phase} ${hasSandbox} ${podIP === undefined ? 'nowhere' : 'somewhere'}`);
    }
    return [...statuses];
  };
  assert.deepEqual(await told(100, 3000), ['Pending False nowhere', 'Running True somewhere']);
  assert.deepEqual(await told(60_000, 3000), ['Pending False nowhere', 'Pending True somewhere']);
});

test('kubelet: what others wrote on a pod is put right', () =>
  withPod(async (world) => {
    await world.api.of(pod).patch(
      'default/web',
      {
        type: 'strategic',
        body: { status: { conditions: [{ type: 'Ready', status: 'False', reason: 'NodeNotReady' }] } },
      },
      { subresource: 'status' },
    );
    await world.advance(3000);
    const ready = (await world.pod('web'))?.status.conditions?.find((x) => x.type === 'Ready');
    assert.deepEqual([ready?.status, ready?.reason], ['True', undefined]);
  }));

test('kubelet: a pod that a finalizer holds is finished once', async () => {
  await using world = await KubeletWorld.start();
  await world.run('web', {}, { finalizers: ['a/b'] });
  await world.advance(3000);
  await remove(world);
  await world.advance(3000);
  const before = (await world.pod('web'))?.metadata.resourceVersion;
  assert.equal(world.machine.runtime.containers.size, 0);
  await world.advance(60_000);
  assert.equal((await world.pod('web'))?.metadata.resourceVersion, before);
  await world.api.of(pod).patch('default/web', { type: 'merge', body: { metadata: { finalizers: null } } });
  await world.advance(1000);
  assert.equal(await world.pod('web'), undefined);
});

test('kubelet: a write that conflicts is tried again, not taken for the loss of the pod', async () => {
  const conflicts: Record<string, number> = {};
  const refusal = (verb: string): 'Conflict' | undefined =>
    (conflicts[verb] = (conflicts[verb] ?? 0) - 1) >= 0 ? 'Conflict' : undefined;
  await using world = await KubeletWorld.start({ refusal });
  await world.run('web');
  await world.advance(3000);
  conflicts['patch'] = 3;
  world.machine.runtime.exit(world.machine.runtime.running()[0]?.id ?? '', 1);
  await world.advance(8000);
  assert.equal((await first(world))?.restartCount, 1);
  await remove(world);
  conflicts['delete'] = 2;
  await world.advance(8000);
  assert.equal(await world.pod('web'), undefined);
});

test('kubelet: a status that is refused does not keep a pod from its end', async () => {
  let isRefused = false;
  const refusal = (verb: string): 'Invalid' | undefined => (isRefused && verb === 'patch' ? 'Invalid' : undefined);
  await using world = await KubeletWorld.start({ refusal });
  await world.run('web');
  await world.advance(3000);
  isRefused = true;
  await remove(world);
  await world.advance(5000);
  assert.equal(await world.pod('web'), undefined);
  assert.ok(
    world.warnings.filter((w) => w.startsWith('pod status refused')).length < 5,
    'it is not said again and again',
  );
});
