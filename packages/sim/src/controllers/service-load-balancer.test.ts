import assert from 'node:assert/strict';
import { test } from 'node:test';
import { node, poolRange, service, type Service } from '@navarch/api';
import { addressPool, type LoadBalancers, serviceLoadBalancerController } from '@navarch/controllers';
import { ControlPlane } from '../testing/control-plane.ts';

const pool = (): LoadBalancers => addressPool([poolRange('203.0.113.1-203.0.113.2') ?? assert.fail()]);

async function start(balancers = pool(), faults = {}): Promise<ControlPlane> {
  const plane = await ControlPlane.start({ controllers: [serviceLoadBalancerController(balancers)], faults });
  await plane.api.of(node).create({ metadata: { name: 'a' } });
  return plane;
}
const add = (plane: ControlPlane, name: string, spec: Partial<Service['spec']> = {}): Promise<Service> =>
  plane.api.of(service).create({
    metadata: { namespace: 'default', name },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
  });
const changed = async (plane: ControlPlane, name: string, spec: Partial<Service['spec']>): Promise<void> => {
  await plane.api.of(service).update(`default/${name}`, (s) => ({ ...s, spec: { ...s.spec, ...spec } }));
  await plane.clock.advance(2000);
};
async function show(plane: ControlPlane, name: string): Promise<readonly unknown[]> {
  const { metadata, status } = await plane.api.of(service).get(`default/${name}`);
  return [metadata.finalizers ?? [], (status.loadBalancer.ingress ?? []).map(({ ip, ipMode }) => `${ip} ${ipMode}`)];
}
const HELD = ['service.kubernetes.io/load-balancer-cleanup'];

test('service-lb-controller gives an address, tells of it, and takes it back with the type or the service', async () => {
  await using plane = await start();
  await add(plane, 'web');
  await plane.clock.advance(2000);
  assert.deepEqual(await show(plane, 'web'), [HELD, ['203.0.113.1 VIP']]);
  await plane.api.of(service).update('default/web', (s) => ({ ...s, spec: { ...s.spec, type: 'ClusterIP' } }));
  assert.deepEqual((await show(plane, 'web'))[1], [], 'nobody is sent to what is about to go');
  await plane.clock.advance(2000);
  assert.deepEqual(await show(plane, 'web'), [[], []]);
  await changed(plane, 'web', { type: 'LoadBalancer' });
  assert.deepEqual(await show(plane, 'web'), [HELD, ['203.0.113.1 VIP']]);
  await plane.api.of(service).delete('default/web');
  await plane.clock.advance(2000);
  assert.deepEqual(
    (await plane.list(service)).map(({ metadata }) => metadata.name),
    ['kubernetes'],
  );
  // What is said again is counted up: by the order of the last time.
  assert.deepEqual(await plane.events('Service'), [
    'Type: LoadBalancer -> ClusterIP',
    'Type: ClusterIP -> LoadBalancer',
    'EnsuringLoadBalancer: Ensuring load balancer',
    'EnsuredLoadBalancer: Ensured load balancer',
    'DeletingLoadBalancer: Deleting load balancer',
    'DeletedLoadBalancer: Deleted load balancer',
  ]);
});

test('service-lb-controller says that no address is left, and gives the next that is free', async () => {
  await using plane = await start();
  for (const name of ['a', 'b', 'c']) await add(plane, name);
  await plane.clock.advance(5000);
  assert.deepEqual(await show(plane, 'c'), [HELD, []]);
  assert.ok(
    (await plane.events('Service')).includes(
      'SyncLoadBalancerFailed: Error syncing load balancer: failed to ensure load balancer: no IPv4 address of the pool is free: 203.0.113.1-203.0.113.2',
    ),
  );
  await plane.api.of(service).delete('default/a');
  await plane.clock.advance(5000);
  assert.deepEqual(await show(plane, 'c'), [HELD, ['203.0.113.1 VIP']]);
  assert.deepEqual(await show(plane, 'b'), [HELD, ['203.0.113.2 VIP']]);
});

test('service-lb-controller follows source ranges, and leaves services of a class to others', async () => {
  await using plane = await start();
  await add(plane, 'web');
  await add(plane, 'other', { loadBalancerClass: 'example.com/l' });
  await plane.clock.advance(2000);
  await changed(plane, 'web', { loadBalancerSourceRanges: ['10.0.0.0/8', '192.0.2.0/24'] });
  assert.deepEqual(await show(plane, 'other'), [[], []]);
  assert.ok((await plane.events('Service')).includes('LoadBalancerSourceRanges: [] -> [10.0.0.0/8 192.0.2.0/24]'));
});

