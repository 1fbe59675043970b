import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, type StartedServer, startedServer } from './testing/started-server.ts';

const PATH = '/api/v1/namespaces/default/services';
const create = (server: StartedServer, name: string, spec: object = {}, query = ''): Promise<Answer> =>
  server.ask('POST', `${PATH}${query}`, { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
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
  const more = { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name: 'more', finalizers: ['example.com/held'] }, spec: { cidrs: ['203.0.113.0/24'] } };
  await server.make(ranges, more);
  assert.equal((await create(server, 'made', { clusterIP: '203.0.113.10' })).status, 201);
  assert.equal((await create(server, 'broadcast', { clusterIP: '203.0.113.255' })).status, 422);
  await server.ask('DELETE', `${ranges}/more`);
  assert.equal((await create(server, 'late', { clusterIP: '203.0.113.11' })).status, 422);
});

test('ServiceAllocator goes on with further ranges when the first is full', async () => {
  const server = await startedServer([], { serviceCidr: '10.96.0.0/28' });
  await server.make('/apis/networking.k8s.io/v1/servicecidrs', {
    apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name: 'more' }, spec: { cidrs: ['fd00::/112', '203.0.113.0/24'] },
  });
  const addresses: string[] = [];
  for (const name of countUp(20)) addresses.push((await create(server, name)).body.spec.clusterIP);
  assert.equal(new Set(addresses).size, 20);
  // Of 14 addresses that hosts may have the service kubernetes has the first.
  assert.equal(addresses.filter((address) => address.startsWith('10.96.0.')).length, 13);
});
