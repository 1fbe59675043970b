import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, node, pod, type Pod, priorityClass } from '@navarch/api';
import { SimCluster } from '@navarch/sim';

// The scheduler among all the others, on the real API server: what only shows when each does its part.

const container = (cpu: string): object => ({ name: 'c', image: 'i', resources: { requests: { cpu } } });
const draft = (name: string, spec: object, labels: object = {}): Parameters<ReturnType<typeof podsOf>['create']>[0] =>
  ({ metadata: { name, namespace: 'default', labels }, spec: { containers: [container('1')], ...spec } }) as never;
const podsOf = (cluster: SimCluster) => cluster.api.of(pod);
const get = (cluster: SimCluster, name: string): Promise<Pod> => podsOf(cluster).get(`default/${name}`);

async function messages(cluster: SimCluster, name: string): Promise<readonly string[]> {
  const { items } = await cluster.api.of(event).list({ namespace: 'default' });
  return items
    .filter((item) => item.involvedObject.name === name)
    .map(({ reason, message }) => `${reason}: ${message}`);
}

/** As many pods of one CPU as fit on all nodes. */
async function fill(cluster: SimCluster, spec: object): Promise<readonly string[]> {
  const { items } = await cluster.api.of(node).list();
  const count = items.reduce((sum, { status }) => sum + Number(status.allocatable?.['cpu']), 0);
  const names = Array.from({ length: count }, (_, i) => `low-${i}`);
  for (const name of names) await podsOf(cluster).create(draft(name, spec));
  await cluster.settled();
  return names;
}

test('a more important pod takes the room of a less important one, which is told why', async () => {
  await using cluster = await SimCluster.start({ nodes: 2 });
  await cluster.settled();
  for (const [name, value] of [
    ['low', 1],
    ['high', 100],
  ] as const)
    await cluster.api.of(priorityClass).create({ metadata: { name }, value } as never);
  const low = await fill(cluster, { priorityClassName: 'low', terminationGracePeriodSeconds: 1 });
  await podsOf(cluster).create(draft('high', { priorityClassName: 'high' }));
  await cluster.settled();
  assert.equal((await get(cluster, 'high')).status.phase, 'Running');
  const { items } = await podsOf(cluster).list({ namespace: 'default' });
  const left = low.filter((name) => items.some(({ metadata }) => metadata.name === name));
  assert.equal(left.length, low.length - 1, 'one pod had to go');
  const victim = low.find((name) => !left.includes(name)) ?? '';
  assert.ok((await messages(cluster, victim)).some((text) => text.startsWith('Preempted: Preempted by pod ')));
});

test('a pod that fits nowhere says so, waits, and goes where a new node has room', async () => {
  await using cluster = await SimCluster.start({ nodes: 1 });
  await cluster.settled();
  await podsOf(cluster).create(draft('picky', { nodeSelector: { disk: 'ssd' } }));
  await cluster.settled();
  const condition = (await get(cluster, 'picky')).status.conditions?.find(({ type }) => type === 'PodScheduled');
  const message =
    "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
  assert.deepEqual([condition?.status, condition?.reason, condition?.message], ['False', 'Unschedulable', message]);
  assert.deepEqual(await messages(cluster, 'picky'), [`FailedScheduling: ${message}`]);
  await cluster.api.of(node).update('node-1', (current) => ({
    ...current,
    metadata: { ...current.metadata, labels: { ...current.metadata.labels, disk: 'ssd' } },
  }));
  await cluster.settled();
  assert.equal((await get(cluster, 'picky')).status.phase, 'Running');
  assert.ok((await messages(cluster, 'picky')).includes('Scheduled: Successfully assigned default/picky to node-1'));
});

test('a gated pod is not tried until its gates are gone', async () => {
  await using cluster = await SimCluster.start({ nodes: 1 });
  await cluster.settled();
  await podsOf(cluster).create(draft('gated', { schedulingGates: [{ name: 'example.com/wait' }] }));
  await cluster.settled();
  const gated = await get(cluster, 'gated');
  assert.deepEqual([gated.spec.nodeName, gated.status.conditions?.[0]?.reason], [undefined, 'SchedulingGated']);
  assert.deepEqual(await messages(cluster, 'gated'), []);
  await podsOf(cluster).update('default/gated', (current) => ({
    ...current,
    spec: { ...current.spec, schedulingGates: [] },
  }));
  await cluster.settled();
  assert.equal((await get(cluster, 'gated')).status.phase, 'Running');
});

test('pods of one set run on different nodes as long as there are any', async () => {
  await using cluster = await SimCluster.start({ nodes: 3 });
  await cluster.settled();
  const apart = {
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'kubernetes.io/hostname' },
        ],
      },
    },
  };
  for (let i = 0; i < 4; i++) await podsOf(cluster).create(draft(`web-${i}`, apart, { app: 'web' }));
  await cluster.settled();
  const { items } = await podsOf(cluster).list({ namespace: 'default' });
  assert.deepEqual(items.map(({ spec }) => spec.nodeName ?? '').sort(), ['', 'node-1', 'node-2', 'node-3']);
});
