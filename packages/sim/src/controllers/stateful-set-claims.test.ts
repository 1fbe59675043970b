import assert from 'node:assert/strict';
import { test } from 'node:test';
import { persistentVolumeClaim, type Pod, pod, resourceQuota, statefulSet } from '@navarch/api';
import { statefulSetController } from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { SimCluster } from '../sim-cluster.ts';
import { ControlPlane } from '../testing/control-plane.ts';

type StatefulSet = ObjectOf<typeof statefulSet>;

const LABELS = { app: 'db' };
type Policy = 'Retain' | 'Delete';

const setOf = (
  replicas: number,
  spec: Partial<StatefulSet['spec']>,
  templates: readonly string[] = ['data'],
): Draft<StatefulSet> => ({
  metadata: { name: 'db', namespace: 'default' },
  spec: {
    serviceName: 'db',
    replicas,
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: { containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'data', mountPath: '/data' }] }] },
    },
    volumeClaimTemplates: templates.map((name) => ({
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    })),
    ...spec,
  } as Draft<StatefulSet>['spec'],
});

async function withSet(whenDeleted: Policy, whenScaled: Policy): Promise<SimCluster> {
  const cluster = await SimCluster.start({ nodes: 2 });
  await cluster.api
    .of(statefulSet)
    .create(setOf(3, { persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled } }));
  await cluster.settled();
  return cluster;
}

const claims = async (cluster: SimCluster): Promise<readonly string[]> => {
  await cluster.settled();
  return (await cluster.api.of(persistentVolumeClaim).list()).items
    .map(({ metadata }) => `${metadata.name} ${(metadata.ownerReferences ?? []).map(({ kind }) => kind).join()}`.trim())
    .toSorted();
};

const scale = (cluster: SimCluster, replicas: number): Promise<unknown> =>
  cluster.api.of(statefulSet).update('default/db', (set) => ({ ...set, spec: { ...set.spec, replicas } }));

const all = (owner = ''): readonly string[] => [0, 1, 2].map((n) => `data-db-${n} ${owner}`.trim());

// What is there at first, after two pods less, and after the set is gone.
const table: readonly (readonly [
  whenDeleted: Policy,
  whenScaled: Policy,
  first: readonly string[],
  smaller: readonly string[],
  gone: readonly string[],
])[] = [
  ['Retain', 'Retain', all(), all(), all()],
  ['Delete', 'Retain', all('StatefulSet'), all('StatefulSet'), []],
  ['Retain', 'Delete', all(), ['data-db-0'], ['data-db-0']],
  ['Delete', 'Delete', all('StatefulSet'), ['data-db-0 StatefulSet'], []],
];
for (const [whenDeleted, whenScaled, first, smaller, gone] of table) {
  test(`statefulSetController: claims when deleted ${whenDeleted}, when scaled ${whenScaled}`, async () => {
    await using cluster = await withSet(whenDeleted, whenScaled);
    assert.deepEqual(await claims(cluster), first);
    await scale(cluster, 1);
    assert.deepEqual(await claims(cluster), smaller);
    await cluster.api.of(statefulSet).delete('default/db');
    assert.deepEqual(await claims(cluster), gone);
  });
}

