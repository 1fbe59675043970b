import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, silent } from '@navarch/base';
import { SimClock } from '@navarch/sim';
import { MemoryStore } from '@navarch/store';
import { systemUser } from '../auth/user.ts';
import type { ApiRequest, BytesResponse } from '../request.ts';
import { serve } from '../serve.ts';
import type { Server } from '../server.ts';

interface Answer {
  readonly status: number;
  readonly body: any;
}

/** A server with a namespace `d`, and a way to ask it as a user who may do everything. */
async function started(): Promise<{
  ask(method: string, path: string, body?: unknown, type?: string): Promise<Answer>;
  clock: SimClock;
}> {
  const clock = new SimClock();
  const { server } = await serve(
    {
      store: new MemoryStore(),
      clock,
      random: seededRandom(1),
      log: silent,
      tokens: { sign: async () => '', verify: async () => undefined, jwks: () => ({ keys: [] }) },
      issuer: 'https://kubernetes.default.svc',
      staticTokens: new Map([['t', systemUser]]),
      serviceCidr: '10.96.0.0/16',
      nodePorts: [30000, 32767],
      advertiseAddress: '10.0.0.1',
      advertisePort: 6443,
      parseYaml: (text) => JSON.parse(text) as unknown,
    },
    new AbortController().signal,
  );
  await send(server, 'POST', '/api/v1/namespaces', { metadata: { name: 'd' } });
  return { clock, ask: (method, path, body, type) => send(server, method, path, body, type) };
}

async function send(
  server: Server,
  method: string,
  path: string,
  body?: unknown,
  type = 'application/json',
): Promise<Answer> {
  const headers: Readonly<Record<string, string>> = {
    authorization: 'Bearer t',
    'content-type': type,
    'user-agent': 'tester/1.0 (linux)',
  };
  const url = new URL(path, 'http://x');
  const request: ApiRequest = {
    method,
    path: url.pathname,
    query: url.searchParams,
    header: (name) => headers[name],
    headerNames: () => Object.keys(headers),
    remoteAddress: '127.0.0.1',
    signal: new AbortController().signal,
    body: async () => (body === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(body))),
  };
  const answer = (await server.handle(request)) as BytesResponse;
  return { status: answer.status, body: JSON.parse(Buffer.concat(answer.body).toString()) };
}

const APPLY = 'application/apply-patch+yaml';
const config = (data: object): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data });
const path = '/api/v1/namespaces/d/configmaps/c';
const managers = ({ body }: Answer): unknown =>
  body.metadata.managedFields.map((entry: any) => [entry.manager, entry.operation, entry.fieldsV1]);

test('apply makes nothing of what somebody knows by its uid', async () => {
  const { ask } = await started();
  const { status, body } = await ask(
    'PATCH',
    `${path}?fieldManager=a`,
    { ...config({ a: 'b' }), metadata: { name: 'c', uid: 'x-1' } },
    APPLY,
  );
  assert.equal(status, 409);
  assert.equal(
    body.message,
    'Operation cannot be fulfilled on configmaps "c": uid mismatch: the provided object specified uid x-1, and no existing object was found',
  );
});

test('apply creates an absent object and records its manager', async () => {
  const { ask } = await started();
  const made = await ask('PATCH', `${path}?fieldManager=me`, config({ a: '1' }), APPLY);
  assert.equal(made.status, 201);
  assert.deepEqual([made.body.data, managers(made)], [{ a: '1' }, [['me', 'Apply', { 'f:data': { 'f:a': {} } }]]]);
});

test('apply takes out what it no longer mentions and says 409 with causes where others own', async () => {
  const { ask } = await started();
  await ask('PATCH', `${path}?fieldManager=me`, config({ a: '1', b: '1' }), APPLY);
  const second = await ask('PATCH', `${path}?fieldManager=me`, config({ a: '1' }), APPLY);
  assert.deepEqual([second.status, second.body.data], [200, { a: '1' }]);
  const refused = await ask('PATCH', `${path}?fieldManager=other`, config({ a: '2' }), APPLY);
  assert.deepEqual(
    [refused.status, refused.body.reason, refused.body.details.causes],
    [409, 'Conflict', [{ reason: 'FieldManagerConflict', message: 'conflict with "me"', field: '.data.a' }]],
  );
  const forced = await ask('PATCH', `${path}?fieldManager=other&force=true`, config({ a: '2' }), APPLY);
  assert.deepEqual(
    [forced.body.data, managers(forced)],
    [{ a: '2' }, [['other', 'Apply', { 'f:data': { 'f:a': {} } }]]],
  );
});

