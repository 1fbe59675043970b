import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoints, endpointSlice, type Endpoint, node, pod, service, type Service } from '@navarch/api';
import { endpointsController, endpointSliceController } from '@navarch/controllers';
import type { Draft } from '@navarch/machinery';
import { ControlPlane, type PodLife, quickPods } from '../testing/control-plane.ts';

const start = async (pods: PodLife = quickPods): Promise<ControlPlane> =>
  (
    await ControlPlane.start({ controllers: [endpointSliceController, endpointsController], pods })
  ).withServiceAccount();

const makePod = (
  plane: ControlPlane,
  name: string,
  {
    port = 8080,
    labels = {},
    ...spec
  }: { port?: number; labels?: Record<string, string>; hostname?: string; subdomain?: string } = {},
) =>
  plane.api.of(pod).create({
    metadata: { name, namespace: 'default', labels: { app: 'web', ...labels } },
    spec: { containers: [{ name: 'c', image: 'nginx', ports: [{ name: 'http', containerPort: port }] }], ...spec },
  });
const makeService = (plane: ControlPlane, spec: Draft<Service>['spec'] = {}) =>
  plane.api.of(service).create({
    metadata: { name: 'web', namespace: 'default', labels: { team: 'blue' } },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }], ...spec },
  });
const slices = async (plane: ControlPlane) =>
  (await plane.list(endpointSlice)).filter((s) => s.metadata.labels?.['kubernetes.io/service-name'] === 'web');
const conditionsOf = (e: Endpoint | undefined) => [
  e?.conditions.ready,
  e?.conditions.serving,
  e?.conditions.terminating,
];

test('endpointSliceController publishes ready pods under the service, with labels and owner', async () => {
  await using plane = await start();
  await plane.api.of(node).create({ metadata: { name: 'a', labels: { 'topology.kubernetes.io/zone': 'z1' } } });
  await makeService(plane);
  await plane.clock.advance(10);
  assert.deepEqual(
    (await slices(plane)).map((s) => [s.endpoints, s.ports]),
    [[[], []]],
    'a placeholder until there are pods',
  );
  await makePod(plane, 'one');
  await plane.clock.advance(3000);
  const all = await slices(plane);
  assert.equal(all.length, 1);
  const [slice] = all;
  assert.match(slice?.metadata.name ?? '', /^web-[a-z0-9]{5}$/);
  assert.deepEqual(slice?.metadata.labels, {
    team: 'blue',
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  });
  assert.equal(slice?.metadata.ownerReferences?.[0]?.kind, 'Service');
  assert.deepEqual(slice?.ports, [{ name: 'http', protocol: 'TCP', port: 8080 }]);
  const uid = (await plane.api.of(pod).get('default/one')).metadata.uid;
  assert.deepEqual(slice?.endpoints, [
    {
      addresses: ['10.0.0.1'],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', namespace: 'default', name: 'one', uid },
      nodeName: 'a',
      zone: 'z1',
    },
  ]);
  assert.deepEqual((await plane.api.of(endpoints).get('default/web')).subsets, [
    {
      addresses: [
        { ip: '10.0.0.1', nodeName: 'a', targetRef: { kind: 'Pod', namespace: 'default', name: 'one', uid } },
      ],
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    },
  ]);
});

test('endpointSliceController shows a terminating pod as serving, not ready, then drops it', async () => {
  await using plane = await start({ ...quickPods, stopMs: 5000 });
  await makeService(plane);
  await makePod(plane, 'one');
  await plane.clock.advance(3000);
  await plane.api.of(pod).delete('default/one');
  await plane.clock.advance(1000);
  assert.deepEqual(conditionsOf((await slices(plane))[0]?.endpoints?.[0]), [false, true, true]);
  assert.equal((await plane.api.of(endpoints).get('default/web')).subsets?.length ?? 0, 0);
  await plane.clock.advance(6000);
  assert.deepEqual((await slices(plane))[0]?.endpoints, []);
});

test('endpointSliceController turns the slice of a service that leads nowhere into the next one, and back', async () => {
  await using plane = await start();
  await makeService(plane);
  await plane.clock.advance(10);
  const nameOf = async (): Promise<readonly string[]> => (await slices(plane)).map((slice) => slice.metadata.name);
  const first = await nameOf();
  await makePod(plane, 'one');
  await plane.clock.advance(3000);
  assert.deepEqual([await nameOf(), (await slices(plane))[0]?.endpoints?.length], [first, 1]);
  await plane.api.of(pod).delete('default/one');
  await plane.clock.advance(3000);
  assert.deepEqual(
    [await nameOf(), (await slices(plane))[0]?.endpoints, (await slices(plane))[0]?.ports],
    [first, [], []],
  );
});

