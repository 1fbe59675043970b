import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  configMap,
  type CustomObject,
  customResourceDefinition,
  namespace,
  pod,
  podDisruptionBudget,
} from '@navarch/api';
import type { KindApi } from '@navarch/client';
import { SimCluster } from '../sim-cluster.ts';

const definition = {
  metadata: { name: 'apps.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'apps', kind: 'App' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' } },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
          },
        },
      },
    ],
  },
} as const;

/** A cluster that serves apps, and the way to them. */
async function withApps(): Promise<{ readonly cluster: SimCluster; readonly apps: () => KindApi<CustomObject> }> {
  const cluster = await SimCluster.start({ nodes: 0 });
  await cluster.api.of(customResourceDefinition).create(definition as never);
  await cluster.advance('5s');
  return { cluster, apps: () => cluster.api.of(cluster.kind<CustomObject>('example.com/v1', 'apps')) };
}

test('the garbage collector takes what a custom resource owned, and custom resources that others owned', async () => {
  const { cluster, apps } = await withApps();
  await using _ = cluster;
  const app = await apps().create({ metadata: { name: 'a', namespace: 'default' }, spec: { size: 1 } } as never);
  const owner = { apiVersion: 'example.com/v1', kind: 'App', name: 'a', uid: app.metadata.uid };
  await cluster.api
    .of(configMap)
    .create({ metadata: { name: 'owned', namespace: 'default', ownerReferences: [owner] } });
  await apps().create({ metadata: { name: 'child', namespace: 'default', ownerReferences: [owner] } } as never);
  await cluster.advance('10s');
  assert.equal((await apps().list({ namespace: 'default' })).items.length, 2);
  await apps().delete('default/a');
  await cluster.advance('10s');
  assert.deepEqual((await apps().list({ namespace: 'default' })).items, []);
  assert.deepEqual(
    (await cluster.api.of(configMap).list({ namespace: 'default' })).items.map((item) => item.metadata.name),
    ['kube-root-ca.crt'],
  );
});

test('a disruption budget is a share of what custom resources want', async () => {
  const { cluster, apps } = await withApps();
  await using _ = cluster;
  const { metadata } = await apps().create({
    metadata: { name: 'a', namespace: 'default' },
    spec: { size: 8 },
  } as never);
  const ownerReferences = [
    { apiVersion: 'example.com/v1', kind: 'App', name: 'a', uid: metadata.uid, controller: true },
  ];
  await cluster.api.of(pod).create({
    metadata: { name: 'p', namespace: 'default', labels: { app: 'a' }, ownerReferences },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  await cluster.api.of(podDisruptionBudget).create({
    metadata: { name: 'b', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'a' } }, maxUnavailable: '25%' },
  });
  await cluster.advance('10s');
  const { status } = await cluster.api.of(podDisruptionBudget).get('default/b');
  assert.deepEqual([status.expectedPods, status.desiredHealthy], [8, 6]);
});

test('a namespace goes with the custom resources in it', async () => {
  const { cluster, apps } = await withApps();
  await using _ = cluster;
  await cluster.api.of(namespace).create({ metadata: { name: 'n' } });
  await cluster.advance('1s');
  await apps().create({ metadata: { name: 'a', namespace: 'n' } } as never);
  await cluster.api.of(namespace).delete('n');
  await cluster.advance('20s');
  assert.deepEqual(
    (await cluster.api.of(namespace).list()).items.filter((item) => item.metadata.name === 'n'),
    [],
  );
  assert.deepEqual((await apps().list()).items, []);
});

test('custom resources are there again after a crash of the API server', async () => {
  const { cluster, apps } = await withApps();
  await using _ = cluster;
  await apps().create({ metadata: { name: 'a', namespace: 'default' }, spec: { size: 3 } } as never);
  await cluster.crashServer('2s');
  assert.deepEqual((await apps().get('default/a')).spec, { size: 3 });
});
