import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, pod } from '@navarch/api';
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

test('kubelet: a container that lacks a ConfigMap is tried again every 10 to 15 s, at once when its pod is changed', async () => {
  await using world = await KubeletWorld.start({ seed: 3 });
  const env = [{ name: 'K', valueFrom: { configMapKeyRef: { name: 'late', key: 'k' } } }];
  await world.run('web', { containers: [{ name: 'c', image: 'app', imagePullPolicy: 'IfNotPresent', env }] });
  await world.advance(91_000);
  const waiting = (await world.pod('web'))?.status.containerStatuses?.[0]?.state.waiting;
  assert.deepEqual([waiting?.reason, waiting?.message], ['CreateContainerConfigError', 'configmap "late" not found']);
  const failures = await world.count('web', 'Error: configmap "late" not found');
  assert.ok(failures >= 6 && failures <= 10, `${failures} in 90 s`);
  await world.api.of(configMap).create({ metadata: { namespace: 'default', name: 'late' }, data: { k: 'v' } });
  const body = { metadata: { annotations: { again: 'please' } } };
  await world.api.of(pod).patch('default/web', { type: 'merge', body });
  await world.advance(3000);
  assert.equal((await world.pod('web'))?.status.phase, 'Running');
});