test('endpointSliceController publishes not ready pods only where that is asked for', async () => {
  await using plane = await start();
  await makeService(plane, { publishNotReadyAddresses: true, clusterIP: 'None' });
  await makePod(plane, 'one', { hostname: 'zero', subdomain: 'web' });
  await plane.clock.advance(3000);
  await plane.api
    .of(pod)
    .update(
      'default/one',
      (p) => ({ ...p, status: { ...p.status, conditions: [{ type: 'Ready', status: 'False' }] } }),
      { subresource: 'status' },
    );
  await plane.clock.advance(1000);
  const [slice] = await slices(plane);
  assert.deepEqual(conditionsOf(slice?.endpoints?.[0]), [true, false, false]);
  assert.equal(slice?.endpoints?.[0]?.hostname, 'zero');
  assert.equal(slice?.metadata.labels?.['service.kubernetes.io/headless'], '');
});

test('endpointSliceController keeps pods with other numbers for the same port name apart', async () => {
  await using plane = await start();
  await makeService(plane);
  await makePod(plane, 'one', { port: 8080 });
  await makePod(plane, 'two', { port: 9090 });
  await plane.clock.advance(3000);
  const shown = (await slices(plane))
    .map((s) => [s.ports?.[0]?.port, s.endpoints?.map((e) => e.targetRef?.name)])
    .sort();
  assert.deepEqual(shown, [
    [8080, ['one']],
    [9090, ['two']],
  ]);
});

test('endpointSliceController fills slices of 100 and changes few of them', async () => {
  await using plane = await start();
  await makeService(plane);
  for (let i = 0; i < 230; i++) await makePod(plane, `p-${i}`);
  await plane.clock.advance(5000);
  const sizes = async () => (await slices(plane)).map((s) => s.endpoints?.length ?? 0).sort((a, b) => a - b);
  assert.equal(
    (await sizes()).reduce((a, b) => a + b),
    230,
  );
  assert.ok((await sizes()).every((n) => n <= 100));
  const before = new Map((await slices(plane)).map((s) => [s.metadata.name, s.metadata.resourceVersion]));
  await plane.api.of(pod).delete('default/p-17', { gracePeriodSeconds: 0 });
  await plane.clock.advance(1000);
  const changed = (await slices(plane)).filter((s) => before.get(s.metadata.name) !== s.metadata.resourceVersion);
  assert.equal(changed.length, 1);
});

test('endpointSliceController leaves slices of others and of services without a selector alone', async () => {
  await using plane = await start();
  await plane.api
    .of(service)
    .create({ metadata: { name: 'manual', namespace: 'default' }, spec: { ports: [{ port: 80 }] } });
  await plane.api.of(endpointSlice).create({
    metadata: { name: 'manual-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'manual' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['1.2.3.4'], conditions: {} }],
    ports: [],
  });
  await plane.clock.advance(5000);
  assert.deepEqual(
    (await plane.list(endpointSlice)).map((s) => s.metadata.name).filter((name) => name.startsWith('manual')),
    ['manual-1'],
  );
});

test('endpointsController takes its object away with the service', async () => {
  await using plane = await start();
  await makeService(plane);
  await plane.clock.advance(1000);
  await plane.api.of(service).delete('default/web');
  await plane.clock.advance(1000);
  assert.deepEqual(
    (await plane.list(endpoints)).map((e) => e.metadata.name),
    ['kubernetes'],
  );
});

const inZone = (plane: ControlPlane, name: string, zone: string) =>
  plane.api.of(node).create({ metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } } });
const hintsOf = async (plane: ControlPlane): Promise<readonly unknown[]> =>
  (await slices(plane)).flatMap((s) => (s.endpoints ?? []).map((e) => [e.nodeName, e.hints])).sort();
const zoneHint = (name: string) => ({ forZones: [{ name }] });

for (const trafficDistribution of ['PreferClose', 'PreferSameZone']) {
  test(`endpointSliceController says for which zone an endpoint is where traffic is to be distributed by ${trafficDistribution}`, async () => {
    await using plane = await start();
    await inZone(plane, 'a', 'z1');
    await inZone(plane, 'b', 'z2');
    await makeService(plane, { trafficDistribution });
    for (const name of ['one', 'two']) await makePod(plane, name);
    await plane.clock.advance(3000);
    assert.deepEqual(await hintsOf(plane), [
      ['a', zoneHint('z1')],
      ['b', zoneHint('z2')],
    ]);
    await plane.api
      .of(service)
      .update('default/web', ({ spec: { trafficDistribution: _, ...spec }, ...s }) => ({ ...s, spec }) as Service);
    await plane.clock.advance(3000);
    assert.deepEqual(await hintsOf(plane), [
      ['a', undefined],
      ['b', undefined],
    ]);
  });
}

test('endpointSliceController says for which node an endpoint is with PreferSameNode, also where the node has no zone', async () => {
  await using plane = await start();
  await inZone(plane, 'a', 'z1');
  await makeService(plane, { trafficDistribution: 'PreferSameNode' });
  for (const name of ['one', 'two']) await makePod(plane, name);
  await plane.clock.advance(3000);
  assert.deepEqual(await hintsOf(plane), [
    ['a', { ...zoneHint('z1'), forNodes: [{ name: 'a' }] }],
    ['b', { forNodes: [{ name: 'b' }] }],
  ]);
});

