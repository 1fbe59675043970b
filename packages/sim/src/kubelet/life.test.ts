import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod } from '@navarch/api';
import { job } from '@navarch/kubelet';
import { KubeletWorld } from '../testing/kubelet-world.ts';

test('kubelet: a pod runs, is told, and goes when it is deleted', async () => {
  await using world = await KubeletWorld.start();
  await world.run('web');
  await world.advance(3000);
  const { status } = (await world.pod('web')) ?? {};
  assert.equal(status?.phase, 'Running');
  assert.equal(status?.podIP, '10.244.0.1');
  assert.deepEqual(status?.conditions?.map((c) => `${c.type} ${c.status}`).toSorted(), [
    'ContainersReady True',
    'Initialized True',
    'PodReadyToStartContainers True',
    'PodScheduled True',
    'Ready True',
  ]);
  assert.deepEqual(await world.events('web'), [
    'Pulling: Pulling image "app"',
    'Pulled: Successfully pulled image "app" in 0s (0s including waiting). Image size: 1000000 bytes.',
    'Created: Container created',
    'Started: Container started',
  ]);
  await world.api.of(pod).delete('default/web');
  await world.advance(3000);
  assert.equal(await world.pod('web'), undefined);
  assert.deepEqual([world.machine.runtime.sandboxes.size, world.machine.runtime.containers.size], [0, 0]);
  assert.deepEqual(world.warnings, []);
});

test('kubelet: a job ends with its exit code', async () => {
  await using world = await KubeletWorld.start({ program: ({ name }) => job(5000, name === 'bad' ? 3 : 0) });
  await world.run('good', { restartPolicy: 'Never' });
  await world.run('bad', { restartPolicy: 'Never', containers: [{ name: 'bad', image: 'app' }] });
  await world.advance(10_000);
  const [good, bad] = [await world.pod('good'), await world.pod('bad')];
  assert.equal(good?.status.phase, 'Succeeded');
  assert.equal(bad?.status.phase, 'Failed');
  assert.equal(bad?.status.containerStatuses?.[0]?.state.terminated?.exitCode, 3);
  assert.deepEqual(world.warnings, []);
});
