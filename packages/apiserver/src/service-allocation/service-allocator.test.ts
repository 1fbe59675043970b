import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, type StartedServer, startedServer } from '../testing/started-server.ts';

const PATH = '/api/v1/namespaces/default/services';
const create = (server: StartedServer, name: string, spec: object = {}, query = ''): Promise<Answer> =>
  server.ask('POST', `${PATH}${query}`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { ports: [{ port: 80 }], ...spec },
  });
const countUp = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `s${i}`);

test('ServiceAllocator gives one address to one service, also when two ask at the same time', async () => {
  const server = await startedServer();
  const answers = await Promise.all(['a', 'b'].map((name) => create(server, name, { clusterIP: '10.96.9.9' })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 422]);
  assert.match(answers.find(({ status }) => status === 422)?.text ?? '', /provided IP is already allocated/);
});

test('ServiceAllocator gives every one of many that ask at the same time a node port of its own', async () => {
  const server = await startedServer([], { nodePorts: [30_000, 30_029] });
  const answers = await Promise.all(countUp(30).map((name) => create(server, name, { type: 'NodePort' })));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  assert.equal(new Set(answers.map(({ body }) => body.spec.ports[0].nodePort)).size, 30);
});

test('ServiceAllocator keeps nothing of a service that was refused, or only tried', async () => {
  const server = await startedServer();
  assert.equal((await create(server, 'refused', { clusterIP: '10.96.9.9', ports: [{ port: 0 }] })).status, 422);
  assert.equal((await create(server, 'tried', { clusterIP: '10.96.9.9' }, '?dryRun=All')).status, 201);
  assert.equal((await create(server, 'made', { clusterIP: '10.96.9.9' })).status, 201);
});

test('ServiceAllocator takes addresses of further ranges, as long as they are not going', async () => {
  const server = await startedServer();
  const ranges = '/apis/networking.k8s.io/v1/servicecidrs';
  assert.equal((await create(server, 'early', { clusterIP: '203.0.113.10' })).status, 422);
  const more = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'more', finalizers: ['example.com/held'] },
    spec: { cidrs: ['203.0.113.0/24'] },
  };
  await server.make(ranges, more);
  assert.equal((await create(server, 'made', { clusterIP: '203.0.113.10' })).status, 201);
  assert.equal((await create(server, 'broadcast', { clusterIP: '203.0.113.255' })).status, 422);
  await server.ask('DELETE', `${ranges}/more`);
  assert.equal((await create(server, 'late', { clusterIP: '203.0.113.11' })).status, 422);
});

test('ServiceAllocator goes on with further ranges when the first is full', async () => {
  const server = await startedServer([], { serviceCidr: '10.96.0.0/28' });
  await server.make('/apis/networking.k8s.io/v1/servicecidrs', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'more' },
    spec: { cidrs: ['fd00::/112', '203.0.113.0/24'] },
  });
  const addresses: string[] = [];
  for (const name of countUp(20)) addresses.push((await create(server, name)).body.spec.clusterIP);
  assert.equal(new Set(addresses).size, 20);
  // Of 14 addresses that hosts may have the service kubernetes has the first.
  assert.equal(addresses.filter((address) => address.startsWith('10.96.0.')).length, 13);
});

const ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses';
const addresses = async (server: StartedServer): Promise<readonly string[]> =>
  (await server.ask('GET', ADDRESSES)).body.items.map(
    ({ metadata, spec }: any) => `${metadata.name} ${spec.parentRef.namespace}/${spec.parentRef.name}`,
  );
const put = (server: StartedServer, service: any, spec: object): Promise<Answer> =>
  server.ask('PUT', `${PATH}/${service.metadata.name}`, { ...service, spec: { ...service.spec, ...spec } });