test('endpointSliceController hints only at ready endpoints', async () => {
  await using plane = await start({ ...quickPods, stopMs: 5000 });
  await inZone(plane, 'a', 'z1');
  await makeService(plane, { trafficDistribution: 'PreferSameZone' });
  await makePod(plane, 'one');
  await plane.clock.advance(3000);
  await plane.api.of(pod).delete('default/one');
  await plane.clock.advance(1000);
  assert.deepEqual(await hintsOf(plane), [['a', undefined]]);
});

test('endpointSliceController learns the zone of a node that is told after its pods run', async () => {
  await using plane = await start();
  await makeService(plane, { trafficDistribution: 'PreferSameZone' });
  await makePod(plane, 'one');
  await plane.clock.advance(3000);
  assert.deepEqual(await hintsOf(plane), [['a', undefined]]);
  await inZone(plane, 'a', 'z1');
  await plane.clock.advance(3000);
  assert.deepEqual(await hintsOf(plane), [['a', zoneHint('z1')]]);
});

test('endpointSliceController keeps a slice for each family of a service', async () => {
  const six = (p: { metadata: { name: string } }): string => `fd00:10:244::${p.metadata.name === 'one' ? 1 : 2}`;
  await using plane = await ControlPlane.start({
    controllers: [endpointSliceController, endpointsController],
    pods: quickPods,
    serviceCidr: '10.96.0.0/16,fd00:10:96::/112',
  });
  await plane.withServiceAccount();
  const made = await makeService(plane, { ipFamilyPolicy: 'RequireDualStack' });
  assert.deepEqual(made.spec.ipFamilies, ['IPv4', 'IPv6']);
  for (const name of ['one', 'two']) await makePod(plane, name);
  await plane.clock.advance(3000);
  for (const p of await plane.list(pod)) {
    await plane.api
      .of(pod)
      .update(
        `default/${p.metadata.name}`,
        (now) => ({ ...now, status: { ...now.status, podIPs: [...(now.status.podIPs ?? []), { ip: six(now) }] } }),
        { subresource: 'status' },
      );
  }
  await plane.clock.advance(3000);
  const byType = async () =>
    (await slices(plane)).map((s) => [s.addressType, s.endpoints?.map((e) => e.addresses[0]).sort()]).sort();
  assert.deepEqual(await byType(), [
    ['IPv4', ['10.0.0.1', '10.0.0.2']],
    ['IPv6', ['fd00:10:244::1', 'fd00:10:244::2']],
  ]);
  assert.deepEqual(
    (await plane.api.of(endpoints).get('default/web')).subsets?.flatMap((s) => s.addresses?.map(({ ip }) => ip)),
    ['10.0.0.1', '10.0.0.2'],
  );
  await plane.api
    .of(service)
    .update('default/web', (s) => ({ ...s, spec: { ...s.spec, ipFamilyPolicy: 'SingleStack' } }));
  await plane.clock.advance(3000);
  assert.deepEqual(await byType(), [['IPv4', ['10.0.0.1', '10.0.0.2']]]);
});

test('endpointSliceController spreads endpoints over the zones by their CPU where topology aware routing is asked for', async () => {
  await using plane = await start();
  for (const [name, zone] of [
    ['a', 'z1'],
    ['b', 'z2'],
    ['c', 'z2'],
  ] as const) {
    const made = await inZone(plane, name, zone);
    const status = {
      ...made.status,
      allocatable: { cpu: name === 'a' ? '4' : '2' },
      conditions: [{ type: 'Ready', status: 'True' as const }],
    };
    await plane.api.of(node).replace({ ...made, status }, { subresource: 'status' });
  }
  await makeService(plane);
  await plane.api.of(service).update('default/web', (s) => ({
    ...s,
    metadata: { ...s.metadata, annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } },
  }));
  for (const name of ['one', 'two', 'three', 'four']) await makePod(plane, name);
  await plane.clock.advance(3000);
  const zonesHinted = async () =>
    (await hintsOf(plane)).map((one) => (one as readonly any[])[1]?.forZones?.[0]?.name).sort();
  assert.deepEqual(await zonesHinted(), ['z1', 'z1', 'z2', 'z2']);
  assert.ok(
    (await plane.events('Service')).includes(
      'TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4',
    ),
  );
  await plane.api.of(node).delete('a');
  await plane.clock.advance(3000);
  assert.deepEqual(await zonesHinted(), [undefined, undefined, undefined, undefined]);
  assert.ok(
    (await plane.events('Service')).includes(
      'TopologyAwareHintsDisabled: Nodes only ready in one zone, addressType: IPv4',
    ),
    (await plane.events('Service')).join('\n'),
  );
});