test('of two entries that a client sends for one manager the last is kept', async () => {
  const { ask } = await started();
  await ask('PATCH', `${path}?fieldManager=a`, config({ a: '1' }), APPLY);
  const { body } = await ask('PATCH', `${path}?fieldManager=z`, config({ a: '1' }), APPLY);
  const entry = body.metadata.managedFields[0];
  const sent = ['f:b', 'f:a'].map((field) => ({ ...entry, manager: 'z', fieldsV1: { 'f:data': { [field]: {} } } }));
  const patch = [{ op: 'replace', path: '/metadata/managedFields', value: sent }];
  const patched = await ask('PATCH', path, patch, 'application/json-patch+json');
  assert.deepEqual(managers(patched), [['z', 'Apply', { 'f:data': { 'f:a': {} } }]]);
});

test('the same apply again writes nothing, however late', async () => {
  const { ask, clock } = await started();
  const first = await ask('PATCH', `${path}?fieldManager=me`, config({ a: '1' }), APPLY);
  await clock.advance(60_000);
  const again = await ask('PATCH', `${path}?fieldManager=me`, config({ a: '1' }), APPLY);
  assert.deepEqual(again.body, first.body);
});

test('creations and updates belong to fieldManager, or to the first word of User-Agent', async () => {
  const { ask } = await started();
  const made = await ask('POST', '/api/v1/namespaces/d/configmaps', config({ a: '1' }));
  assert.deepEqual(managers(made), [['tester', 'Update', { 'f:data': { '.': {}, 'f:a': {} } }]]);
  const patched = await ask(
    'PATCH',
    `${path}?fieldManager=other`,
    { data: { a: '2' } },
    'application/merge-patch+json',
  );
  assert.deepEqual(managers(patched), [
    ['other', 'Update', { 'f:data': { 'f:a': {} } }],
    ['tester', 'Update', { 'f:data': {} }],
  ]);
});

test('apply to a part of an object owns that part only', async () => {
  const { ask } = await started();
  await ask('POST', '/api/v1/namespaces/d/services', { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } });
  const applied = await ask(
    'PATCH',
    '/api/v1/namespaces/d/services/s/status?fieldManager=me',
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { ports: [{ port: 81 }] },
      status: {
        conditions: [
          { type: 'A', status: 'True', reason: 'B', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
        ],
      },
    },
    APPLY,
  );
  assert.equal(applied.status, 200);
  assert.deepEqual(
    applied.body.spec.ports.map((port: any) => port.port),
    [80],
  );
  const mine = applied.body.metadata.managedFields.find((entry: any) => entry.manager === 'me');
  assert.deepEqual([mine.subresource, Object.keys(mine.fieldsV1)], ['status', ['f:status']]);
});

test('one empty entry in managedFields begins the record anew', async () => {
  const { ask } = await started();
  await ask('PATCH', `${path}?fieldManager=me`, config({ a: '1' }), APPLY);
  const reset = await ask(
    'PATCH',
    path,
    [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }],
    'application/json-patch+json',
  );
  assert.equal(reset.body.metadata.managedFields, undefined);
});

test('apply refuses requests that say too little or too much', async () => {
  const { ask } = await started();
  const messages = await Promise.all(
    [
      ask('PATCH', path, config({}), APPLY),
      ask(
        'PATCH',
        `${path}?fieldManager=me`,
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { managedFields: [] } },
        APPLY,
      ),
      ask('PATCH', `${path}?fieldManager=me`, { ...config({}), nonsense: 1 }, APPLY),
      ask('PATCH', `${path}?force=true`, {}, 'application/merge-patch+json'),
    ].map(async (answer) => (await answer).body.message),
  );
  assert.deepEqual(messages, [
    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    'metadata.managedFields must be nil',
    'failed to create typed patch object (/c; /v1, Kind=ConfigMap): .nonsense: field not declared in schema',
    'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
  ]);
});

const LAST = 'kubectl.kubernetes.io/last-applied-configuration';