test('ServiceAllocator writes an IPAddress with each address, and removes it with it', async () => {
  const server = await startedServer();
  const made = (await create(server, 'web', { clusterIP: '10.96.9.9' })).body;
  const { metadata, spec } = (await server.ask('GET', `${ADDRESSES}/10.96.9.9`)).body;
  assert.deepEqual(metadata.labels, {
    'ipaddress.kubernetes.io/ip-family': 'IPv4',
    'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
  });
  assert.deepEqual(spec.parentRef, { resource: 'services', namespace: 'default', name: 'web' });
  assert.equal(metadata.managedFields[0].manager, 'kube-apiserver');
  assert.deepEqual(await addresses(server), ['10.96.0.1 default/kubernetes', '10.96.9.9 default/web']);
  assert.equal((await put(server, made, { type: 'ExternalName', externalName: 'a.b' })).status, 200);
  assert.deepEqual(await addresses(server), ['10.96.0.1 default/kubernetes']);
  const back = (
    await put(
      server,
      { metadata: { name: 'web' } },
      { apiVersion: 'v1', kind: 'Service', type: 'ClusterIP', clusterIP: '10.96.9.8', ports: [{ port: 80 }] },
    )
  ).body;
  assert.equal(back.spec.clusterIP, '10.96.9.8');
  await server.ask('DELETE', `${PATH}/web`);
  assert.deepEqual(await addresses(server), ['10.96.0.1 default/kubernetes']);
  assert.equal((await create(server, 'next', { clusterIP: '10.96.9.8' })).status, 201);
});

test('ServiceAllocator writes no IPAddress for what was refused, tried, or has no address', async () => {
  const server = await startedServer();
  await create(server, 'refused', { clusterIP: '10.96.9.9', ports: [{ port: 0 }] });
  await create(server, 'tried', {}, '?dryRun=All');
  await create(server, 'headless', { clusterIP: 'None' });
  assert.deepEqual(await addresses(server), ['10.96.0.1 default/kubernetes']);
});

test('ServiceAllocator leaves an address to whoever wrote its IPAddress', async () => {
  const server = await startedServer();
  const parentRef = { resource: 'gateways', group: 'example.com', namespace: 'default', name: 'edge' };
  await server.make(ADDRESSES, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name: '10.96.9.9' },
    spec: { parentRef },
  });
  const { status, text } = await create(server, 'web', { clusterIP: '10.96.9.9' });
  assert.equal(status, 422);
  assert.match(text, /failed to allocate IP 10\.96\.9\.9: provided IP is already allocated/);
});

test('ServiceAllocator says why an address cannot be had', async () => {
  const server = await startedServer();
  assert.match(
    (await create(server, 'other', { clusterIP: '192.168.0.1' })).text,
    /spec\.clusterIPs: Invalid value: \[\\"192\.168\.0\.1\\"\]: failed to allocate IP 192\.168\.0\.1: the provided network does not match the current range/,
  );
  assert.match(
    (await create(server, 'last', { clusterIP: '10.96.255.255' })).text,
    /the provided IP \(10\.96\.255\.255\) is not in the valid range\. The range of valid IPs is 10\.96\.0\.0\/16/,
  );
});

test('ServiceAllocator gives a port to ask for health where only local endpoints count, once', async () => {
  const server = await startedServer();
  const local = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' };
  const { healthCheckNodePort } = (await create(server, 'lb', local)).body.spec;
  assert.ok(healthCheckNodePort >= 30_000 && healthCheckNodePort <= 32_767);
  const { status, text } = await create(server, 'second', { ...local, healthCheckNodePort });
  assert.equal(status, 500);
  assert.match(text, /failed to allocate requested HealthCheck NodePort \d+: provided port is already allocated/);
  assert.equal(
    (await create(server, 'np', { type: 'NodePort', ports: [{ port: 80, nodePort: healthCheckNodePort }] })).status,
    422,
  );
});

test('ServiceAllocator gives one node port to all protocols of a new service, and to no other service', async () => {
  const server = await startedServer();
  const ports = [
    { name: 't', port: 53, protocol: 'TCP' },
    { name: 'u', port: 53, protocol: 'UDP' },
  ];
  const [tcp, udp] = (await create(server, 'dns', { type: 'NodePort', ports })).body.spec.ports;
  assert.equal(tcp.nodePort, udp.nodePort);
  assert.equal(
    (
      await create(server, 'other', {
        type: 'NodePort',
        ports: [{ port: 1, protocol: 'SCTP', nodePort: tcp.nodePort }],
      })
    ).status,
    422,
  );
});

const DUAL = { serviceCidr: '10.96.0.0/16,fd00:10:96::/112' };

