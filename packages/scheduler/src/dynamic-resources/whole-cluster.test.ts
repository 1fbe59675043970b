import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceClass, event, pod, type Pod, resourceClaim, resourceClaimTemplate, resourceSlice } from '@navarch/api';
import { MetricRegistry } from '@navarch/base';
import { SimCluster } from '@navarch/sim';
import type { Claim, DeviceSpec } from './devices.ts';
import { allocatedOn, classOf, claimOf, deviceOf, DRIVER, one, sliceOf } from './testing/builders.ts';

// Claims for devices among all the others, on the real API server; a driver's part is to publish what it has.

const container = { name: 'c', image: 'i', resources: { requests: { cpu: '100m' }, claims: [{ name: 'gpu' }] } };

async function create(cluster: SimCluster, name: string, claim: object, spec: object = {}): Promise<void> {
  await cluster.api.of(pod).create({
    metadata: { name, namespace: 'default' },
    spec: {
      containers: [container],
      resourceClaims: [{ name: 'gpu', ...claim }],
      terminationGracePeriodSeconds: 1,
      ...spec,
    },
  } as never);
}

const get = (cluster: SimCluster, name: string): Promise<Pod> => cluster.api.of(pod).get(`default/${name}`);
const claims = async (cluster: SimCluster): Promise<readonly Claim[]> =>
  (await cluster.api.of(resourceClaim).list()).items;
const why = async (cluster: SimCluster, name: string): Promise<string | undefined> =>
  (await get(cluster, name)).status.conditions?.find(({ type }) => type === 'PodScheduled')?.message;

/** Every device that a claim has, once for each that has it. */
const given = (all: readonly Claim[]): readonly string[] =>
  all
    .flatMap(({ status }) => status.allocation?.devices?.results ?? [])
    .map(({ pool, device }) => `${pool}/${device}`)
    .toSorted();

async function started(
  devices: Readonly<Record<string, readonly DeviceSpec[]>>,
  metrics: MetricRegistry = new MetricRegistry(),
): Promise<SimCluster> {
  const cluster = await SimCluster.start({ nodes: Object.keys(devices).length, metrics });
  await cluster.settled();
  await cluster.api
    .of(deviceClass)
    .create(classOf('gpu', { selectors: [{ cel: { expression: `device.driver == "${DRIVER}"` } }] }) as never);
  for (const [name, all] of Object.entries(devices))
    await cluster.api.of(resourceSlice).create(sliceOf(name, { devices: all }) as never);
  await cluster.api.of(resourceClaimTemplate).create({
    metadata: { name: 'one', namespace: 'default' },
    spec: { spec: { devices: { requests: [one('gpu')] } } },
  } as never);
  await cluster.settled();
  return cluster;
}

const fromTemplate = { resourceClaimTemplateName: 'one' };

test('pods of one template share out the devices of all nodes; who comes late waits until one is given back', async () => {
  await using cluster = await started({ 'node-1': [deviceOf('a'), deviceOf('b')], 'node-2': [deviceOf('a')] });
  for (let i = 0; i < 4; i++) await create(cluster, `p${i}`, fromTemplate);
  await cluster.settled();
  assert.deepEqual(given(await claims(cluster)), ['node-1/a', 'node-1/b', 'node-2/a']);
  const names = ['p0', 'p1', 'p2', 'p3'];
  const placed = await Promise.all(names.map(async (name) => (await get(cluster, name)).spec.nodeName));
  assert.equal(placed.filter((name) => name === 'node-1').length, 2);
  const late = names[placed.indexOf(undefined)] ?? '';
  assert.equal(
    await why(cluster, late),
    '0/2 nodes are available: 2 cannot allocate all claims. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
  );
  // That a pod waits for its claim to be made is nothing to be told of.
  const { items: events } = await cluster.api.of(event).list({ namespace: 'default' });
  assert.deepEqual(
    [...new Set(events.filter(({ reason }) => reason === 'FailedScheduling').map((e) => e.involvedObject.name))],
    [late],
  );
  for (const claim of (await claims(cluster)).filter(({ status }) => status.allocation)) {
    assert.deepEqual(claim.metadata.finalizers, ['resource.kubernetes.io/delete-protection']);
    assert.match(claim.status.allocation?.allocationTimestamp ?? '', /^\d{4}-/);
    const [consumer] = claim.status.reservedFor ?? [];
    assert.equal(consumer?.uid, claim.metadata.ownerReferences?.[0]?.uid);
  }
  const first = names.find((name) => name !== late) ?? '';
  await cluster.api.of(pod).delete(`default/${first}`);
  await cluster.settled();
  assert.equal((await get(cluster, late)).status.phase, 'Running');
});

test('pods that share a claim run where its device is', async () => {
  await using cluster = await started({ 'node-1': [], 'node-2': [deviceOf('a')] });
  await cluster.api.of(resourceClaim).create(
    claimOf('shared', undefined, {
      metadata: { name: 'shared', namespace: 'default' },
    }) as never,
  );
  for (let i = 0; i < 5; i++) await create(cluster, `p${i}`, { resourceClaimName: 'shared' });
  await cluster.settled();
  const [claim] = await claims(cluster);
  assert.deepEqual(claim?.status.reservedFor?.map(({ name }) => name).toSorted(), ['p0', 'p1', 'p2', 'p3', 'p4']);
  for (let i = 0; i < 5; i++) assert.equal((await get(cluster, `p${i}`)).spec.nodeName, 'node-2');
});