test('kubectl takes over what it applied in the old way, and nothing that has changed since', async () => {
  const { ask } = await started();
  const head = { apiVersion: 'v1', kind: 'ConfigMap' };
  const maps = '/api/v1/namespaces/d/configmaps';
  const applied = { ...head, metadata: { name: 'm' }, data: { mine: 'old', moved: 'old' } };
  await ask('POST', `${maps}?fieldManager=kubectl-client-side-apply`, {
    ...applied,
    metadata: { name: 'm', annotations: { [LAST]: JSON.stringify(applied) } },
  });
  await ask('PATCH', `${maps}/m?fieldManager=other`, { data: { moved: 'by other' } }, 'application/merge-patch+json');
  const apply = (manager: string, data: object): Promise<Answer> =>
    ask('PATCH', `${maps}/m?fieldManager=${manager}`, { ...head, metadata: { name: 'm' }, data }, APPLY);

  assert.equal((await apply('somebody', { mine: 'new' })).status, 409);
  const refused = await apply('kubectl', { mine: 'new', moved: 'new' });
  assert.deepEqual(
    [refused.status, refused.body.details.causes.map((cause: { field: string }) => cause.field)],
    [409, ['.data.moved']],
  );
  const { status, body } = await apply('kubectl', { mine: 'new' });
  assert.deepEqual([status, body.data], [200, { mine: 'new', moved: 'by other' }]);
  // Whoever goes on in the old way starts from what was applied now.
  assert.equal(
    body.metadata.annotations[LAST],
    `${JSON.stringify({ apiVersion: 'v1', data: { mine: 'new' }, kind: 'ConfigMap', metadata: { name: 'm' } })}\n`,
  );
});

test('a status that is meant for another object of the name is refused', async () => {
  const { ask } = await started();
  const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  await ask('POST', '/api/v1/namespaces/d/serviceaccounts', { metadata: { name: 'default' } });
  const { body: made } = await ask('POST', '/api/v1/namespaces/d/pods', pod);
  const write = (uid: string): Promise<Answer> =>
    ask(
      'PATCH',
      '/api/v1/namespaces/d/pods/p/status',
      { metadata: { uid }, status: { phase: 'Failed' } },
      'application/strategic-merge-patch+json',
    );
  const refused = await write('another');
  assert.deepEqual([refused.status, refused.body.details.causes[0].field], [422, 'metadata.uid']);
  assert.equal((await ask('GET', '/api/v1/namespaces/d/pods/p')).body.status.phase, 'Pending');
  assert.equal((await write(made.metadata.uid)).body.status.phase, 'Failed');
});

test('owners who speak another version are asked in theirs, and keep what is not theirs any more no longer', async () => {
  const { ask } = await started();
  const at = (version: string): string => `/apis/autoscaling/${version}/namespaces/d/horizontalpodautoscalers`;
  const spec = { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' } };
  const made = await ask('POST', `${at('v1')}?fieldManager=old`, {
    metadata: { name: 'a' },
    spec: { ...spec, targetCPUUtilizationPercentage: 50 },
  });
  const fieldsOf = ({ body }: Answer, manager: string): unknown =>
    body.metadata.managedFields.find((entry: any) => entry.manager === manager)?.fieldsV1['f:spec'];
  assert.deepEqual(
    [made.body.metadata.managedFields[0].apiVersion, Object.keys(fieldsOf(made, 'old') as object)],
    ['autoscaling/v1', ['f:maxReplicas', 'f:minReplicas', 'f:scaleTargetRef', 'f:targetCPUUtilizationPercentage']],
  );
  const target = { type: 'Utilization', averageUtilization: 70 };
  const apply = (query: string): Promise<Answer> =>
    ask(
      'PATCH',
      `${at('v2')}/a?fieldManager=new${query}`,
      {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'a' },
        spec: { metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }] },
      },
      APPLY,
    );
  const refused = await apply('');
  assert.deepEqual(
    [refused.status, refused.body.message],
    [
      409,
      'Apply failed with 1 conflict: conflict with "old" using autoscaling/v1: .spec.targetCPUUtilizationPercentage',
    ],
  );
  const taken = await apply('&force=true');
  assert.deepEqual(Object.keys(fieldsOf(taken, 'old') as object), [
    'f:maxReplicas',
    'f:minReplicas',
    'f:scaleTargetRef',
  ]);
});

test('owners of a version that there is not go with the next change', async () => {
  const { ask } = await started();
  const stale = { manager: 'm', operation: 'Update', apiVersion: 'gone/v1', fieldsType: 'FieldsV1' };
  await ask('POST', '/api/v1/namespaces/d/configmaps', {
    metadata: { name: 'c', managedFields: [{ ...stale, fieldsV1: { 'f:data': { 'f:a': {} } } }] },
    data: { a: 'b' },
  });
  const applied = await ask('PATCH', `${path}?fieldManager=me`, config({ x: 'y' }), APPLY);
  const names = applied.body.metadata.managedFields.map((entry: any) => entry.manager);
  assert.deepEqual([applied.status, names], [200, ['me', 'tester']]);
});