// What is asked for; policy and families of what comes of it, or why not.
const families: readonly (readonly [object, string, readonly string[]] | readonly [object, RegExp])[] = [
  [{}, 'SingleStack', ['IPv4']],
  [{ ipFamilyPolicy: 'PreferDualStack' }, 'PreferDualStack', ['IPv4', 'IPv6']],
  [{ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6'] }, 'RequireDualStack', ['IPv6', 'IPv4']],
  [{ ipFamilies: ['IPv6'] }, 'SingleStack', ['IPv6']],
  [{ clusterIP: 'fd00:10:96::77' }, 'SingleStack', ['IPv6']],
  [{ clusterIP: 'fd00:10:96::77', ipFamilyPolicy: 'RequireDualStack' }, 'RequireDualStack', ['IPv6', 'IPv4']],
  [{ clusterIP: 'None' }, 'RequireDualStack', ['IPv4', 'IPv6']],
  [{ clusterIP: 'None', selector: { a: 'b' } }, 'SingleStack', ['IPv4']],
  [{ clusterIP: 'None', selector: { a: 'b' }, ipFamilyPolicy: 'PreferDualStack' }, 'PreferDualStack', ['IPv4', 'IPv6']],
  [
    { ipFamilies: ['IPv4', 'IPv6'] },
    /spec\.ipFamilyPolicy: Invalid value: \\"SingleStack\\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified/,
  ],
  [
    { clusterIPs: ['10.96.0.7'] },
    /spec\.clusterIPs: Invalid value: \[\\"10\.96\.0\.7\\"\]: must be empty when `clusterIP` is not specified/,
  ],
];
for (const [spec, policy, expected] of families) {
  test(`ServiceAllocator gives a service of two families ${JSON.stringify(spec)} what it asks for`, async () => {
    const server = await startedServer([], DUAL);
    const { body, text } = await create(server, 'web', spec);
    if (policy instanceof RegExp) return assert.match(text, policy);
    assert.deepEqual([body.spec.ipFamilyPolicy, body.spec.ipFamilies], [policy, expected]);
    if (body.spec.clusterIP === 'None') return;
    assert.deepEqual(
      body.spec.clusterIPs.map((address: string) => (address.includes(':') ? 'IPv6' : 'IPv4')),
      expected,
    );
    assert.equal(body.spec.clusterIPs[0], body.spec.clusterIP);
    assert.equal((await addresses(server)).filter((one) => one.endsWith('/web')).length, expected?.length);
  });
}

test('ServiceAllocator knows no second family where the cluster has one, whatever ranges were added', async () => {
  const server = await startedServer();
  await server.make('/apis/networking.k8s.io/v1/servicecidrs', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'six' },
    spec: { cidrs: ['fd00::/112'] },
  });
  assert.match(
    (await create(server, 'a', { ipFamilyPolicy: 'RequireDualStack' })).text,
    /this cluster is not configured for dual-stack services/,
  );
  assert.match(
    (await create(server, 'b', { ipFamilies: ['IPv6'] })).text,
    /spec\.ipFamilies\[0\]: Invalid value: \\"IPv6\\": not configured on this cluster/,
  );
  assert.match(
    (await create(server, 'c', { clusterIP: 'fd00::7' })).text,
    /spec\.clusterIPs\[0\]: Invalid value: \[\\"fd00::7\\"\]: IPv6 is not configured on this cluster/,
  );
  assert.deepEqual((await create(server, 'd', { ipFamilyPolicy: 'PreferDualStack' })).body.spec.ipFamilies, ['IPv4']);
});

test('ServiceAllocator adds a second address and takes it back as the policy says', async () => {
  const server = await startedServer([], DUAL);
  const one = (await create(server, 'web')).body;
  const two = (await put(server, one, { ipFamilyPolicy: 'RequireDualStack' })).body;
  assert.deepEqual(
    [two.spec.ipFamilies, two.spec.clusterIPs.length, two.spec.clusterIPs[0]],
    [['IPv4', 'IPv6'], 2, one.spec.clusterIP],
  );
  assert.equal((await addresses(server)).length, 3);
  const shortened = await put(server, two, { clusterIPs: [two.spec.clusterIP] });
  assert.match(
    shortened.text,
    /spec\.ipFamilyPolicy: Invalid value: \\"RequireDualStack\\": must be 'SingleStack' to release the secondary cluster IP/,
  );
  const again = (await put(server, two, { ipFamilyPolicy: 'SingleStack' })).body;
  assert.deepEqual([again.spec.ipFamilies, again.spec.clusterIPs], [['IPv4'], [one.spec.clusterIP]]);
  assert.equal((await addresses(server)).length, 2);
});
