import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, type ConfigMap, node } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { SimClock } from '@navarch/sim';
import fc from 'fast-check';
import type { WatchEvent } from '../api.ts';
import { httpApi } from './http-api.ts';
import { type HttpRequest, type HttpTransport, linesOf } from './transport.ts';

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

function serverOf(answers: readonly Answer[]): {
  readonly transport: HttpTransport;
  readonly log: string[];
  readonly bodies: unknown[];
} {
  const [log, bodies, left]: [string[], unknown[], Answer[]] = [[], [], [...answers]];
  const transport: HttpTransport = {
    async send({ method, path, body, headers }: HttpRequest) {
      log.push(`${method} ${path}${headers['content-type'] ? ` ${headers['content-type']}` : ''}`);
      bodies.push(body && JSON.parse(new TextDecoder().decode(body)));
      const { status = 200, headers: sent = {}, body: text } = left.shift() ?? { status: 500, body: 'no more answers' };
      return { status, headers: sent, body: chunks(typeof text === 'string' ? text : JSON.stringify(text), 7) };
    },
  };
  return { transport, log, bodies };
}
async function* chunks(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}
const object = (name: string, resourceVersion: string) => ({
  metadata: { namespace: 'n', name, resourceVersion, uid: name },
});
const apiOf = (transport: HttpTransport, clock = new SimClock()) =>
  httpApi({ transport, clock, userAgent: 'test' }, new AbortController().signal);

test('httpApi() asks at the paths and with the types of the API conventions', async () => {
  const server = serverOf(Array.from({ length: 8 }, () => ({ body: object('x', '1') })));
  const [maps, nodes] = [apiOf(server.transport).of(configMap), apiOf(server.transport).of(node)];
  await maps.get('n/x');
  await nodes.get('y');
  await maps.create({ metadata: { namespace: 'n', name: 'x' } }, { fieldManager: 'me', dryRun: true });
  await maps.replace({ apiVersion: 'v1', kind: 'ConfigMap', ...object('x', '1') } as unknown as ConfigMap, {
    subresource: 'status',
  });
  await maps.patch('n/x', { type: 'merge', body: { data: null } });
  await maps.patch('n/x', { type: 'apply', body: {}, fieldManager: 'me', force: true });
  await maps.delete('n/x', { propagationPolicy: 'Foreground', preconditions: { uid: 'u' } });
  await nodes.post('y', 'eviction', {});
  assert.deepEqual(server.log, [
    'GET /api/v1/namespaces/n/configmaps/x',
    'GET /api/v1/nodes/y',
    'POST /api/v1/namespaces/n/configmaps?dryRun=All&fieldManager=me application/json',
    'PUT /api/v1/namespaces/n/configmaps/x/status application/json',
    'PATCH /api/v1/namespaces/n/configmaps/x application/merge-patch+json',
    'PATCH /api/v1/namespaces/n/configmaps/x?fieldManager=me&force=true application/apply-patch+yaml',
    'DELETE /api/v1/namespaces/n/configmaps/x application/json',
    'POST /api/v1/nodes/y/eviction application/json',
  ]);
  assert.deepEqual(server.bodies[2], { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'n', name: 'x' } });
  assert.deepEqual(server.bodies[6], {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: 'Foreground',
    preconditions: { uid: 'u' },
  });
});

test('httpApi().list() reads every page and gives items their kind', async () => {
  const server = serverOf([
    { body: { metadata: { resourceVersion: '9', continue: 'more' }, items: [object('a', '1')] } },
    { body: { metadata: { resourceVersion: '9' }, items: [object('b', '2')] } },
  ]);
  const { items, resourceVersion } = await apiOf(server.transport)
    .of(configMap)
    .list({ namespace: 'n', labelSelector: 'a=b' });
  assert.deepEqual(
    [items.map((o) => `${o.kind} ${o.metadata.name}`), resourceVersion],
    [['ConfigMap a', 'ConfigMap b'], '9'],
  );
  assert.deepEqual(server.log, [
    'GET /api/v1/namespaces/n/configmaps?labelSelector=a%3Db&limit=5000',
    'GET /api/v1/namespaces/n/configmaps?labelSelector=a%3Db&continue=more&limit=5000',
  ]);
});

