import assert from 'node:assert/strict';
import { test } from 'node:test';
import { persistentVolumeClaim, statefulSet } from '@navarch/api';
import { SimCluster } from '../sim-cluster.ts';

const LABELS = { app: 'db' };
type Policy = 'Retain' | 'Delete';

async function withSet(whenDeleted: Policy, whenScaled: Policy): Promise<SimCluster> {
  const cluster = await SimCluster.start({ nodes: 2 });
  await cluster.api.of(statefulSet).create({
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      serviceName: 'db',
      replicas: 3,
      selector: { matchLabels: LABELS },
      persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled },
      template: {
        metadata: { labels: LABELS },
        spec: { containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'data', mountPath: '/data' }] }] },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  });
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
