import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent, seededRandom } from '@navarch/base';
import { MemoryStore } from '@navarch/store';
import { serve } from './serve.ts';
import type { ApiResponse } from './request.ts';
import type { User } from './auth/user.ts';

const NOW = Date.UTC(2026, 0, 1);
const clock = {
  now: () => NOW,
  monotonic: () => 0,
  sleep: (_ms: number, signal: AbortSignal) =>
    new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
};
const tokens = { sign: async () => 'token', verify: async () => undefined, jwks: () => ({ keys: [] }) };
const users = new Map<string, User>([
  ['admin', { name: 'admin', groups: ['system:masters'] }],
  ['bob', { name: 'bob', groups: ['system:authenticated'] }],
]);

interface Answer {
  readonly status: number;
  readonly body: any;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A server in memory and a way to ask it. */
async function started() {
  const { server } = await serve(
    {
      store: new MemoryStore(),
      clock,
      random: seededRandom(1),
      log: silent,
      tokens,
      issuer: 'https://issuer',
      staticTokens: users,
      serviceCidr: '10.96.0.0/16',
      nodePorts: [30_000, 32_767],
      advertiseAddress: '10.0.0.1',
      advertisePort: 6443,
    },
    new AbortController().signal,
  );
  const ask = async (
    method: string,
    target: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
    who = 'admin',
  ): Promise<Answer> => {
    const [path = '', query = ''] = target.split('?');
    const all: Readonly<Record<string, string>> = {
      authorization: `Bearer ${who}`,
      'content-type': 'application/json',
      ...headers,
    };
    const bytes =
      typeof body === 'string'
        ? new TextEncoder().encode(body)
        : new TextEncoder().encode(body === undefined ? '' : JSON.stringify(body));
    const reply: ApiResponse = await server.handle({
      method,
      path,
      query: new URLSearchParams(query),
      header: (name) => all[name],
      headerNames: () => Object.keys(all),
      body: async () => bytes,
      remoteAddress: '',
      signal: new AbortController().signal,
    });
    assert.equal(reply.type, 'bytes');
    const text = reply.type === 'bytes' ? reply.body.map((chunk) => new TextDecoder().decode(chunk)).join('') : '';
    return {
      status: reply.type === 'bytes' ? reply.status : 0,
      text,
      body: text.startsWith('{') ? JSON.parse(text) : undefined,
      headers: reply.type === 'bytes' ? reply.headers : {},
    };
  };
  return ask;
}

const configMaps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const config = (name: string, data: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});
const web = (spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    ...spec,
  },
});

test('POST fills in defaults and what only the server knows, and drops a status', async () => {
  const ask = await started();
  const { status, body } = await ask('POST', deployments, { ...web(), status: { replicas: 9 } });
  assert.equal(status, 201);
  assert.deepEqual(
    [body.spec.replicas, body.spec.strategy.type, body.metadata.generation, body.status],
    [1, 'RollingUpdate', 1, {}],
  );
  assert.equal(body.metadata.creationTimestamp, '2026-01-01T00:00:00Z');
  assert.deepEqual(Object.keys(body), ['kind', 'apiVersion', 'metadata', 'spec', 'status']);
});