test('httpApi().watch() gives events in order, bookmarks, and the refusal that ends it', async () => {
  const lines = [
    { type: 'ADDED', object: object('a', '1') },
    { type: 'BOOKMARK', object: { metadata: { resourceVersion: '5' } } },
    { type: 'DELETED', object: object('ü', '6') },
    { type: 'ERROR', object: { kind: 'Status', status: 'Failure', reason: 'Expired', message: 'too old', code: 410 } },
  ];
  const server = serverOf([{ body: lines.map((line) => `${JSON.stringify(line)}\n`).join('') }]);
  const seen: WatchEvent<ConfigMap>[] = [];
  await assert.rejects(
    async () => {
      for await (const events of apiOf(server.transport)
        .of(configMap)
        .watch({ after: '0' }, new AbortController().signal))
        seen.push(...events);
    },
    (error) => hasReason(error, 'Expired'),
  );
  assert.deepEqual(
    seen.map((e) => (e.type === 'BOOKMARK' ? e.resourceVersion : `${e.type} ${e.object.metadata.name}`)),
    ['ADDED a', '5', 'DELETED ü'],
  );
  assert.deepEqual(server.log, ['GET /api/v1/configmaps?watch=true&allowWatchBookmarks=true&resourceVersion=0']);
});

test('httpApi() throws what the server said, and makes a status of what a proxy said', async () => {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    reason: 'NotFound',
    message: 'configmaps "x" not found',
    code: 404,
  };
  const maps = apiOf(
    serverOf([
      { status: 404, body: status },
      { status: 503, body: '<html>busy</html>' },
    ]).transport,
  ).of(configMap);
  await assert.rejects(
    maps.get('n/x'),
    (error: Error) => hasReason(error, 'NotFound') && error.message === 'configmaps "x" not found',
  );
  await assert.rejects(
    maps.get('n/x'),
    (error: Error) => hasReason(error, 'ServiceUnavailable') && error.message.includes('<html>busy</html>'),
  );
});

test('httpApi() waits as long as a server that has too much to do asks for', async () => {
  const clock = new SimClock();
  const server = serverOf([{ status: 429, headers: { 'retry-after': '3' }, body: '' }, { body: object('x', '1') }]);
  const found: string[] = [];
  void apiOf(server.transport, clock)
    .of(configMap)
    .get('n/x')
    .then((o) => found.push(o.metadata.name));
  await clock.advance(2999);
  assert.deepEqual(found, []);
  await clock.advance(1);
  assert.deepEqual(found, ['x']);
});

test('httpApi().update() begins again on a conflict and writes nothing where nothing changes', async () => {
  const conflict = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    reason: 'Conflict',
    message: 'moved',
    code: 409,
  };
  const server = serverOf([
    { body: object('x', '1') },
    { status: 409, body: conflict },
    { body: object('x', '2') },
    { body: object('x', '3') },
    { body: object('x', '3') },
  ]);
  const maps = apiOf(server.transport).of(configMap);
  assert.equal((await maps.update('n/x', (o) => ({ ...o, data: { a: 'b' } }))).metadata.resourceVersion, '3');
  assert.equal((server.bodies[3] as ConfigMap).metadata.resourceVersion, '2');
  await maps.update('n/x', (o) => o);
  assert.equal(server.log.length, 5);
});

test('linesOf() gives the same lines however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ unit: 'grapheme' }).map((s) => s.replace(/\n/g, ' ')),
        { maxLength: 8 },
      ),
      fc.integer({ min: 1, max: 9 }),
      async (lines, size) => {
        const seen: string[] = [];
        for await (const batch of linesOf(chunks(lines.map((line) => `${line}\n`).join(''), size), 1000))
          seen.push(...batch);
        assert.deepEqual(seen, lines);
      },
    ),
    { numRuns: 60 },
  );
});

test('linesOf() refuses a line without end', async () => {
  await assert.rejects(async () => {
    for await (const _ of linesOf(chunks('x'.repeat(100), 10), 50));
  }, /longer than 50 bytes/);
});
