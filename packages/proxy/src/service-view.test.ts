import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice, Service } from '@navarch/api';
import type { ProxyNode } from './reachable.ts';
import { ServiceView } from './service-view.ts';
import { ServiceKernel } from './testing/service-kernel.ts';

// Examples by name; what holds for all of them is in service-view.property.test.ts.

const node: ProxyNode = { name: 'a', clusterCidr: '10.244.0.0/16' };
const OUTSIDE = '198.51.100.1';
const POD = '10.244.0.99';
const NODE_ADDRESS = '172.18.0.2';

const serviceOf = (name: string, spec: object = {}, status: object = {}): Service =>
  ({
    metadata: { name, namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
    status: { loadBalancer: {}, ...status },
    spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30_080 }], ...spec },
  }) as unknown as Service;
const sliceOf = (name: string, endpoints: readonly object[], port = 8080): EndpointSlice =>
  ({
    metadata: { name: `${name}-${port}`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port }],
    endpoints,
  }) as unknown as EndpointSlice;
const end = (address: string, conditions: object = { ready: true }, nodeName = 'a'): object => ({
  addresses: [address],
  conditions,
  nodeName,
});

class World {
  readonly view: ServiceView;
  readonly kernel = new ServiceKernel([NODE_ADDRESS], (address) => address.startsWith('10.244.0.'));

  constructor(at: Partial<ProxyNode> = {}) {
    this.view = new ServiceView({ ...node, ...at });
  }

  with(services: readonly Service[], slices: readonly EndpointSlice[]): this {
    for (const one of services) this.view.setService(`default/${one.metadata.name}`, one);
    for (const one of slices) this.view.setSlice(`default/${one.metadata.name}`, one);
    return this.applied();
  }

  applied(): this {
    this.kernel.apply(this.view.take().script);
    return this;
  }

  reached(to = '10.96.0.7', port = 80, from = POD): string {
    return this.kernel
      .outcomes({ family: 'ip', from, to, protocol: 'tcp', port })
      .map((outcome) => outcome.to.replace(' ', ':'))
      .join(' ');
  }
}

/** Whom a packet for the one service seems to come from, for each endpoint. */
function seen(world: World, from: string): readonly string[] {
  const packet = { family: 'ip', from, to: '10.96.0.7', protocol: 'tcp', port: 80 } as const;
  return world.kernel.outcomes(packet).map(({ to, isMasqueraded }) => `${to}: ${isMasqueraded ? 'the node' : from}`);
}

/** Where a packet of a pod goes that is for the one service there is. */
const reached = (spec: object, endpoints: readonly object[], at: Partial<ProxyNode> = {}): string =>
  new World(at).with([serviceOf('web', spec)], [sliceOf('web', endpoints)]).reached();

test('ServiceView sends to ready endpoints, and to ending ones only when none is ready', () => {
  const ending = { ready: false, serving: true, terminating: true };
  assert.equal(
    reached({}, [end('10.244.0.5'), end('10.244.1.6', { ready: true }, 'b'), end('10.244.0.7', ending)]),
    '10.244.0.5:8080 10.244.1.6:8080',
  );
  assert.equal(reached({}, [end('10.244.0.7', ending)]), '10.244.0.7:8080');
  assert.equal(reached({}, [end('10.244.0.7', { ready: false })]), 'reject');
});

test("ServiceView leaves the node's own address to packets that it sends to its own pods, unless it is a loopback one", () => {
  const endpoints = [end('10.244.0.5'), end('10.244.1.6', { ready: true }, 'b')];
  const made = (at: Partial<ProxyNode>): World => new World(at).with([serviceOf('web')], [sliceOf('web', endpoints)]);
  const world = made({ bridge: 'pods' });
  assert.deepEqual(seen(world, NODE_ADDRESS), [`10.244.0.5 8080: ${NODE_ADDRESS}`, '10.244.1.6 8080: the node']);
  for (const from of ['127.0.0.1', OUTSIDE])
    assert.deepEqual(seen(world, from), ['10.244.0.5 8080: the node', '10.244.1.6 8080: the node']);
  // Where somebody else's network carries packets, it may be only theirs that leads answers back.
  assert.deepEqual(seen(made({}), NODE_ADDRESS), ['10.244.0.5 8080: the node', '10.244.1.6 8080: the node']);
});

