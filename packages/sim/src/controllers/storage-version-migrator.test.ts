import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  configMap,
  type CustomObject,
  type CustomResourceDefinition,
  customResourceDefinition,
  storageVersionMigration,
} from '@navarch/api';
import { SimCluster } from '../sim-cluster.ts';

const NAME = 'apps.example.com';
const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
const versions = (stored: string) =>
  ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === stored, schema }));
const definition = {
  metadata: { name: NAME },
  spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'apps', kind: 'App' }, versions: versions('v1') },
};

const migrate = (cluster: SimCluster, name: string, group: string, resource: string): Promise<unknown> =>
  cluster.api.of(storageVersionMigration).create({ metadata: { name }, spec: { resource: { group, resource } } });
async function show(cluster: SimCluster, name: string): Promise<readonly string[]> {
  const { status } = await cluster.api.of(storageVersionMigration).get(name);
  return (status.conditions ?? []).map((c) => `${c.type} ${c.status} ${c.reason} ${c.message}`.trim());
}
const SUCCEEDED = ['Succeeded True StorageVersionMigrationSucceeded'];

/** In which versions the apps of the cluster are stored. */
async function stored(cluster: SimCluster): Promise<readonly string[]> {
  const { entries } = await cluster.store.list('/registry/example.com/apps/');
  return entries.map(({ value }) => (JSON.parse(new TextDecoder().decode(value)) as { apiVersion: string }).apiVersion);
}
const toldOf = async (cluster: SimCluster): Promise<readonly unknown[]> => {
  const { status } = await cluster.api.of(customResourceDefinition).get(NAME);
  const migrating = status.conditions?.find(({ type }) => type === 'StorageMigrating');
  return [migrating?.status, migrating?.reason, status.storedVersions];
};

async function withApps(count: number): Promise<SimCluster> {
  const cluster = await SimCluster.start({ nodes: 0 });
  await cluster.api.of(customResourceDefinition).create(definition as never);
  await cluster.advance('5s');
  const apps = cluster.api.of(cluster.kind<CustomObject>('example.com/v1', 'apps'));
  for (let i = 0; i < count; i++) await apps.create({ metadata: { name: `a${i}`, namespace: 'default' } } as never);
  await cluster.api
    .of(customResourceDefinition)
    .update(NAME, (d) => ({ ...d, spec: { ...d.spec, versions: versions('v2') } }) as CustomResourceDefinition);
  await cluster.advance('5s');
  return cluster;
}

test('storage-version-migrator stores every object in the version of now, and the definition forgets the others', async () => {
  await using cluster = await withApps(3);
  assert.deepEqual(await stored(cluster), ['example.com/v1', 'example.com/v1', 'example.com/v1']);
  assert.deepEqual(await toldOf(cluster), [undefined, undefined, ['v1', 'v2']]);
  await migrate(cluster, 'm', 'example.com', 'apps');
  await cluster.advance('10s');
  assert.deepEqual(await show(cluster, 'm'), SUCCEEDED);
  assert.deepEqual(await stored(cluster), ['example.com/v2', 'example.com/v2', 'example.com/v2']);
  assert.deepEqual(await toldOf(cluster), ['False', 'MigrationSucceeded', ['v2']]);
});

test('storage-version-migrator does one migration of a resource after the other', async () => {
  await using cluster = await withApps(1);
  for (const name of ['b', 'a']) await migrate(cluster, name, 'example.com', 'apps');
  await cluster.advance('20s');
  assert.deepEqual([await show(cluster, 'a'), await show(cluster, 'b')], [SUCCEEDED, SUCCEEDED]);
});

test('storage-version-migrator changes nothing that is stored as it should be, and gives up on what nobody serves', async () => {
  await using cluster = await SimCluster.start({ nodes: 0 });
  await cluster.api.of(configMap).create({ metadata: { name: 'c', namespace: 'default' } });
  const { metadata: before } = await cluster.api.of(configMap).get('default/c');
  await migrate(cluster, 'maps', '', 'configmaps');
  await migrate(cluster, 'none', 'example.com', 'nothings');
  await cluster.advance('30s');
  assert.deepEqual(await show(cluster, 'maps'), SUCCEEDED);
  assert.equal((await cluster.api.of(configMap).get('default/c')).metadata.resourceVersion, before.resourceVersion);
  assert.deepEqual(await show(cluster, 'none'), ['Running True MigrationRunning The migration is running']);
  await cluster.advance('1m');
  assert.deepEqual(await show(cluster, 'none'), [
    'Failed True StorageVersionMigrationFailed migration encountered unhandled error: unable to obtain GVR from discovery',
  ]);
});