test('service-lb-controller sends to the nodes that there are, but to none that is left out', async () => {
  const calls: string[] = [];
  const cloud: LoadBalancers = {
    find: async () => ({ ingress: [{ hostname: 'lb.example' }] }),
    async ensure(_, { nodes }) {
      calls.push(`ensure ${nodes.map(({ metadata }) => metadata.name).join(',')}`);
      return { ingress: [{ hostname: 'lb.example' }] };
    },
    async sendTo(_, nodes) {
      calls.push(`send to ${nodes.map(({ metadata }) => metadata.name).join(',')}`);
    },
    async remove() {
      calls.push('remove');
    },
  };
  await using plane = await start(cloud);
  await plane.clock.advance(1000);
  await add(plane, 'web');
  await plane.clock.advance(2000);
  await plane.api.of(node).create({ metadata: { name: 'b' } });
  const labels = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' };
  await plane.api.of(node).create({ metadata: { name: 'c', labels } });
  await plane.clock.advance(2000);
  await plane.api.of(node).delete('b');
  await plane.api.of(node).delete('a');
  await plane.clock.advance(2000);
  assert.deepEqual(calls.slice(0, 2), ['ensure a', 'send to a,b']);
  assert.equal(calls.at(-1), 'send to ');
  const told = await plane.events('Service');
  assert.ok(told.includes('UpdatedLoadBalancer: Updated load balancer with new hosts'));
  assert.ok(told.includes('UnAvailableLoadBalancer: There are no available nodes for LoadBalancer'));
  await plane.api.of(service).delete('default/web');
  await plane.clock.advance(2000);
  assert.equal(calls.at(-1), 'remove');
});

test('service-lb-controller tells every balancer of nodes though one refuses, and that one again', async () => {
  const sent: string[] = [];
  const cloud: LoadBalancers = {
    find: async () => undefined,
    ensure: async () => ({ ingress: [{ hostname: 'lb.example' }] }),
    async sendTo({ metadata: { name } }) {
      const tries = sent.filter((one) => one.startsWith(`${name} `)).length;
      sent.push(`${name} ${tries}`);
      if (name === 'a' && tries < 2) throw new Error('try later');
    },
    remove: async () => undefined,
  };
  await using plane = await start(cloud);
  for (const name of ['a', 'b', 'c']) await add(plane, name);
  await plane.clock.advance(2000);
  await plane.api.of(node).create({ metadata: { name: 'late' } });
  await plane.clock.advance(60_000);
  assert.deepEqual(sent.toSorted(), ['a 0', 'a 1', 'a 2', 'b 0', 'c 0']);
  assert.ok(
    (await plane.events('Service')).includes(
      'UpdateLoadBalancerFailed: Error updating load balancer with new hosts [a late]: try later',
    ),
  );
  const of = (name: string): readonly string[] => plane.counted(`service_controller_${name}`);
  assert.deepEqual(of('loadbalancer_sync_total'), [' 5']);
  assert.deepEqual(of('nodesync_error_total'), [' 2']);
  assert.deepEqual(of('nodesync_latency_seconds_count'), [' 3']);
  assert.deepEqual(of('update_loadbalancer_host_latency_seconds_count'), [' 5']);
});

for (const seed of [1, 2, 3, 4, 5])
  test(`service-lb-controller gives no address twice on a network that loses answers, seed ${seed}`, async () => {
    const plane = await ControlPlane.start({
      controllers: [serviceLoadBalancerController(addressPool([poolRange('203.0.113.0/26') ?? assert.fail()]))],
      seed,
      faults: { refuse: 0.1, loseAnswer: 0.1, watchLagMs: 1000, latencyMs: 200 },
    });
    await using _ = plane;
    for (let i = 0; i < 30; i++) {
      await add(plane, `s${i}`);
      if (i % 3 === 2) await plane.api.of(service).delete(`default/s${i - 1}`);
      await plane.clock.advance(100);
    }
    await plane.clock.advance(120_000);
    const given = (await plane.list(service)).flatMap(
      ({ status }) => status.loadBalancer.ingress?.map(({ ip }) => ip) ?? [],
    );
    assert.equal(given.length, 20);
    assert.equal(new Set(given).size, 20);
  });
