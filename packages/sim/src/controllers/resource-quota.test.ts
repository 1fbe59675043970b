import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  builtinKinds,
  configMap,
  deviceClass,
  persistentVolumeClaim,
  pod,
  resourceClaim,
  resourceQuota,
  service,
} from '@navarch/api';
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

for (const seed of [1, 2, 3, 4, 5, 6])
  test(`a quota whose write is refused as old, though nobody wrote it, is counted in minutes, seed ${seed}`, async () => {
    const controllers = [resourceQuotaController(builtinKinds)];
    await using plane = await ControlPlane.start({ controllers, seed, faults: { conflict: 0.5 } });
    await plane.api
      .of(resourceQuota)
      .create({ metadata: { name: 'q', namespace: 'default' }, spec: { hard: { pods: '2' } } });
    await plane.clock.advance(4 * 60_000);
    assert.deepEqual(await used(plane), { pods: '0' });
  });

for (const seed of [1, 2, 3, 4, 5, 6])
  test(`who knows only an old version of a quota waits for the next rather than try again, seed ${seed}`, async () => {
    const controllers = [resourceQuotaController(builtinKinds)];
    await using plane = await ControlPlane.start({ controllers, seed, faults: { watchLagMs: 60_000 } });
    await plane.withServiceAccount();
    await plane.api
      .of(resourceQuota)
      .create({ metadata: { name: 'q', namespace: 'default' }, spec: { hard: { pods: '9' } } });
    await plane.clock.advance(120_000);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await plane.api.of(pod).create(podNamed(name));
      await plane.clock.advance(20_000);
      await plane.api.of(pod).delete(`default/${name}`);
    }
    await plane.clock.advance(6 * 60_000);
    assert.deepEqual(await used(plane), { pods: '0' });
    assert.deepEqual(plane.counted('workqueue_retries_total'), []);
  });

// Whose copy of the quota comes before that of the pods: one of four.
for (const seed of Array.from({ length: 30 }, (_, n) => n + 1))
  test(`who does not see the pods yet that were let in gives nothing back of them, seed ${seed}`, async () => {
    const controllers = [resourceQuotaController(builtinKinds)];
    await using plane = await ControlPlane.start({ controllers, seed, faults: { watchLagMs: 60_000 } });
    await plane.withServiceAccount();
    await plane.api.of(configMap).create({ metadata: { name: 'm', namespace: 'default' } });
    await plane.api
      .of(resourceQuota)
      .create({ metadata: { name: 'q', namespace: 'default' }, spec: { hard: { pods: '2', configmaps: '5' } } });
    await plane.clock.advance(180_000);
    for (const name of ['a', 'b']) await plane.api.of(pod).create(podNamed(name));
    // What it hears of first may be this, and it counts anew.
    await plane.api.of(configMap).delete('default/m');
    for (let second = 0; second < 180; second++) {
      await plane.clock.advance(1000);
      assert.equal((await used(plane))?.['pods'], '2');
    }
    assert.deepEqual(await used(plane), { configmaps: '0', pods: '2' });
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

test('devices are counted by their classes, as many as a claim may get', async () => {
  await using plane = await withQuota({
    'gpu.deviceclass.resource.k8s.io/devices': '40',
    'nic.deviceclass.resource.k8s.io/devices': '40',
    'count/resourceclaims.resource.k8s.io': '5',
  });
  await plane.api.of(deviceClass).create({ metadata: { name: 'gpu' }, spec: {} });
  const claim = (name: string, requests: readonly object[]) =>
    plane.api
      .of(resourceClaim)
      .create({ metadata: { name, namespace: 'default' }, spec: { devices: { requests } } } as never);
  await claim('a', [
    { name: 'one', exactly: { deviceClassName: 'gpu', count: 3 } },
    {
      name: 'either',
      firstAvailable: [
        { name: 'x', deviceClassName: 'gpu', count: 2 },
        { name: 'y', deviceClassName: 'gpu' },
        { name: 'z', deviceClassName: 'nic', count: 4 },
      ],
    },
  ]);
  await claim('b', [{ name: 'all', exactly: { deviceClassName: 'nic', allocationMode: 'All' } }]);
  await plane.clock.advance(1000);
  assert.deepEqual(await used(plane), {
    'count/resourceclaims.resource.k8s.io': '2',
    'gpu.deviceclass.resource.k8s.io/devices': '5',
    'nic.deviceclass.resource.k8s.io/devices': '36',
  });
  await assert.rejects(claim('c', [{ name: 'all', exactly: { deviceClassName: 'nic', count: 5 } }]), (error) =>
    hasReason(error, 'Forbidden'),
  );
  await plane.api.of(resourceClaim).delete('default/b');
  await plane.clock.advance(3000);
  assert.equal((await used(plane))?.['nic.deviceclass.resource.k8s.io/devices'], '4');
});

test('devices are counted once, by whichever resource stands for them', async () => {
  const [devices, implicit, explicit] = [
    'gpu.deviceclass.resource.k8s.io/devices',
    'requests.deviceclass.resource.kubernetes.io/gpu',
    'requests.example.com/gpu',
  ];
  await using plane = await withQuota({ [devices]: '9', [implicit]: '9', [explicit]: '9' });
  await plane.api
    .of(deviceClass)
    .create({ metadata: { name: 'gpu' }, spec: { extendedResourceName: 'example.com/gpu' } });
  const claim = (name: string, count: number, metadata: object = {}) =>
    plane.api.of(resourceClaim).create({
      metadata: { name, namespace: 'default', ...metadata },
      spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu', count } }] } },
    } as never);
  await claim('plain', 1);
  await plane.clock.advance(1000);
  assert.deepEqual(await used(plane), { [devices]: '1', [implicit]: '1', [explicit]: '1' });
  // A pod asks for three by the one name and for two by the other; the scheduler makes one claim for all.
  const amounts = { 'example.com/gpu': '3', 'deviceclass.resource.kubernetes.io/gpu': '2' };
  const { metadata: owner } = await plane.api.of(pod).create({
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'i', resources: { limits: amounts } }] },
  } as never);
  await plane.clock.advance(1000);
  assert.deepEqual(await used(plane), { [devices]: '1', [implicit]: '3', [explicit]: '4' });
  await claim('made', 5, {
    annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: owner.uid, controller: true }],
  });
  await plane.clock.advance(1000);
  assert.deepEqual(await used(plane), { [devices]: '6', [implicit]: '6', [explicit]: '6' });
  await assert.rejects(claim('late', 4), (error) => hasReason(error, 'Forbidden'));
  await claim('last', 3);
  await plane.clock.advance(1000);
  assert.deepEqual(await used(plane), { [devices]: '9', [implicit]: '9', [explicit]: '9' });
  await plane.clock.advance(360_000);
  assert.deepEqual(await used(plane), { [devices]: '9', [implicit]: '9', [explicit]: '9' });
});

