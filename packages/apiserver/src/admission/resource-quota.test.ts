import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StartedServer, startedServer } from '../testing/started-server.ts';

const NS = '/api/v1/namespaces/default';
type Amounts = Readonly<Record<string, string>>;

/** A quota as the controller leaves it: nothing used yet, unless said. */
async function withQuota(
  hard: Amounts,
  spec: object = {},
  used: Amounts = {},
): Promise<StartedServer & { readonly used: () => Promise<Amounts> }> {
  const server = await startedServer();
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'default' } });
  const quota = await server.make(`${NS}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard, ...spec } });
  const nothing = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']));
  await server.ask('PUT', `${NS}/resourcequotas/q/status`, {
    ...quota,
    status: { hard, used: { ...nothing, ...used } },
  });
  return { ...server, used: async () => (await server.ask('GET', `${NS}/resourcequotas/q`)).body.status.used };
}
const pod = (name: string, resources: object = {}, spec: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i', resources }], ...spec },
});
const half = { requests: { cpu: '500m', memory: '64Mi' }, limits: { cpu: '1', memory: '64Mi' } };

test("what comes in is taken from the quota, and what is too much is refused in upstream's words", async () => {
  const { ask, make, used } = await withQuota({ pods: '2', 'requests.cpu': '1', 'limits.cpu': '10' });
  await make(`${NS}/pods`, pod('a', half));
  assert.deepEqual(await used(), { 'limits.cpu': '1', pods: '1', 'requests.cpu': '500m' });
  const { status, body } = await ask(
    'POST',
    `${NS}/pods`,
    pod('b', { requests: { cpu: '600m' }, limits: { cpu: '1' } }),
  );
  assert.deepEqual(
    [status, body.message],
    [
      403,
      'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=500m, limited: requests.cpu=1',
    ],
  );
  await make(`${NS}/pods`, pod('b', half));
  assert.equal(
    (await ask('POST', `${NS}/pods`, pod('c', half))).body.message,
    'pods "c" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=500m, used: pods=2,requests.cpu=1, limited: pods=2,requests.cpu=1',
  );
});

test('of many at once only as many come in as there is room for', async () => {
  const { ask, used } = await withQuota({ pods: '3' });
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => ask('POST', `${NS}/pods`, pod(`p${i}`))));
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [
    201,
    201,
    201,
    ...Array.from({ length: 9 }, () => 403),
  ]);
  assert.deepEqual(await used(), { pods: '3' });
});

test('a dry run and a refused object take nothing', async () => {
  const { ask, used } = await withQuota({ pods: '1' });
  assert.equal((await ask('POST', `${NS}/pods?dryRun=All`, pod('a'))).status, 201);
  assert.equal((await ask('POST', `${NS}/pods`, pod('A!'))).status, 422);
  assert.deepEqual(await used(), { pods: '0' });
});

test('containers must say what a quota limits', async () => {
  const { ask } = await withQuota({ 'limits.cpu': '1', 'limits.memory': '1Gi' });
  assert.equal(
    (await ask('POST', `${NS}/pods`, pod('a', { limits: { memory: '1Mi' } }))).body.message,
    'pods "a" is forbidden: failed quota: q: must specify limits.cpu for: c',
  );
});

test('a quota that nobody has counted yet lets nothing in', async () => {
  const { ask, make } = await startedServer();
  await make(`${NS}/serviceaccounts`, { metadata: { name: 'default' } });
  await make(`${NS}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard: { pods: '1' } } });
  assert.equal(
    (await ask('POST', `${NS}/pods`, pod('a'))).body.message,
    'pods "a" is forbidden: status unknown for quota: q, resources: pods',
  );
});

test('any resource is counted by count/RESOURCE.GROUP', async () => {
  const { ask, make } = await withQuota({ 'count/deployments.apps': '1', configmaps: '1', 'count/secrets': '0' });
  const web = {
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  };
  const deployments = '/apis/apps/v1/namespaces/default/deployments';
  await make(deployments, { metadata: { name: 'a' }, ...web });
  assert.match(
    (await ask('POST', deployments, { metadata: { name: 'b' }, ...web })).body.message,
    /exceeded quota: q, requested: count\/deployments.apps=1, used: count\/deployments.apps=1, limited: count\/deployments.apps=1$/,
  );
  await make(`${NS}/configmaps`, { metadata: { name: 'a' } });
  assert.equal((await ask('POST', `${NS}/configmaps`, { metadata: { name: 'b' } })).status, 403);
  assert.equal((await ask('POST', `${NS}/secrets`, { metadata: { name: 'b' } })).status, 403);
});

test('services and claims are measured when they grow, too', async () => {
  const { ask, make, used } = await withQuota({
    services: '5',
    'services.nodeports': '1',
    'requests.storage': '3Gi',
    'gold.storageclass.storage.k8s.io/requests.storage': '2Gi',
  });
  await make(`${NS}/services`, { metadata: { name: 's' }, spec: { ports: [{ name: 'a', port: 80 }] } });
  const change = (spec: object) =>
    ask('PATCH', `${NS}/services/s`, { spec }, { headers: { 'content-type': 'application/merge-patch+json' } });
  assert.equal((await change({ type: 'NodePort' })).status, 200);
  assert.equal(
    (
      await change({
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 81 },
        ],
      })
    ).status,
    403,
  );
  const claim = (name: string, storage: string) =>
    ask('POST', `${NS}/persistentvolumeclaims`, {
      metadata: { name },
      spec: { storageClassName: 'gold', accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
    });
  assert.equal((await claim('a', '2Gi')).status, 201);
  assert.equal((await claim('b', '1Gi')).status, 403);
  assert.equal((await used())['requests.storage'], '2Gi');
});

test('a quota with scopes is about the pods in them', async () => {
  const bestEffort = await withQuota({ pods: '0' }, { scopes: ['BestEffort'] });
  assert.equal((await bestEffort.ask('POST', `${NS}/pods`, pod('a'))).status, 403);
  assert.equal((await bestEffort.ask('POST', `${NS}/pods`, pod('a', half))).status, 201);
  const high = await withQuota(
    { pods: '0' },
    {
      scopeSelector: {
        matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical'] }],
      },
    },
  );
  assert.equal(
    (await high.ask('POST', `${NS}/pods`, pod('a', {}, { priorityClassName: 'system-node-critical' }))).status,
    403,
  );
  assert.equal((await high.ask('POST', `${NS}/pods`, pod('a'))).status, 201);
  const ending = await withQuota({ pods: '0' }, { scopes: ['Terminating'] });
  assert.equal((await ending.ask('POST', `${NS}/pods`, pod('a', {}, { activeDeadlineSeconds: 5 }))).status, 403);
  assert.equal((await ending.ask('POST', `${NS}/pods`, pod('a'))).status, 201);
});
