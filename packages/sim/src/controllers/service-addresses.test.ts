import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipAddress, service, serviceAddressDraft, serviceAddresses, serviceCIDR } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { serviceAddressRepairController, serviceCidrsController } from '@navarch/controllers';
import { ControlPlane, type ControlPlaneOptions } from '../testing/control-plane.ts';

const start = (options: Partial<ControlPlaneOptions> = {}): Promise<ControlPlane> =>
  ControlPlane.start({ controllers: [serviceAddressRepairController, serviceCidrsController], ...options });
const make = (plane: ControlPlane, name: string, spec: object = {}) =>
  plane.api.of(service).create({ metadata: { name, namespace: 'default' }, spec: { ports: [{ port: 80 }], ...spec } });
const held = async (plane: ControlPlane): Promise<readonly string[]> =>
  (await plane.list(ipAddress)).map(({ metadata, spec }) => `${metadata.name} ${spec.parentRef?.name}`).sort();
const wanted = async (plane: ControlPlane): Promise<readonly string[]> =>
  (await plane.list(service))
    .flatMap((one) => serviceAddresses(one).map((address) => `${address} ${one.metadata.name}`))
    .sort();

test('serviceAddressRepairController writes anew the IPAddress of a service that somebody deleted, and says so', async () => {
  await using plane = await start();
  await make(plane, 'web', { clusterIP: '10.96.9.9' });
  await plane.clock.advance(1000);
  await plane.api.of(ipAddress).delete('10.96.9.9');
  await plane.clock.advance(2000);
  assert.deepEqual(await held(plane), await wanted(plane));
  const { labels } = (await plane.api.of(ipAddress).get('10.96.9.9')).metadata;
  assert.equal(labels?.['ipaddress.kubernetes.io/managed-by'], 'ipallocator.k8s.io');
  assert.deepEqual(await plane.events('Service'), [
    'ClusterIPNotAllocated: Cluster IP [IPv4]: 10.96.9.9 is not allocated; repairing',
  ]);
});

test('serviceAddressRepairController gives a service its address back that refers to another', async () => {
  // So late that both changes are seen at once.
  await using plane = await start({ faults: { watchLagMs: 3000 } });
  const web = await make(plane, 'web', { clusterIP: '10.96.9.9' });
  await plane.api.of(ipAddress).delete('10.96.9.9');
  await plane.api
    .of(ipAddress)
    .create(serviceAddressDraft('10.96.9.9', { ...web, metadata: { ...web.metadata, name: 'nobody' } }));
  await plane.clock.advance(8000);
  assert.deepEqual(await held(plane), await wanted(plane));
  assert.deepEqual(await plane.events('Service'), [
    'ClusterIPNotAllocated: the ClusterIP [IPv4]: 10.96.9.9 for Service default/web has a wrong reference; repairing',
  ]);
});

test('serviceAddressRepairController removes an address of ours without a service after a minute, and leaves those of others', async () => {
  await using plane = await start();
  const web = await make(plane, 'web');
  const lost = serviceAddressDraft('10.96.9.9', { ...web, metadata: { ...web.metadata, name: 'nobody' } });
  await plane.api.of(ipAddress).create(lost);
  await plane.api.of(ipAddress).create({ metadata: { name: '10.96.9.8' }, spec: lost.spec });
  await plane.clock.advance(55_000);
  assert.ok((await held(plane)).includes('10.96.9.9 nobody'));
  await plane.clock.advance(10_000);
  assert.deepEqual(
    (await held(plane)).filter((one) => one.endsWith('nobody')),
    ['10.96.9.8 nobody'],
  );
  assert.deepEqual(await plane.events('IPAddress'), [
    'IPAddressNotAllocated: IPAddress: 10.96.9.9 for Service default/nobody appears to have leaked: cleaning up',
  ]);
});

test('serviceAddressRepairController says that an address lies in no range', async () => {
  await using plane = await start();
  await plane.api.of(serviceCIDR).create({ metadata: { name: 'more' }, spec: { cidrs: ['203.0.113.0/24'] } });
  await plane.clock.advance(1000);
  await make(plane, 'web', { clusterIP: '203.0.113.10' });
  await plane.api.of(serviceCIDR).delete('more');
  await plane.clock.advance(1000);
  assert.ok(
    (await plane.list(serviceCIDR)).some(({ metadata }) => metadata.name === 'more'),
    'a range in use stays',
  );
  assert.deepEqual(await plane.events('Service'), []);
  await plane.api
    .of(serviceCIDR)
    .update('more', (range) => ({ ...range, metadata: { ...range.metadata, finalizers: [] } }));
  await plane.api
    .of(service)
    .update('default/web', (web) => ({ ...web, metadata: { ...web.metadata, labels: { a: 'b' } } }));
  await plane.clock.advance(2000);
  assert.deepEqual(await plane.events('Service'), [
    'ClusterIPOutOfRange: Cluster IP [IPv4]: 203.0.113.10 is not within any configured Service CIDR; please recreate service',
  ]);
});

for (const seed of Array.from({ length: 12 }, (_, i) => i + 1)) {
  test(`services and addresses stay together whatever the network does, and nothing is repaired that is right, seed ${seed}`, async () => {
    await using plane = await start({
      seed,
      faults: { latencyMs: 200, watchLagMs: 3000, loseAnswer: 0.15, refuse: 0.1, breakWatch: 0.05 },
    });
    const random = seededRandom(seed);
    const names = ['a', 'b', 'c', 'd'];
    for (let i = 0; i < 60; i++) {
      const name = names[random.uint32() % names.length] ?? '';
      const found = (await plane.list(service)).find(({ metadata }) => metadata.name === name);
      if (!found) await make(plane, name, { clusterIP: `10.96.9.${(random.uint32() % 4) + 1}` }).catch(() => undefined);
      else if (random.uint32() % 3 > 0) await plane.api.of(service).delete(`default/${name}`);
      else {
        const type = found.spec.type === 'ExternalName' ? 'ClusterIP' : 'ExternalName';
        await plane.api.of(service).update(`default/${name}`, (s) => ({
          ...s,
          spec: { ...s.spec, type, externalName: type === 'ExternalName' ? 'a.b' : '' },
        }));
      }
      assert.deepEqual(await held(plane), await wanted(plane));
      await plane.clock.advance(random.uint32() % 2000);
    }
    await plane.clock.advance(200_000);
    assert.deepEqual(await held(plane), await wanted(plane));
    assert.deepEqual([...(await plane.events('Service')), ...(await plane.events('IPAddress'))], []);
  });
}
