import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, job, node, pod, podGroup, workload } from '@navarch/api';
import type { ObjectOf } from '@navarch/machinery';
import { SimCluster } from '../sim-cluster.ts';

// Jobs whose pods are scheduled as groups (KEP-5547), with the whole control plane.

type Job = ObjectOf<typeof job>;

async function started(cpu = '2'): Promise<SimCluster> {
  const cluster = await SimCluster.start({ nodes: 1, hasGroups: true });
  await cluster.settled();
  const room = { cpu, memory: '8Gi', pods: '110' };
  await cluster.api
    .of(node)
    .update('node-1', (n) => ({ ...n, status: { ...n.status, allocatable: room, capacity: room } }), {
      subresource: 'status',
    });
  await cluster.settled();
  return cluster;
}

const create = (cluster: SimCluster, name: string, spec: object, more: object = {}, pods: object = {}): Promise<Job> =>
  cluster.api.of(job).create({
    metadata: { name, namespace: 'default', ...more },
    spec: {
      parallelism: 3,
      completions: 3,
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }],
          ...pods,
        },
      },
      ...spec,
    },
  } as never);

const gang = { scheduling: { schedulingPolicy: { gang: {} } } };
const bound = async (cluster: SimCluster): Promise<number> =>
  (await cluster.api.of(pod).list()).items.filter(({ spec }) => spec.nodeName).length;

test('a job that is a gang has a workload and a group, and its pods run together or not at all', async () => {
  await using cluster = await started();
  await create(cluster, 'train', gang);
  await cluster.settled();
  const [own] = (await cluster.api.of(workload).list()).items;
  const [group] = (await cluster.api.of(podGroup).list()).items;
  assert.deepEqual(own?.spec.controllerRef, { apiGroup: 'batch', kind: 'Job', name: 'train' });
  assert.deepEqual(group?.spec.workloadRef, { workloadName: own?.metadata.name, templateName: 'train-pgt-0' });
  assert.deepEqual(group?.spec.schedulingPolicy, { gang: { minCount: 3 } });
  assert.deepEqual(
    group?.metadata.ownerReferences?.map(({ kind, controller }) => [kind, controller ?? false]),
    [
      ['Job', true],
      ['Workload', false],
    ],
  );
  const pods = (await cluster.api.of(pod).list()).items;
  assert.deepEqual(
    new Set(pods.map(({ spec }) => spec.schedulingGroup?.podGroupName)),
    new Set([group?.metadata.name]),
  );
  assert.deepEqual([pods.length, await bound(cluster)], [3, 0]);
  const reasons = (await cluster.api.of(event).list()).items.map(({ reason }) => reason);
  assert.ok(reasons.includes('WorkloadCreated') && reasons.includes('PodGroupCreated'));
  // It wants fewer together: its group and its workload do too.
  await cluster.api.of(job).update('default/train', (live) => ({ ...live, spec: { ...live.spec, parallelism: 2 } }));
  await cluster.advance('30s');
  assert.deepEqual((await cluster.api.of(podGroup).list()).items[0]?.spec.schedulingPolicy, { gang: { minCount: 2 } });
  assert.deepEqual((await cluster.api.of(workload).list()).items[0]?.spec.podGroupTemplates?.[0]?.schedulingPolicy, {
    gang: { minCount: 2 },
  });
  assert.equal(await bound(cluster), 2);
  await cluster.api.of(job).delete('default/train', { propagationPolicy: 'Background' });
  await cluster.advance('60s');
  assert.deepEqual(
    [(await cluster.api.of(podGroup).list()).items, (await cluster.api.of(workload).list()).items],
    [[], []],
  );
});

test('a job that says nothing has a group whose pods go one by one; who brings a group or has a parent has none', async () => {
  await using cluster = await started('8');
  await create(cluster, 'plain', {});
  await cluster.settled();
  const groups = async () => (await cluster.api.of(podGroup).list()).items;
  assert.deepEqual(
    (await groups()).map(({ spec }) => spec.schedulingPolicy),
    [{ basic: {} }],
  );
  assert.equal(await bound(cluster), 3);
  await cluster.api.of(podGroup).create({
    metadata: { name: 'own', namespace: 'default' },
    spec: { schedulingPolicy: { basic: {} } },
  } as never);
  await create(cluster, 'brought', {}, {}, { schedulingGroup: { podGroupName: 'own' } });
  const { metadata } = await cluster.api.of(job).get('default/plain');
  const parent = { apiVersion: 'example.com/v1', kind: 'JobSet', name: 'set', uid: metadata.uid, controller: true };
  await create(cluster, 'child', gang, { ownerReferences: [parent] });
  await cluster.advance('10s');
  assert.equal((await groups()).length, 2);
});

test('a job of something larger has a group by the template that it is told, of the workload of its parent', async () => {
  await using cluster = await started('8');
  const template = { name: 'workers', schedulingPolicy: { gang: { minCount: 2 } } };
  const controllerRef = { apiGroup: 'example.com', kind: 'JobSet', name: 'set' };
  await cluster.api.of(workload).create({
    metadata: { name: 'set', namespace: 'default' },
    spec: { controllerRef, podGroupTemplates: [template] },
  } as never);
  const { metadata } = await cluster.api.of(node).get('node-1');
  const parent = { apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: metadata.uid, controller: true };
  await cluster.api.of(workload).create({
    metadata: { name: 'of-node', namespace: 'default' },
    spec: { controllerRef: { kind: 'Node', name: 'node-1' }, podGroupTemplates: [template] },
  } as never);
  await cluster.settled();
  await create(
    cluster,
    'child',
    {},
    {
      ownerReferences: [parent],
      annotations: { 'scheduling.k8s.io/group-template-name': 'workers' },
    },
  );
  await cluster.settled();
  const [group, ...others] = (await cluster.api.of(podGroup).list()).items;
  assert.deepEqual(others, []);
  assert.deepEqual(group?.spec.workloadRef, { workloadName: 'of-node', templateName: 'workers' });
  assert.deepEqual(group?.spec.schedulingPolicy, { gang: { minCount: 2 } });
  assert.deepEqual(
    group?.metadata.ownerReferences?.map(({ kind }) => kind),
    ['Job'],
  );
  assert.equal(await bound(cluster), 3);
});