for (const [claim, path, body, status, message] of [
  [
    'every error at once',
    deployments,
    web({ replicas: -1, selector: { matchLabels: { app: 'x' } } }),
    422,
    'Deployment.apps "web" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal to 0, spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`]',
  ],
  [
    'a value of another type',
    deployments,
    web({ replicas: 'x' }),
    400,
    'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    'an unknown field, strictly',
    `${configMaps}?fieldValidation=Strict`,
    { ...config('a'), foo: 1 },
    400,
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo"',
  ],
  [
    'a namespace that is not there',
    '/api/v1/namespaces/none/configmaps',
    config('a'),
    404,
    'namespaces "none" not found',
  ],
  [
    'a name that is none',
    configMaps,
    config('A'),
    422,
    "ConfigMap \"A\" is invalid: metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ],
] as const) {
  test(`POST refuses ${claim}`, async () => {
    const answer = await (await started())('POST', path, body);
    assert.deepEqual([answer.status, answer.body.kind, answer.body.message], [status, 'Status', message]);
  });
}

test('a body that is not JSON is a BadRequest, an unknown type is 415, an unknown path is 404', async () => {
  const ask = await started();
  assert.equal((await ask('POST', configMaps, '{"a')).body.reason, 'BadRequest');
  assert.equal((await ask('POST', configMaps, 'x', { 'content-type': 'text/csv' })).status, 415);
  assert.equal((await ask('GET', '/apis/nobody/v1/things')).status, 404);
  assert.equal((await ask('GET', '/api/v1/namespaces/%zz/pods')).status, 400);
});

test('PUT with an old resourceVersion is a conflict; without one it takes the newest', async () => {
  const ask = await started();
  const first = (await ask('POST', configMaps, config('a'))).body;
  assert.equal((await ask('PUT', `${configMaps}/a`, config('a', { x: '1' }))).status, 200);
  const late = await ask('PUT', `${configMaps}/a`, { ...first, data: { x: '2' } });
  assert.deepEqual(
    [late.status, late.body.message],
    [
      409,
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    ],
  );
});

test('an update that changes nothing writes nothing', async () => {
  const ask = await started();
  const first = (await ask('POST', configMaps, config('a', { x: '1' }))).body;
  assert.equal(
    (await ask('PUT', `${configMaps}/a`, config('a', { x: '1' }))).body.metadata.resourceVersion,
    first.metadata.resourceVersion,
  );
});

test('only the status part changes the status, and it counts no generation', async () => {
  const ask = await started();
  await ask('POST', deployments, web());
  const patch = { status: { replicas: 3 }, spec: { replicas: 7 } };
  const merge = { 'content-type': 'application/merge-patch+json' };
  const whole = (await ask('PATCH', `${deployments}/web`, { status: { replicas: 3 } }, merge)).body;
  assert.deepEqual([whole.status, whole.metadata.generation], [{}, 1]);
  const part = (await ask('PATCH', `${deployments}/web/status`, patch, merge)).body;
  assert.deepEqual([part.status.replicas, part.spec.replicas, part.metadata.generation], [3, 1, 1]);
  assert.equal(
    (await ask('PATCH', `${deployments}/web`, { spec: { replicas: 2 } }, merge)).body.metadata.generation,
    2,
  );
});

test("whoever writes a Deployment's status changes its annotations and no labels, nor owns any", async () => {
  const ask = await started();
  await ask('POST', deployments, { ...web(), metadata: { ...web().metadata, labels: { a: '1' } } });
  const { body } = await ask(
    'PATCH',
    `${deployments}/web/status?fieldManager=observer`,
    { metadata: { labels: { a: '2', b: '2' }, annotations: { c: '3' } }, status: { replicas: 3 } },
    { 'content-type': 'application/merge-patch+json' },
  );
  assert.deepEqual(
    [body.metadata.labels, body.metadata.annotations, body.status.replicas],
    [{ a: '1' }, { c: '3' }, 3],
  );
  const fields = body.metadata.managedFields.find(
    ({ manager }: { readonly manager: string }) => manager === 'observer',
  ).fieldsV1;
  assert.deepEqual(Object.keys(fields['f:metadata']), ['f:annotations']);
});

test('dryRun=All answers as if it had been done', async () => {
  const ask = await started();
  assert.equal((await ask('POST', `${configMaps}?dryRun=All`, config('a'))).status, 201);
  assert.equal((await ask('GET', `${configMaps}/a`)).status, 404);
});

test('PATCH that takes the last finalizer away answers with the version it changed', async () => {
  const ask = await started();
  await ask('POST', configMaps, config('a', {}, { finalizers: ['example.com/hold'] }));
  const { body: held } = await ask('DELETE', `${configMaps}/a`);
  const { body } = await ask(
    'PATCH',
    `${configMaps}/a`,
    { metadata: { finalizers: null } },
    { 'content-type': 'application/merge-patch+json' },
  );
  assert.equal(body.metadata.resourceVersion, held.metadata.resourceVersion);
});

test('DELETE waits for finalizers, and the last one to go takes the object along', async () => {
  const ask = await started();
  await ask('POST', configMaps, config('a', {}, { finalizers: ['example.com/hold'] }));
  const going = await ask('DELETE', `${configMaps}/a`);
  assert.ok(going.body.metadata.deletionTimestamp);
  await ask(
    'PATCH',
    `${configMaps}/a`,
    { metadata: { finalizers: null } },
    { 'content-type': 'application/merge-patch+json' },
  );
  assert.equal((await ask('GET', `${configMaps}/a`)).status, 404);
});

test('pages of a list add up to the whole, and say how much remains', async () => {
  const ask = await started();
  for (const name of ['a', 'b', 'c']) await ask('POST', configMaps, config(name));
  const first = (await ask('GET', `${configMaps}?limit=2`)).body;
  assert.deepEqual([first.items.map((i: any) => i.metadata.name), first.metadata.remainingItemCount], [['a', 'b'], 1]);
  const rest = (await ask('GET', `${configMaps}?limit=2&continue=${first.metadata.continue}`)).body;
  assert.deepEqual([rest.items.map((i: any) => i.metadata.name), rest.metadata.continue], [['c'], undefined]);
});

test('selectors choose; a field that cannot be selected by is refused', async () => {
  const ask = await started();
  await ask('POST', configMaps, config('a', {}, { labels: { x: '1' } }));
  await ask('POST', configMaps, config('b', {}, { labels: { x: '2' } }));
  const names = async (query: string) =>
    (await ask('GET', `${configMaps}?${query}`)).body.items?.map((i: any) => i.metadata.name);
  assert.deepEqual(await names('labelSelector=x%20in%20(2,3)'), ['b']);
  assert.deepEqual(await names('labelSelector=!x'), []);
  assert.deepEqual(await names('fieldSelector=metadata.name%3Da'), ['a']);
  assert.equal((await ask('GET', `${configMaps}?fieldSelector=data.x%3D1`)).status, 400);
});

test("a table has upstream's columns", async () => {
  const ask = await started();
  await ask('POST', deployments, web());
  const { body } = await ask('GET', deployments, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  assert.deepEqual(body.rows[0].cells, ['web', '0/1', 0, 0, '0s', 'c', 'i', 'app=web']);
});

test("whom RBAC does not allow is told so in upstream's words", async () => {
  const ask = await started();
  const { status, body } = await ask('GET', configMaps, undefined, {}, 'bob');
  assert.deepEqual(
    [status, body.message],
    [
      403,
      'configmaps is forbidden: User "bob" cannot list resource "configmaps" in API group "" in the namespace "default"',
    ],
  );
  assert.equal((await ask('GET', configMaps, undefined, {}, 'nobody')).status, 401);
});

test('services get their cluster IP and node port, and no two the same', async () => {
  const ask = await started();
  const service = (name: string, spec: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { type: 'NodePort', ports: [{ port: 80 }], ...spec },
  });
  const { body } = await ask('POST', '/api/v1/namespaces/default/services', service('a'));
  assert.match(body.spec.clusterIP, /^10\.96\./);
  assert.ok(body.spec.ports[0].nodePort >= 30_000);
  const second = await ask(
    'POST',
    '/api/v1/namespaces/default/services',
    service('b', { clusterIP: body.spec.clusterIP }),
  );
  assert.match(second.body.message, /provided IP is already allocated/);
});