test('ServiceView reaches two pods of one node address by their own ports', () => {
  const world = new World().with(
    [serviceOf('web')],
    [sliceOf('web', [end('10.95.0.1')], 8080), sliceOf('web', [end('10.95.0.1')], 9090)],
  );
  assert.equal(world.reached(), '10.95.0.1:8080 10.95.0.1:9090');
});

test('ServiceView keeps traffic on the node where the policy says so, and that from outside alone by external addresses', () => {
  const endpoints = [end('10.244.0.5'), end('10.244.1.6', { ready: true }, 'b')];
  assert.equal(reached({ internalTrafficPolicy: 'Local' }, endpoints), '10.244.0.5:8080');
  const world = new World().with(
    [serviceOf('web', { externalTrafficPolicy: 'Local', externalIPs: ['192.0.2.1'] })],
    [sliceOf('web', endpoints)],
  );
  const both = '10.244.0.5:8080 10.244.1.6:8080';
  assert.equal(world.reached('192.0.2.1', 80, OUTSIDE), '10.244.0.5:8080');
  assert.equal(world.reached(NODE_ADDRESS, 30_080, OUTSIDE), '10.244.0.5:8080');
  for (const from of [POD, NODE_ADDRESS]) assert.equal(world.reached('192.0.2.1', 80, from), both);
  assert.equal(world.reached(), both);
});

test('ServiceView drops what only other nodes could answer, and refuses what nobody can', () => {
  const elsewhere = [end('10.244.1.6', { ready: true }, 'b')];
  assert.equal(reached({ internalTrafficPolicy: 'Local' }, elsewhere), 'drop');
  assert.equal(reached({ internalTrafficPolicy: 'Local' }, []), 'reject');
  for (const [endpoints, verdict] of [
    [elsewhere, 'drop'],
    [[], 'reject'],
  ] as const) {
    const world = new World().with([serviceOf('web', { externalTrafficPolicy: 'Local' })], [sliceOf('web', endpoints)]);
    assert.equal(world.reached(NODE_ADDRESS, 30_080, OUTSIDE), verdict);
  }
});

test('ServiceView makes nothing of headless services and external names', () => {
  assert.equal(reached({ clusterIP: 'None' }, [end('10.244.0.5')]), '10.96.0.7:80');
  assert.equal(reached({ type: 'ExternalName' }, [end('10.244.0.5')]), '10.96.0.7:80');
});

const hinted = (address: string, zone: string, conditions: object = { ready: true }): object => ({
  addresses: [address],
  conditions,
  nodeName: `node-${zone}`,
  hints: { forZones: [{ name: zone }] },
});

test('ServiceView prefers endpoints meant for the zone of the node, falls back to all, and follows the node to another', () => {
  const both = [hinted('10.244.0.5', 'z1'), hinted('10.244.1.6', 'z2')];
  const [first, second, third] = ['10.244.0.5:8080', '10.244.1.6:8080', '10.244.2.7:8080'];
  const at = { zone: 'z1' };
  assert.equal(reached({}, both, at), first);
  assert.equal(reached({}, both, { zone: 'z3' }), `${first} ${second}`, 'nobody is meant for z3');
  assert.equal(reached({}, both), `${first} ${second}`, 'a node without a zone');
  const unhinted = end('10.244.2.7', { ready: true }, 'c');
  assert.equal(reached({}, [...both, unhinted], at), `${first} ${second} ${third}`, 'one without hints');
  const ending = { ready: false, serving: true, terminating: true };
  const late = [hinted('10.244.0.5', 'z1', ending), hinted('10.244.1.6', 'z2')];
  assert.equal(reached({}, late, at), second, 'ready elsewhere before ending here');
  assert.equal(reached({}, [...both, end('10.244.2.7', { ready: false })], at), first, 'hints of ready ones count');
  const world = new World(at).with([serviceOf('web')], [sliceOf('web', both)]);
  assert.deepEqual([world.view.setZone('z1'), world.view.setZone('z2')], [false, true]);
  assert.equal(world.applied().reached(), second);
});

