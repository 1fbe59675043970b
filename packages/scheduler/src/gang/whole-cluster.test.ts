import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, node, pod, podGroup, type Pod, priorityClass } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { SimCluster } from '@navarch/sim';
import type { PodGroup } from './pod-groups.ts';

// Groups of pods on the real API server, with the scheduler and all controllers (KEP-4671).

const ROOM = { cpu: '2', memory: '8Gi', pods: '110' };

/** Two nodes of two CPUs. */
async function started(): Promise<SimCluster> {
  const cluster = await SimCluster.start({ nodes: 2, hasGroups: true });
  await cluster.settled();
  for (const name of ['node-1', 'node-2'])
    await cluster.api
      .of(node)
      .update(name, (n) => ({ ...n, status: { ...n.status, allocatable: ROOM, capacity: ROOM } }), {
        subresource: 'status',
      });
  await cluster.settled();
  return cluster;
}

const group = (cluster: SimCluster, name: string, policy: object, spec: object = {}): Promise<PodGroup> =>
  cluster.api
    .of(podGroup)
    .create({ metadata: { name, namespace: 'default' }, spec: { schedulingPolicy: policy, ...spec } } as never);
const gang = (minCount: number): object => ({ gang: { minCount } });

const create = (cluster: SimCluster, name: string, of: string | undefined, spec: object = {}): Promise<Pod> =>
  cluster.api.of(pod).create({
    metadata: { name, namespace: 'default' },
    spec: {
      containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }],
      terminationGracePeriodSeconds: 1,
      ...(of === undefined ? {} : { schedulingGroup: { podGroupName: of } }),
      ...spec,
    },
  } as never);
const get = (cluster: SimCluster, name: string): Promise<Pod> => cluster.api.of(pod).get(`default/${name}`);
const bound = async (cluster: SimCluster): Promise<readonly string[]> =>
  (await cluster.api.of(pod).list()).items.filter(({ spec }) => spec.nodeName).map(({ metadata }) => metadata.name);
const why = async (cluster: SimCluster, name: string): Promise<string | undefined> =>
  (await get(cluster, name)).status.conditions?.find(({ type }) => type === 'PodScheduled')?.message;
const told = async (cluster: SimCluster, name: string): Promise<string> => {
  const { status } = await cluster.api.of(podGroup).get(`default/${name}`);
  return (status.conditions ?? [])
    .map((one) => [one.type, one.status, one.reason, one.message].filter(Boolean).join(' '))
    .join('; ');
};

test('pods wait for their group and for as many as must be placed together, and nobody is told of it', async () => {
  await using cluster = await started();
  for (const name of ['p0', 'p1']) await create(cluster, name, 'g');
  await cluster.settled();
  await group(cluster, 'g', gang(3));
  await cluster.settled();
  assert.deepEqual([await bound(cluster), await why(cluster, 'p0'), await told(cluster, 'g')], [[], undefined, '']);
  const { items: events } = await cluster.api.of(event).list({ namespace: 'default' });
  assert.deepEqual(
    events.filter(({ reason }) => reason === 'FailedScheduling'),
    [],
  );
  await create(cluster, 'p2', 'g');
  await cluster.settled();
  assert.deepEqual(await bound(cluster), ['p0', 'p1', 'p2']);
  assert.equal(await told(cluster, 'g'), 'PodGroupInitiallyScheduled True Scheduled');
});

test('a group for which there is no room takes none, and is placed whole when there is', async () => {
  await using cluster = await started();
  for (const name of ['other-0', 'other-1']) await create(cluster, name, undefined);
  await cluster.settled();
  await group(cluster, 'g', gang(3));
  for (const name of ['p0', 'p1', 'p2']) await create(cluster, name, 'g');
  await cluster.settled();
  assert.deepEqual(await bound(cluster), ['other-0', 'other-1']);
  const message = 'pod group default/g needs 3 pods placed together: 2 fit';
  assert.equal(await told(cluster, 'g'), `PodGroupInitiallyScheduled False Unschedulable ${message}`);
  assert.deepEqual(await Promise.all(['p0', 'p1'].map((name) => why(cluster, name))), [message, message]);
  assert.match((await why(cluster, 'p2')) ?? '', /^0\/2 nodes are available: 2 Insufficient cpu\./);
  // A pod that goes by itself has the room that the group cannot use.
  await create(cluster, 'small', undefined);
  await cluster.settled();
  assert.deepEqual(await bound(cluster), ['other-0', 'other-1', 'small']);
  for (const name of ['other-0', 'small']) await cluster.api.of(pod).delete(`default/${name}`);
  await cluster.settled();
  assert.deepEqual(await bound(cluster), ['other-1', 'p0', 'p1', 'p2']);
  assert.equal(await told(cluster, 'g'), 'PodGroupInitiallyScheduled True Scheduled');
});

