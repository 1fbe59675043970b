import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csiNode, node } from '@navarch/api';
import { SimCluster } from '@navarch/sim';
import { ensureCsiNode, type NodeObjectDeps, publishDriver, withdrawDriver } from './node-object.ts';

const info = (segments: Readonly<Record<string, string>> = {}, nodeId = 'i-1', maxVolumesPerNode = 0): never =>
  ({ nodeId, maxVolumesPerNode, accessibleTopology: { segments } }) as never;

async function withNode(work: (deps: NodeObjectDeps, said: () => Promise<unknown>) => Promise<void>): Promise<void> {
  await using cluster = await SimCluster.start({ nodes: 0 });
  const { api } = cluster;
  const { metadata } = await api.of(node).create({ metadata: { name: 'n1' } });
  const deps = { api, nodeName: metadata.name };
  await ensureCsiNode(deps);
  await work(deps, async () => {
    const { annotations = {}, labels = {} } = (await api.of(node).get(metadata.name)).metadata;
    return {
      drivers: (await api.of(csiNode).get(metadata.name)).spec.drivers,
      ids: annotations['csi.volume.kubernetes.io/nodeid'],
      zone: labels['topology.a/zone'],
    };
  });
}

test('publishDriver() says who and where the node is to a driver, and how many volumes it may have', () =>
  withNode(async (deps, said) => {
    await publishDriver('a', info({ 'topology.a/zone': 'z1' }, 'i-1', 3), deps);
    await publishDriver('b', info(), deps);
    await publishDriver('b', info(), deps);
    assert.deepEqual(await said(), {
      drivers: [
        { name: 'a', nodeID: 'i-1', topologyKeys: ['topology.a/zone'], allocatable: { count: 3 } },
        { name: 'b', nodeID: 'i-1', topologyKeys: null },
      ],
      ids: '{"a":"i-1","b":"i-1"}',
      zone: 'z1',
    });
    await withdrawDriver('a', deps);
    assert.deepEqual(await said(), {
      drivers: [{ name: 'b', nodeID: 'i-1', topologyKeys: null }],
      ids: '{"b":"i-1"}',
      zone: 'z1',
    });
    await withdrawDriver('b', deps);
    assert.deepEqual(await said(), { drivers: [], ids: undefined, zone: 'z1' });
  }));

test('publishDriver() says anew what may not be changed: who a driver takes the node for', () =>
  withNode(async (deps, said) => {
    await publishDriver('a', info({}, 'i-1'), deps);
    await publishDriver('a', info({}, 'i-2', 5), deps);
    const drivers = [{ name: 'a', nodeID: 'i-2', topologyKeys: null, allocatable: { count: 5 } }];
    assert.deepEqual(await said(), { drivers, ids: '{"a":"i-2"}', zone: undefined });
  }));

test('publishDriver() says another number of volumes without taking anything away', () =>
  withNode(async (deps, said) => {
    await publishDriver('a', info({}, 'i-1', 3), deps);
    const { metadata } = await deps.api.of(csiNode).get('n1');
    await publishDriver('a', info({}, 'i-1', 5), deps);
    const drivers = [{ name: 'a', nodeID: 'i-1', topologyKeys: null, allocatable: { count: 5 } }];
    assert.deepEqual(await said(), { drivers, ids: '{"a":"i-1"}', zone: undefined });
    const after = (await deps.api.of(csiNode).get('n1')).metadata;
    assert.equal(Number(after.resourceVersion) - Number(metadata.resourceVersion), 1);
  }));

test('publishDriver() refuses a place that another label contradicts, and a node without a name', () =>
  withNode(async (deps) => {
    await publishDriver('a', info({ 'topology.a/zone': 'z1' }), deps);
    await assert.rejects(
      publishDriver('b', info({ 'topology.a/zone': 'z2' }), deps),
      /detected topology value collision: driver reported "topology.a\/zone":"z2" but existing label is "topology.a\/zone":"z1"/,
    );
    await assert.rejects(publishDriver('b', info({}, ''), deps), /node ID is empty/);
  }));

test("ensureCsiNode() makes a node's object once, owned by the node", () =>
  withNode(async (deps) => {
    const { metadata } = await ensureCsiNode(deps);
    assert.equal(metadata.ownerReferences?.[0]?.name, deps.nodeName);
    assert.match(
      metadata.annotations?.['storage.alpha.kubernetes.io/migrated-plugins'] ?? '',
      /kubernetes.io\/aws-ebs,/,
    );
  }));