test('ServiceView prefers endpoints meant for the node to those of its zone', () => {
  const forNode = (address: string, name: string, zone: string): object => ({
    addresses: [address],
    conditions: { ready: true },
    nodeName: name,
    hints: { forZones: [{ name: zone }], forNodes: [{ name }] },
  });
  const three = [forNode('10.244.0.5', 'a', 'z1'), forNode('10.244.1.6', 'b', 'z1'), forNode('10.244.2.7', 'c', 'z2')];
  assert.equal(reached({}, three, { zone: 'z1' }), '10.244.0.5:8080');
  assert.equal(reached({}, three, { name: 'd', zone: 'z1' }), '10.244.0.5:8080 10.244.1.6:8080');
});

test('ServiceView.withoutLocal() counts ports that nobody here answers, and nobody elsewhere may', () => {
  const far = [end('10.244.1.6', { ready: true }, 'b')];
  const world = new World().with(
    [
      serviceOf('inner', { internalTrafficPolicy: 'Local' }),
      serviceOf('outer', { clusterIP: '10.96.0.8', externalTrafficPolicy: 'Local', type: 'NodePort' }),
      serviceOf('nobody', { clusterIP: '10.96.0.9', internalTrafficPolicy: 'Local' }),
    ],
    [sliceOf('inner', far), sliceOf('outer', far)],
  );
  const counted = (): readonly number[] =>
    (['IPv4 internal', 'IPv4 external', 'IPv6 internal'] as const).map((which) => world.view.withoutLocal(which));
  assert.deepEqual(counted(), [1, 1, 0]);
  world.with([], [sliceOf('inner', [...far, end('10.244.0.5')])]);
  assert.deepEqual(counted(), [0, 1, 0]);
  world.view.setService('default/outer', undefined);
  world.applied();
  assert.deepEqual(counted(), [0, 0, 0]);
});

test('ServiceView.healthChecks() counts the ready endpoints of this node, of balanced services of local policy', () => {
  const local = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 32_000 };
  const slice = sliceOf('web', [
    end('10.244.0.5'),
    end('10.244.0.6', { ready: false }),
    end('10.244.1.6', { ready: true }, 'b'),
  ]);
  const checks = (name: string, spec: object): readonly unknown[] => [
    ...new World({ name })
      .with([serviceOf('web', spec)], [slice])
      .view.healthChecks()
      .values(),
  ];
  assert.deepEqual(checks('a', local), [{ port: 32_000, namespace: 'default', name: 'web', localEndpoints: 1 }]);
  assert.deepEqual(checks('c', local), [{ port: 32_000, namespace: 'default', name: 'web', localEndpoints: 0 }]);
  assert.deepEqual(checks('a', { ...local, externalTrafficPolicy: 'Cluster' }), []);
});

test('ServiceView lets only those through to a balancer address that the service names', () => {
  const ingress = [
    { ip: '203.0.113.1', ipMode: 'VIP' },
    { ip: '203.0.113.2', ipMode: 'Proxy' },
  ];
  const spec = {
    type: 'LoadBalancer',
    loadBalancerSourceRanges: ['192.0.2.0/24', ' 198.51.100.7/32'],
    externalIPs: ['203.0.113.9'],
  };
  const world = new World().with(
    [serviceOf('web', spec, { loadBalancer: { ingress } })],
    [sliceOf('web', [end('10.244.0.5')])],
  );
  const from = (address: string, to: string): string => world.reached(to, 80, address);
  assert.equal(from('198.51.100.7', '203.0.113.1'), '10.244.0.5:8080');
  assert.equal(from('198.51.100.8', '203.0.113.1'), 'drop');
  assert.equal(from('198.51.100.8', '203.0.113.9'), '10.244.0.5:8080');
  assert.equal(from('198.51.100.8', '203.0.113.2'), '203.0.113.2:80', 'the balancer itself');
});