test('pods beyond those that must be placed wait for room by themselves; that the group was placed is never taken back', async () => {
  await using cluster = await started();
  await group(cluster, 'g', gang(3));
  for (let i = 0; i < 6; i++) await create(cluster, `p${i}`, 'g');
  await cluster.settled();
  assert.deepEqual(await bound(cluster), ['p0', 'p1', 'p2', 'p3']);
  await cluster.api.of(pod).delete('default/p0');
  await cluster.settled();
  assert.deepEqual(await bound(cluster), ['p1', 'p2', 'p3', 'p4']);
  for (const name of ['p1', 'p2', 'p3', 'p4', 'p5']) await cluster.api.of(pod).delete(`default/${name}`);
  await cluster.settled();
  assert.equal(await told(cluster, 'g'), 'PodGroupInitiallyScheduled True Scheduled');
});

test('a group asks for fewer, and is placed', async () => {
  await using cluster = await started();
  await group(cluster, 'g', gang(5));
  for (let i = 0; i < 5; i++) await create(cluster, `p${i}`, 'g');
  await cluster.settled();
  assert.deepEqual(await bound(cluster), []);
  await cluster.api
    .of(podGroup)
    .update('default/g', (g) => ({ ...g, spec: { ...g.spec, schedulingPolicy: { gang: { minCount: 4 } } } }));
  await cluster.advance('30s');
  assert.equal((await bound(cluster)).length, 4);
});

test('pods of a basic group go one by one', async () => {
  await using cluster = await started();
  await group(cluster, 'g', { basic: {} });
  for (let i = 0; i < 5; i++) await create(cluster, `p${i}`, 'g');
  await cluster.settled();
  assert.equal((await bound(cluster)).length, 4);
  assert.equal(await told(cluster, 'g'), 'PodGroupInitiallyScheduled True Scheduled');
});

test('others are sent away for a group only where that lets in as many as must be', async () => {
  await using cluster = await started();
  for (const [name, value] of [
    ['low', 1],
    ['high', 2],
  ] as const)
    await cluster.api.of(priorityClass).create({ metadata: { name }, value } as never);
  for (let i = 0; i < 3; i++) await create(cluster, `low-${i}`, undefined, { priorityClassName: 'low' });
  await create(cluster, 'equal', undefined, { priorityClassName: 'high' });
  await cluster.settled();
  await group(cluster, 'much', gang(4), { priorityClassName: 'high' });
  for (let i = 0; i < 4; i++) await create(cluster, `much-${i}`, 'much', { priorityClassName: 'high' });
  await cluster.settled();
  assert.deepEqual((await bound(cluster)).length, 4);
  assert.ok((await bound(cluster)).every((name) => !name.startsWith('much')));
  await group(cluster, 'some', gang(3), { priorityClassName: 'high' });
  for (let i = 0; i < 3; i++) await create(cluster, `some-${i}`, 'some', { priorityClassName: 'high' });
  await cluster.settled();
  assert.deepEqual(await bound(cluster), ['equal', 'some-0', 'some-1', 'some-2']);
});

const RACK = 'example.com/rack';
const inOneRack = { schedulingConstraints: { topology: [{ key: RACK }] } };
const label = (cluster: SimCluster, name: string, rack: string): Promise<unknown> =>
  cluster.api.of(node).patch(name, { type: 'merge', body: { metadata: { labels: { [RACK]: rack } } } });

test('a group that has to stay in one rack waits for one that takes as many as must be, and tells how many there are', async () => {
  await using cluster = await started();
  await group(cluster, 'g', gang(3), inOneRack);
  for (let i = 0; i < 3; i++) await create(cluster, `p${i}`, 'g');
  await cluster.settled();
  assert.equal(await told(cluster, 'g'), 'PodGroupInitiallyScheduled False Unschedulable 0/0 placements are available');
  assert.match((await why(cluster, 'p0')) ?? '', /^0\/2 nodes are available: no node has the label example\.com\/rack/);
  for (const [i, name] of ['node-1', 'node-2'].entries()) await label(cluster, name, `r${i}`);
  await cluster.advance('30s');
  const message =
    '0/2 placements are available, first placement status: pod group default/g needs 3 pods placed together: 2 fit';
  assert.deepEqual(
    [await bound(cluster), await told(cluster, 'g')],
    [[], `PodGroupInitiallyScheduled False Unschedulable ${message}`],
  );
  assert.match((await why(cluster, 'p2')) ?? '', /^0\/1 nodes are available: 1 Insufficient cpu\./);
  await label(cluster, 'node-2', 'r0');
  await cluster.advance('30s');
  assert.equal((await bound(cluster)).length, 3);
  assert.equal(await told(cluster, 'g'), 'PodGroupInitiallyScheduled True Scheduled');
});

