import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinKinds, configMap, pod, resourceQuota } from '@navarch/api';
import { resourceQuotaController } from '@navarch/controllers';
import { hasReason } from '@navarch/machinery';
import { ControlPlane } from '../testing/control-plane.ts';

const podNamed = (name: string) => ({
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'i' }] },
});
const used = async (plane: ControlPlane) => (await plane.api.of(resourceQuota).get('default/q')).status.used;

async function withQuota(hard: Readonly<Record<string, string>>, faults = {}): Promise<ControlPlane> {
  const plane = await ControlPlane.start({ controllers: [resourceQuotaController(builtinKinds)], faults });
  await plane.withServiceAccount();
  await plane.api.of(pod).create(podNamed('before'));
  await plane.api.of(resourceQuota).create({ metadata: { name: 'q', namespace: 'default' }, spec: { hard } });
  await plane.clock.advance(5000);
  return plane;
}

test('a new quota is counted from what is there', async () => {
  await using plane = await withQuota({ pods: '2', configmaps: '5', 'count/pods': '9' });
  assert.deepEqual(await used(plane), { configmaps: '0', 'count/pods': '1', pods: '1' });
});

test('what goes away, or ends, is given back', async () => {
  await using plane = await withQuota({ pods: '2', configmaps: '1' });
  await plane.api.of(pod).create(podNamed('a'));
  await plane.api.of(configMap).create({ metadata: { name: 'm', namespace: 'default' } });
  assert.deepEqual(await used(plane), { configmaps: '1', pods: '2' });
  await assert.rejects(plane.api.of(pod).create(podNamed('b')), (error) => hasReason(error, 'Forbidden'));
  await plane.api.of(configMap).delete('default/m');
  await plane.api
    .of(pod)
    .update('default/a', (current) => ({ ...current, status: { ...current.status, phase: 'Succeeded' } }), {
      subresource: 'status',
    });
  await plane.clock.advance(5000);
  assert.deepEqual(await used(plane), { configmaps: '0', pods: '1' });
  await plane.api.of(pod).create(podNamed('b'));
});

test('what was taken for an object that never came is given back in time', async () => {
  await using plane = await withQuota({ pods: '5' });
  await assert.rejects(plane.api.of(pod).create(podNamed('before')), (error) => hasReason(error, 'AlreadyExists'));
  assert.deepEqual(await used(plane), { pods: '2' });
  await plane.clock.advance(6 * 60_000);
  assert.deepEqual(await used(plane), { pods: '1' });
});

test('the count is right in the end on a bad network', async () => {
  await using plane = await withQuota(
    { pods: '10' },
    { latencyMs: 300, watchLagMs: 2000, loseAnswer: 0.2, refuse: 0.1 },
  );
  for (const name of ['a', 'b', 'c', 'd']) await plane.api.of(pod).create(podNamed(name));
  for (const name of ['a', 'c']) await plane.api.of(pod).delete(`default/${name}`);
  await plane.clock.advance(60_000);
  assert.deepEqual(await used(plane), { pods: '3' });
});