test('a pod waits for its claim and for devices, and is tried when they are there', async () => {
  await using cluster = await started({ 'node-1': [] });
  await create(cluster, 'p', { resourceClaimName: 'later' });
  await cluster.settled();
  assert.equal(await why(cluster, 'p'), undefined);
  await cluster.api.of(resourceClaim).create(
    claimOf('later', undefined, {
      metadata: { name: 'later', namespace: 'default' },
    }) as never,
  );
  await cluster.settled();
  assert.match((await why(cluster, 'p')) ?? '', /cannot allocate all claims/);
  await cluster.api.of(resourceSlice).update('node-1-slice', (slice) => ({
    ...slice,
    spec: { ...slice.spec, pool: { ...slice.spec.pool, generation: 2 }, devices: [deviceOf('new')] },
  }));
  await cluster.advance('30s');
  assert.equal((await get(cluster, 'p')).status.phase, 'Running');
});

test('a device that is of no use where it was chosen is given back for one elsewhere', async () => {
  await using cluster = await started({ 'node-1': [deviceOf('a')], 'node-2': [deviceOf('a')] });
  const draft = claimOf('moved', undefined, { metadata: { name: 'moved', namespace: 'default' } });
  await cluster.api.of(resourceClaim).create(draft as never);
  // As after a failed binding: allocated, and nobody's.
  const status = allocatedOn('node-1', 'a');
  await cluster.api
    .of(resourceClaim)
    .update('default/moved', (claim) => ({ ...claim, status }) as Claim, { subresource: 'status' });
  await cluster.settled();
  const nodeSelector = { 'kubernetes.io/hostname': 'node-2' };
  await create(cluster, 'p', { resourceClaimName: 'moved' }, { nodeSelector });
  await cluster.settled();
  assert.equal((await get(cluster, 'p')).spec.nodeName, 'node-2');
  assert.deepEqual(given(await claims(cluster)), ['node-2/a']);
  const { items: events } = await cluster.api.of(event).list({ namespace: 'default' });
  assert.equal(
    events.find(({ reason }) => reason === 'FailedScheduling')?.message,
    "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 resourceclaim not available on the node. deallocation of ResourceClaim completed, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
  );
});

test('a pod is bound when its device is ready, and placed anew where it cannot get ready', async () => {
  const slow = { bindingConditions: ['example.com/attached'], bindingFailureConditions: ['example.com/broken'] };
  const metrics = new MetricRegistry();
  await using cluster = await started({ 'node-1': [deviceOf('a', slow)] }, metrics);
  await create(cluster, 'p', fromTemplate);
  await cluster.advance('30s');
  const allocated = async (): Promise<Claim | undefined> =>
    (await claims(cluster)).find(({ status }) => status.allocation);
  const says = async (type: string): Promise<void> => {
    const claim = await allocated();
    const condition = { type, status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
    const devices = [{ driver: DRIVER, pool: 'node-1', device: 'a', conditions: [condition] }];
    await cluster.api
      .of(resourceClaim)
      .update(
        `default/${claim?.metadata.name}`,
        (current) => ({ ...current, status: { ...current.status, devices } }) as Claim,
        { subresource: 'status' },
      );
  };
  assert.equal((await get(cluster, 'p')).spec.nodeName, undefined);
  const before = (await allocated())?.status.allocation?.allocationTimestamp;
  await says('example.com/broken');
  await cluster.advance('30s');
  const after = await allocated();
  assert.notEqual(after?.status.allocation?.allocationTimestamp, before);
  assert.deepEqual([after?.status.devices, (await get(cluster, 'p')).spec.nodeName], [undefined, undefined]);
  await says('example.com/attached');
  await cluster.settled();
  assert.equal((await get(cluster, 'p')).status.phase, 'Running');
  assert.deepEqual(waitsIn(metrics), ['failure 1', 'success 1']);
  assert.match(metrics.text(), /^scheduler_dra_bindingconditions_wait_duration_seconds_count\{.*"failure"\} 1$/m);
});

/** How the waits for the driver's devices ended. */
const waitsIn = (metrics: MetricRegistry): readonly string[] =>
  [
    ...metrics
      .text()
      .matchAll(
        /^scheduler_dra_bindingconditions_allocations_total\{driver="(.+)",profile="(.+)",status="(.+)"\} (.+)$/gm,
      ),
  ]
    .map(([, driver, profile, status, count]) => {
      assert.deepEqual([driver, profile], [DRIVER, 'default-scheduler']);
      return `${status} ${count}`;
    })
    .toSorted();

test('a pod whose device does not get ready in time is told so, and placed anew', async () => {
  const slow = { bindingConditions: ['example.com/attached'], bindingFailureConditions: ['example.com/broken'] };
  const metrics = new MetricRegistry();
  await using cluster = await started({ 'node-1': [deviceOf('a', slow)] }, metrics);
  await create(cluster, 'p', fromTemplate);
  await cluster.advance('11m');
  assert.deepEqual(waitsIn(metrics), ['timeout 1']);
  assert.equal(await why(cluster, 'p'), 'running PreBind plugin "DynamicResources": device binding timeout');
  const { items: events } = await cluster.api.of(event).list({ namespace: 'default' });
  const waits = events.find(({ reason }) => reason === 'BindingConditionsPending');
  assert.deepEqual(
    [waits?.type, waits?.action, waits?.message, waits?.involvedObject.name],
    ['Normal', 'Scheduling', 'waiting for binding conditions for device on node node-1', 'p'],
  );
  assert.deepEqual(given(await claims(cluster)), ['node-1/a']);
});