test('pods that come later go where the group is, and a group that is torn apart says so', async () => {
  await using cluster = await started();
  for (const [i, name] of ['node-1', 'node-2'].entries()) await label(cluster, name, `r${i}`);
  await group(cluster, 'g', gang(1), inOneRack);
  await create(cluster, 'p0', 'g');
  await cluster.settled();
  const home = (await get(cluster, 'p0')).spec.nodeName;
  for (let i = 1; i < 3; i++) await create(cluster, `p${i}`, 'g');
  await cluster.settled();
  assert.deepEqual(await bound(cluster), ['p0', 'p1']);
  assert.equal((await get(cluster, 'p1')).spec.nodeName, home);
  const other = home === 'node-1' ? 'node-2' : 'node-1';
  await create(cluster, 'p3', 'g', { nodeName: other });
  await create(cluster, 'p4', 'g');
  await cluster.advance('30s');
  assert.match(
    (await why(cluster, 'p4')) ?? '',
    /^cannot determine domain for already scheduled pods: more than 1 domain found/,
  );
});

test('of a group that is disrupted as a whole all are sent away, on whichever node', async () => {
  await using cluster = await started();
  await cluster.api.of(priorityClass).create({ metadata: { name: 'high' }, value: 2 } as never);
  await group(cluster, 'whole', gang(3), { disruptionMode: { all: {} } });
  for (let i = 0; i < 3; i++) await create(cluster, `whole-${i}`, 'whole');
  await create(cluster, 'alone', undefined);
  await cluster.settled();
  assert.equal((await bound(cluster)).length, 4);
  const two = { requests: { cpu: '2' } };
  const containers = [{ name: 'c', image: 'i', resources: two }];
  await create(cluster, 'high', undefined, { priorityClassName: 'high', containers });
  await cluster.settled();
  const left = await bound(cluster);
  assert.ok(left.includes('high'));
  assert.deepEqual(
    left.filter((name) => name.startsWith('whole')),
    [],
  );
});

test('a group whose pods have other priorities or schedulers is placed by nobody', async () => {
  await using cluster = await started();
  await cluster.api.of(priorityClass).create({ metadata: { name: 'high' }, value: 7 } as never);
  await group(cluster, 'g', gang(2));
  await create(cluster, 'p0', 'g');
  await create(cluster, 'p1', 'g', { priorityClassName: 'high' });
  await cluster.settled();
  const wrong = "all pods in a single pod group should have the same priority as the pod group's priority, got 7 and 0";
  assert.deepEqual([await bound(cluster), await why(cluster, 'p0')], [[], wrong]);
  assert.equal(await told(cluster, 'g'), `PodGroupInitiallyScheduled False SchedulerError ${wrong}`);
});

test('a group stays as long as it has pods that run', async () => {
  await using cluster = await started();
  const { metadata, spec } = await group(cluster, 'g', gang(1));
  assert.deepEqual([metadata.finalizers, spec.priority], [['scheduling.k8s.io/podgroup-protection'], 0]);
  await create(cluster, 'p', 'g');
  await cluster.settled();
  await cluster.api.of(podGroup).delete('default/g');
  await cluster.settled();
  assert.ok((await cluster.api.of(podGroup).get('default/g')).metadata.deletionTimestamp);
  await cluster.api.of(pod).delete('default/p');
  await cluster.settled();
  await assert.rejects(cluster.api.of(podGroup).get('default/g'), (error) => hasReason(error, 'NotFound'));
});

test('nobody goes for a group that may not evict, nor for one of its pods beyond those that must be placed', async () => {
  await using cluster = await started();
  await cluster.api.of(priorityClass).create({ metadata: { name: 'high' }, value: 2 } as never);
  for (let i = 0; i < 3; i++) await create(cluster, `low-${i}`, undefined);
  await cluster.settled();
  const spec = { priorityClassName: 'high', preemptionPolicy: 'Never' };
  await group(cluster, 'g', gang(1), spec);
  for (let i = 0; i < 3; i++) await create(cluster, `p${i}`, 'g', { priorityClassName: 'high' });
  await cluster.settled();
  assert.deepEqual(await bound(cluster), ['low-0', 'low-1', 'low-2', 'p0']);
  assert.match(
    (await why(cluster, 'p1')) ?? '',
    /2 Insufficient cpu\. preemption: not eligible due to preemptionPolicy=Never\.$/,
  );
});