test('statefulSetController follows a retention policy that changes', async () => {
  await using cluster = await withSet('Retain', 'Retain');
  await cluster.api.of(statefulSet).update('default/db', (set) => ({
    ...set,
    spec: { ...set.spec, persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' } },
  }));
  assert.deepEqual(await claims(cluster), all('StatefulSet'));
});

test('statefulSetController says of each claim that cannot be made why, and tries them all', async () => {
  await using plane = await ControlPlane.start({ controllers: [statefulSetController] });
  await plane.withServiceAccount();
  await plane.api.of(resourceQuota).create({
    metadata: { name: 'none', namespace: 'default' },
    spec: { hard: { persistentvolumeclaims: '0' } },
  });
  await plane.api.of(resourceQuota).update(
    'default/none',
    (quota) => ({
      ...quota,
      status: { hard: { persistentvolumeclaims: '0' }, used: { persistentvolumeclaims: '0' } },
    }),
    { subresource: 'status' },
  );
  await plane.clock.advance(100);
  await plane.api.of(statefulSet).create(setOf(1, {}, ['data', 'logs']));
  await plane.clock.advance(1000);
  const quota = (name: string): string =>
    `persistentvolumeclaims "${name}-db-0" is forbidden: exceeded quota: none, requested: persistentvolumeclaims=1, used: persistentvolumeclaims=0, limited: persistentvolumeclaims=0`;
  const failed = (name: string): string =>
    `FailedCreate: create Claim ${name}-db-0 for Pod db-0 in StatefulSet db failed error: ${quota(name)}`;
  const events = await plane.events('StatefulSet');
  assert.deepEqual(events.slice(0, 3), [
    failed('data'),
    failed('logs'),
    `FailedCreate: create Pod db-0 in StatefulSet db failed error: [failed to create PVC data-db-0: ${quota('data')}, failed to create PVC logs-db-0: ${quota('logs')}]`,
  ]);
});

test('statefulSetController makes claims of a pending pod again, and puts labels of identity back', async () => {
  await using plane = await ControlPlane.start({ controllers: [statefulSetController] });
  await plane.withServiceAccount();
  await plane.api.of(statefulSet).create(setOf(1, {}));
  await plane.clock.advance(1000);
  await plane.api
    .of(persistentVolumeClaim)
    .update('default/data-db-0', (claim) => ({ ...claim, metadata: { ...claim.metadata, finalizers: [] } }));
  await plane.api.of(persistentVolumeClaim).delete('default/data-db-0');
  await plane.clock.advance(100);
  const annotate = (p: Pod): Pod => ({ ...p, metadata: { ...p.metadata, annotations: { look: 'again' } } });
  await plane.api.of(pod).update('default/db-0', annotate);
  await plane.clock.advance(1000);
  assert.deepEqual(
    (await plane.list(persistentVolumeClaim)).map(({ metadata }) => metadata.name),
    ['data-db-0'],
  );
  const now = '2026-01-01T00:00:00Z';
  await plane.api.of(pod).update(
    'default/db-0',
    (p) => ({
      ...p,
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now }] },
    }),
    { subresource: 'status' },
  );
  const nameLabel = 'statefulset.kubernetes.io/pod-name';
  await plane.api.of(pod).update('default/db-0', (p) => {
    const { [nameLabel]: _, ...labels } = p.metadata.labels ?? {};
    return { ...p, metadata: { ...p.metadata, labels } };
  });
  await plane.clock.advance(1000);
  assert.equal((await plane.api.of(pod).get('default/db-0')).metadata.labels?.[nameLabel], 'db-0');
  assert.ok(
    (await plane.events('StatefulSet')).includes('SuccessfulUpdate: update Pod db-0 in StatefulSet db successful'),
  );
});

test('statefulSetController waits, without a word, for a claim that goes with a pod that is gone', async () => {
  await using plane = await ControlPlane.start({ controllers: [statefulSetController] });
  await plane.withServiceAccount();
  const gone = { apiVersion: 'v1', kind: 'Pod', name: 'db-0', uid: 'of-a-pod-that-is-gone', controller: true };
  const { spec } = setOf(1, {}).spec?.volumeClaimTemplates?.[0] ?? {};
  await plane.api.of(persistentVolumeClaim).create({
    metadata: { name: 'data-db-0', namespace: 'default', ownerReferences: [gone] },
    ...(spec ? { spec } : {}),
  });
  await plane.api
    .of(statefulSet)
    .create(setOf(1, { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Delete' } }));
  await plane.clock.advance(5000);
  assert.deepEqual([await plane.list(pod), await plane.events('StatefulSet')], [[], []]);
  const [{ metadata } = { metadata: undefined }] = await plane.list(persistentVolumeClaim);
  assert.deepEqual(
    metadata?.ownerReferences?.map(({ uid }) => uid),
    [gone.uid],
  );
  await plane.api
    .of(persistentVolumeClaim)
    .update('default/data-db-0', (claim) => ({ ...claim, metadata: { ...claim.metadata, finalizers: [] } }));
  await plane.api.of(persistentVolumeClaim).delete('default/data-db-0');
  await plane.clock.advance(60_000);
  assert.deepEqual(
    (await plane.list(pod)).map((p) => p.metadata.name),
    ['db-0'],
  );
});