test('ServiceView gives a place that two services name to the one whose own it is, then to the older', () => {
  const [own, first, second] = [
    serviceOf('own', { clusterIP: '10.96.0.1' }),
    serviceOf('first', { clusterIP: '10.96.0.2', externalIPs: ['192.0.2.1'] }),
    serviceOf('second', { clusterIP: '10.96.0.3', externalIPs: ['192.0.2.1', '10.96.0.1'] }),
  ].map((service, i) => ({
    ...service,
    metadata: { ...service.metadata, creationTimestamp: `2026-01-0${9 - i}T00:00:00Z` },
  }));
  assert.ok(own && first && second);
  const slices = ['own', 'first', 'second'].map((name, i) => sliceOf(name, [end(`10.244.0.${i + 1}`)]));
  const world = new World().with([own, first, second], slices);
  assert.deepEqual([world.reached('192.0.2.1'), world.reached('10.96.0.1')], ['10.244.0.3:8080', '10.244.0.1:8080']);
  world.view.setService('default/second', undefined);
  assert.equal(world.applied().reached('192.0.2.1'), '10.244.0.2:8080');
});

test('ServiceView leads a client that is remembered to its endpoint by every place of the service, until the endpoint went', () => {
  const world = new World();
  const ends = ['10.244.0.5', '10.244.0.6', '10.244.0.7'];
  const told = (addresses: readonly string[], sessionAffinity = 'ClientIP'): World =>
    world.with(
      [serviceOf('web', { sessionAffinity, externalIPs: ['192.0.2.1'] })],
      [
        sliceOf(
          'web',
          addresses.map((address) => end(address)),
        ),
      ],
    );
  const packet = { family: 'ip', from: NODE_ADDRESS, to: '10.96.0.7', protocol: 'tcp', port: 80 } as const;
  const comes = (to: string): void => {
    const outcome = world.kernel.outcomes(packet).find((one) => one.to === `${to} 8080`);
    assert.ok(outcome, to);
    world.kernel.pass(outcome);
  };
  told(ends);
  comes('10.244.0.6');
  for (const [to, port] of [
    ['10.96.0.7', 80],
    ['192.0.2.1', 80],
    [NODE_ADDRESS, 30_080],
  ] as const)
    assert.equal(world.reached(to, port, NODE_ADDRESS), '10.244.0.6:8080', `${to} port ${port}`);
  assert.equal(world.reached(), '10.244.0.5:8080 10.244.0.6:8080 10.244.0.7:8080', 'another client');
  told(['10.244.0.6', '10.244.0.7', '10.244.0.8']);
  assert.equal(world.reached('10.96.0.7', 80, NODE_ADDRESS), '10.244.0.6:8080', 'others came and went');
  told(['10.244.0.7', '10.244.0.8']);
  comes('10.244.0.8');
  told(['10.244.0.6', '10.244.0.7', '10.244.0.8']);
  assert.equal(world.reached('10.96.0.7', 80, NODE_ADDRESS), '10.244.0.8:8080', 'its new endpoint');
  told(ends);
  told([...ends, '10.244.0.8']);
  assert.match(world.reached('10.96.0.7', 80, NODE_ADDRESS), / .* .* /, 'what came back is new');
  comes('10.244.0.5');
  told(ends, 'None');
  told(ends);
  assert.match(world.reached('10.96.0.7', 80, NODE_ADDRESS), / .* /, 'who remembered once has forgotten');
});

test('ServiceView.take() says no more of a change where all services remember their clients', () => {
  const services = Array.from({ length: 50 }, (_, i) =>
    serviceOf(`web${i}`, {
      clusterIP: `10.96.1.${i}`,
      ports: [{ name: 'http', port: 80 }],
      sessionAffinity: 'ClientIP',
    }),
  );
  const slices = services.map(({ metadata: { name } }, i) =>
    sliceOf(name, [end(`10.244.2.${i}`), end(`10.244.3.${i}`)]),
  );
  const world = new World().with(services, slices);
  assert.ok(world.kernel.now.sets.size < 40 && world.kernel.now.chains.size < 10, 'none of a service alone');
  world.view.setSlice('default/web7-8080', sliceOf('web7', [end('10.244.2.7'), end('10.244.4.7')]));
  const { script } = world.view.take();
  world.kernel.apply(script);
  assert.deepEqual(
    script
      .trim()
      .split('\n')
      .map((line) => line.replaceAll(/[0-9a-f]+:[0-9a-f]+/g, 'N'))
      .toSorted(),
    [
      'add element inet navarch hairpins { 10.244.4.7 . 10.244.4.7 }',
      'add element inet navarch numbered-tcp-endpoints { 10.96.1.7 . 80 . N : 10.244.4.7 . 8080 }',
      'add element inet navarch slots-of-tcp-endpoints { 10.96.1.7 . 80 . 1 : N }',
      'delete element inet navarch hairpins { 10.244.3.7 . 10.244.3.7 }',
      'delete element inet navarch numbered-tcp-endpoints { 10.96.1.7 . 80 . N }',
      'delete element inet navarch slots-of-tcp-endpoints { 10.96.1.7 . 80 . 1 }',
    ],
  );
  for (const { metadata } of services) world.view.setService(`default/${metadata.name}`, undefined);
  world.applied();
  assert.equal(world.kernel.now.sets.has('remembered'), false);
});

