import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StartedServer, startedServer } from '../testing/started-server.ts';

const NS = '/api/v1/namespaces/default';
const BUDGETS = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

/** Running pods a and b with the label app=web, and a budget for them that allows so many disruptions. */
async function withBudget(disruptionsAllowed: number, spec: object = {}): Promise<StartedServer> {
  const server = await startedServer();
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'default' } });
  for (const name of ['a', 'b']) {
    const made = await server.make(`${NS}/pods`, {
      metadata: { name, labels: { app: 'web' } },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
    });
    await server.ask('PUT', `${NS}/pods/${name}/status`, { ...made, status: ready });
  }
  const budget = await server.make(BUDGETS, {
    metadata: { name: 'web' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } }, ...spec },
  });
  await server.ask('PUT', `${BUDGETS}/web/status`, {
    ...budget,
    status: { observedGeneration: 1, disruptionsAllowed, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 },
  });
  return server;
}
const evict = (server: StartedServer, name: string, more: object = {}) =>
  server.ask('POST', `${NS}/pods/${name}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name },
    ...more,
  });

test('an eviction spends what the budget allows, and is told to wait when nothing is left', async () => {
  const server = await withBudget(1);
  assert.equal((await evict(server, 'a')).status, 201);
  const { status } = (await server.ask('GET', `${BUDGETS}/web`)).body;
  assert.deepEqual([status.disruptionsAllowed, Object.keys(status.disruptedPods)], [0, ['a']]);
  const refused = await evict(server, 'b');
  assert.deepEqual(
    [refused.status, refused.body.message, refused.body.details.causes[0].message],
    [
      429,
      "Cannot evict pod as it would violate the pod's disruption budget.",
      'The disruption budget web needs 1 healthy pods and has 2 currently',
    ],
  );
  assert.equal((await server.ask('GET', `${NS}/pods/b`)).body.metadata.deletionTimestamp, undefined);
});

test('an evicted pod says why it goes, and goes only in the version that its evicter knows', async () => {
  const server = await withBudget(2);
  const known = (await server.ask('GET', `${NS}/pods/a`)).body.metadata.resourceVersion;
  const stale = await evict(server, 'b', { deleteOptions: { preconditions: { resourceVersion: known } } });
  assert.equal(stale.status, 409);
  assert.equal((await evict(server, 'a', { deleteOptions: { preconditions: { resourceVersion: known } } })).status, 201);
  const [a, b] = [(await server.ask('GET', `${NS}/pods/a`)).body, (await server.ask('GET', `${NS}/pods/b`)).body];
  const target = (p: typeof a) => p.status.conditions.find((c: { readonly type: string }) => c.type === 'DisruptionTarget');
  assert.deepEqual([target(a)?.reason, target(a)?.message, target(b)], ['EvictionByEvictionAPI', 'Eviction API: evicting', undefined]);
  assert.ok(a.metadata.deletionTimestamp);
});

test('of two evictions at once one spends the last disruption', async () => {
  const server = await withBudget(1);
  const answers = await Promise.all([evict(server, 'a'), evict(server, 'b')]);
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 429]);
});

test('a dry run spends nothing, a wrong name nothing either', async () => {
  const server = await withBudget(1);
  assert.equal((await evict(server, 'a', { deleteOptions: { dryRun: ['All'] } })).status, 201);
  assert.equal((await evict(server, 'a', { metadata: { name: 'b' } })).status, 400);
  assert.equal((await evict(server, 'a', { deleteOptions: { preconditions: { uid: 'other' } } })).status, 409);
  assert.equal((await server.ask('GET', `${NS}/pods/a`)).body.metadata.deletionTimestamp, undefined);
});

test('a pod that is over costs no budget; one that is not ready only where the budget is met', async () => {
  const server = await withBudget(0);
  const { body } = await server.ask('GET', `${NS}/pods/a`);
  await server.ask('PUT', `${NS}/pods/a/status`, {
    ...body,
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
  });
  assert.equal((await evict(server, 'a')).status, 201);
  const other = (await server.ask('GET', `${NS}/pods/b`)).body;
  await server.ask('PUT', `${NS}/pods/b/status`, { ...other, status: { phase: 'Succeeded' } });
  assert.equal((await evict(server, 'b')).status, 201);
});

test('a pod of two budgets cannot be evicted', async () => {
  const server = await withBudget(1);
  await server.make(BUDGETS, {
    metadata: { name: 'other' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
  });
  const { status, body } = await evict(server, 'a');
  assert.deepEqual([status, /more than one PodDisruptionBudget/.test(body.message)], [500, true]);
});

test('a pod is bound once, to a node that is named, by who has its uid right', async () => {
  const server = await startedServer();
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'default' } });
  await server.make(`${NS}/pods`, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  const bind = (body: object, query = '') =>
    server.ask('POST', `${NS}/pods/p/binding${query}`, { apiVersion: 'v1', kind: 'Binding', ...body });
  assert.equal((await bind({ target: { kind: 'Node', name: '' } })).status, 422);
  assert.equal((await bind({ target: { kind: 'Pod', name: 'n' } })).status, 422);
  assert.equal((await bind({ metadata: { name: 'q' }, target: { name: 'n' } })).status, 400);
  assert.equal((await bind({ metadata: { name: 'p', uid: 'x' }, target: { name: 'n' } })).status, 409);
  assert.equal((await bind({ target: { name: 'n' } }, '?dryRun=All')).status, 201);
  assert.equal((await server.ask('GET', `${NS}/pods/p`)).body.spec.nodeName, undefined);
  assert.equal((await bind({ target: { name: 'n' } })).status, 201);
  const again = await bind({ target: { name: 'm' } });
  assert.deepEqual([again.status, /pod p is already assigned to node "n"/.test(again.body.message)], [409, true]);
});

test('a proxy reaches pods and nothing of the server itself', async () => {
  const server = await startedServer();
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'default' } });
  const made = await server.make(`${NS}/pods`, {
    metadata: { name: 'p' },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  });
  const at = async (podIP: string, name = 'p:8080') => {
    const { body } = await server.ask('GET', `${NS}/pods/p`);
    await server.ask('PUT', `${NS}/pods/p/status`, {
      ...body,
      status: { ...made.status, phase: 'Running', podIP, podIPs: [{ ip: podIP }] },
    });
    return server.ask('GET', `${NS}/pods/${name}/proxy/x`);
  };
  const { target } = await at('10.244.0.5');
  assert.deepEqual([target?.host, target?.port, target?.asKubeletClient], ['10.244.0.5', 8080, false]);
  assert.equal((await at('10.244.0.5', 'https:p:8443')).target?.scheme, 'https');
  for (const address of ['127.0.0.1', '169.254.169.254', '0.0.0.0', '224.0.0.1'])
    assert.equal((await at(address)).status, 400, address);
  for (const name of ['p:none', 'p:70000', 'ftp:p:80', 'a:b:c:d'])
    assert.equal((await at('10.244.0.5', name)).status, 400, name);
});

test('a proxy of a service goes to any of its ready endpoints, each as often as another', async () => {
  const server = await startedServer();
  await server.make(`${NS}/services`, { metadata: { name: 's' }, spec: { ports: [{ name: 'http', port: 80 }] } });
  const end = (address: string, ready: boolean) => ({ addresses: [address], conditions: { ready } });
  const slices = [[end('10.244.0.1', true), end('10.244.0.2', true), end('10.244.0.9', false)], [end('10.244.0.3', true)]];
  for (const [i, endpoints] of slices.entries()) {
    await server.make('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: `s-${i}`, labels: { 'kubernetes.io/service-name': 's' } },
      addressType: 'IPv4', ports: [{ name: 'http', port: 8080 + i }], endpoints,
    });
  }
  const counts = new Map<string, number>();
  for (let i = 0; i < 300; i++) {
    const { target } = await server.ask('GET', `${NS}/services/s:http/proxy/x`);
    const end = `${target?.host}:${target?.port}`;
    counts.set(end, (counts.get(end) ?? 0) + 1);
  }
  assert.deepEqual([...counts.keys()].sort(), ['10.244.0.1:8080', '10.244.0.2:8080', '10.244.0.3:8081']);
  assert.ok([...counts.values()].every((count) => count > 60), [...counts.values()].join());
  assert.equal((await server.ask('GET', `${NS}/services/s:other/proxy/x`)).status, 503);
});