test('claims count by their class of attributes, also when it changes', async () => {
  await using plane = await ControlPlane.start({ controllers: [resourceQuotaController(builtinKinds)] });
  await plane.api.of(resourceQuota).create({
    metadata: { name: 'q', namespace: 'default' },
    spec: {
      hard: { persistentvolumeclaims: '5' },
      scopeSelector: {
        matchExpressions: [{ scopeName: 'VolumeAttributesClass', operator: 'In', values: ['gold', 'silver'] }],
      },
    },
  });
  await plane.clock.advance(1000);
  for (const [name, className] of [
    ['a', 'gold'],
    ['b', 'bronze'],
    ['c', undefined],
  ] as const)
    await plane.api.of(persistentVolumeClaim).create({
      metadata: { name, namespace: 'default' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        ...(className ? { volumeAttributesClassName: className } : {}),
      },
    });
  await plane.clock.advance(1000);
  assert.deepEqual(await used(plane), { persistentvolumeclaims: '1' });
  await plane.api
    .of(persistentVolumeClaim)
    .update(
      'default/b',
      (claim) => ({ ...claim, status: { ...claim.status, currentVolumeAttributesClassName: 'silver' } }),
      { subresource: 'status' },
    );
  await plane.clock.advance(1000);
  assert.deepEqual(await used(plane), { persistentvolumeclaims: '2' });
});

test('of a balanced service without node ports those count that it asks for', async () => {
  await using plane = await withQuota({ 'services.nodeports': '5', 'services.loadbalancers': '5' });
  await plane.api.of(service).create({
    metadata: { name: 's', namespace: 'default' },
    spec: {
      type: 'LoadBalancer',
      allocateLoadBalancerNodePorts: false,
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 81, nodePort: 30_100 },
      ],
    },
  });
  assert.deepEqual(await used(plane), { 'services.loadbalancers': '1', 'services.nodeports': '1' });
});