test('ServiceView tells services apart whose names run into each other', () => {
  const affine = { sessionAffinity: 'ClientIP' };
  const world = new World();
  for (const [namespace, name, i] of [
    ['a', 'b-c', 1],
    ['a-b', 'c', 2],
  ] as const) {
    const service = serviceOf(name, { ...affine, clusterIP: `10.96.0.${i}` });
    world.view.setService(`${namespace}/${name}`, { ...service, metadata: { ...service.metadata, namespace } });
    const slice = sliceOf(name, [end(`10.244.0.${i}`)]);
    world.view.setSlice(`${namespace}/${name}`, { ...slice, metadata: { ...slice.metadata, namespace } });
  }
  world.applied();
  assert.deepEqual([world.reached('10.96.0.1'), world.reached('10.96.0.2')], ['10.244.0.1:8080', '10.244.0.2:8080']);
});

test('ServiceView leads to each endpoint as likely as to any other, however many there are', () => {
  for (const sessionAffinity of ['None', 'ClientIP'])
    for (const count of [1, 2, 5, 16, 17, 40]) {
      const ends = Array.from({ length: count }, (_, i) => end(`10.244.1.${i + 1}`));
      const world = new World().with([serviceOf('web', { sessionAffinity })], [sliceOf('web', ends)]);
      const packet = { family: 'ip', from: POD, to: '10.96.0.7', protocol: 'tcp', port: 80 } as const;
      const outcomes = world.kernel.outcomes(packet);
      assert.equal(outcomes.length, count);
      for (const { share } of outcomes) assert.ok(Math.abs(share - 1 / count) < 1e-9, `${share} of ${count}`);
    }
});

test('ServiceView.take() says of a change what it is and no more, and nothing where nothing changed', () => {
  const services = Array.from({ length: 100 }, (_, i) =>
    serviceOf(`web${i}`, { clusterIP: `10.96.1.${i}`, ports: [{ name: 'http', port: 80 }] }),
  );
  const slices = services.map(({ metadata: { name } }, i) =>
    sliceOf(name, [end(`10.244.2.${i}`), end(`10.244.3.${i}`), end(`10.244.4.${i}`)]),
  );
  const world = new World().with(services, slices);
  world.with(services, slices);
  assert.equal(world.view.take().script, '');
  world.view.setSlice('default/web7-8080', sliceOf('web7', [end('10.244.2.7'), end('10.244.4.7')]));
  assert.deepEqual(
    world.view
      .take()
      .script.split('\n')
      .filter((line) => line.includes('element') || line.startsWith('delete'))
      .toSorted(),
    [
      'add element inet navarch service-ips { 10.96.1.7 . tcp . 80 : goto to-tcp-endpoints-2-outside }',
      'add element inet navarch tcp-endpoints { 10.96.1.7 . 80 . 1 : 10.244.4.7 . 8080 }',
      'delete element inet navarch hairpins { 10.244.3.7 . 10.244.3.7 }',
      'delete element inet navarch service-ips { 10.96.1.7 . tcp . 80 }',
      'delete element inet navarch tcp-endpoints { 10.96.1.7 . 80 . 2, 10.96.1.7 . 80 . 1 }',
    ],
  );
});
