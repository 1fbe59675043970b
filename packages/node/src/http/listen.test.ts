import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parseFeatureGates, serve, type Server } from '@navarch/apiserver';
import { silent } from '@navarch/base';
import { WebSocket } from 'ws';
import { Pki } from '../pki/index.ts';
import { MemoryStore } from '@navarch/store';
import { SqliteStore } from '../sqlite/index.ts';
import { systemClock, systemRandom } from '../system/index.ts';
import { type Listening, listenHttps } from './listen.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

const folder = mkdtempSync(join(tmpdir(), 'navarch-listen-'));
const stop = new AbortController();
const configMaps = '/api/v1/namespaces/default/configmaps';
let store: SqliteStore;
let listening: Listening;
let pki: Pki;
let session: ClientHttp2Session;
let admin: { readonly certificate: string; readonly key: string };
let own: { readonly certificate: string; readonly key: string };
let server: Server;
const options = {
  clock: systemClock,
  random: systemRandom(),
  log: silent,
  tokens: { sign: async () => 'token', verify: async () => undefined, jwks: () => ({ keys: [] }) },
  issuer: 'https://issuer',
  serviceCidr: '10.96.0.0/16',
  nodePorts: [30_000, 32_767],
  advertiseAddress: '10.95.0.1',
  advertisePort: 6443,
} as const;

before(async () => {
  pki = await Pki.open(join(folder, 'pki'));
  store = await SqliteStore.open(join(folder, 'store'));
  ({ server } = await serve({ store, ...options }, stop.signal));
  own = await pki.identity('apiserver', {
    commonName: 'kube-apiserver',
    addresses: ['127.0.0.1'],
    names: ['localhost'],
  });
  admin = await pki.identity('admin', { commonName: 'admin', organizations: ['system:masters'] });
  listening = await listenHttps(server, {
    addresses: ['127.0.0.1'],
    port: 0,
    certificate: own.certificate,
    key: own.key,
    clientAuthority: pki.authority.certificate,
    kubeletClient: { ...admin, authority: pki.authority.certificate },
  });
  session = connect(`https://127.0.0.1:${listening.port}`, {
    ca: pki.authority.certificate,
    cert: admin.certificate,
    key: admin.key,
    maxSessionMemory: 512,
  });
});

after(async () => {
  session.destroy();
  await listening[Symbol.asyncDispose]();
  stop.abort();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function ask(headers: OutgoingHttpHeaders, body?: Uint8Array | string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'GET', ...headers }, { endStream: body === undefined });
    const chunks: Buffer[] = [];
    let head: Readonly<Record<string, unknown>> = {};
    stream.on('response', (received) => {
      head = received;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve({ status: Number(head[':status']), headers: head, body: Buffer.concat(chunks) }));
    stream.on('error', reject);
    if (body !== undefined) stream.end(body);
  });
}

function askHttp1(path: string, method = 'GET', body?: string, port = listening.port): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'accept-encoding': 'gzip' };
    const request = httpsRequest({
      host: '127.0.0.1',
      port,
      path,
      method,
      ca: pki.authority.certificate,
      cert: admin.certificate,
      key: admin.key,
      headers,
    });
    request.on('response', (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () =>
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

const post = (path: string, object: unknown): Promise<Answer> =>
  ask({ ':method': 'POST', ':path': path, 'content-type': 'application/json' }, JSON.stringify(object));
const config = (name: string, data: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const json = ({ body }: Answer): any => JSON.parse(body.toString());

test('one connection may have more streams than clients open at once', async () => {
  await ask({ ':path': '/version' });
  assert.equal(session.remoteSettings.maxConcurrentStreams, 10_000);
});

test('without an authority for clients a certificate makes nobody anyone', async () => {
  await using open = await listenHttps(server, {
    addresses: ['127.0.0.1'],
    port: 0,
    certificate: own.certificate,
    key: own.key,
    kubeletClient: { ...admin, authority: pki.authority.certificate },
  });
  assert.equal((await askHttp1('/api/v1/secrets', 'GET', undefined, open.port)).status, 403);
  assert.equal((await askHttp1('/api/v1/secrets')).status, 200);
});

test('listenHttps() answers HTTP/2 and HTTP/1.1 on one port, each as who its certificate names', async () => {
  const made = await post(configMaps, config('both'));
  assert.equal(made.status, 201);
  const [two, one] = [await ask({ ':path': `${configMaps}/both` }), await askHttp1(`${configMaps}/both`)];
  assert.deepEqual([two.status, one.status], [200, 200]);
  assert.deepEqual(json(two), json(one));
  assert.deepEqual(json(two), json(made));
  const stranger = connect(`https://127.0.0.1:${listening.port}`, { ca: pki.authority.certificate });
  const status = await new Promise((resolve) =>
    stranger.request({ ':path': configMaps }).on('response', (head) => resolve(head[':status'])),
  );
  stranger.destroy();
  assert.equal(status, 403);
});

test('a connection of HTTP/1.1 is kept for as long as upstream keeps it', async () => {
  const agent = new Agent({ keepAlive: true });
  const reply = await new Promise<IncomingMessage>((resolve, reject) =>
    httpsRequest({ host: '127.0.0.1', port: listening.port, path: '/version', ca: pki.authority.certificate, agent })
      .on('response', resolve)
      .on('error', reject)
      .end(),
  );
  reply.resume();
  assert.equal(reply.headers['keep-alive'], 'timeout=90');
  agent.destroy();
});

test('listenHttps() takes the uid of a user from the certificate', async () => {
  const ann = await pki.identity('ann', { commonName: 'ann', uid: 'u-1' });
  const own = connect(`https://127.0.0.1:${listening.port}`, {
    ca: pki.authority.certificate,
    cert: ann.certificate,
    key: ann.key,
  });
  const stream = own.request({
    ':method': 'POST',
    ':path': '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    'content-type': 'application/json',
  });
  stream.end('{}');
  let text = '';
  for await (const part of stream.setEncoding('utf8')) text += part as string;
  own.destroy();
  assert.equal(JSON.parse(text).status.userInfo.uid, 'u-1');
});

test('listenHttps() answers HEAD with the head alone', async () => {
  const [whole, head] = [await ask({ ':path': '/apis' }), await ask({ ':method': 'HEAD', ':path': '/apis' })];
  assert.deepEqual(
    [head.status, head.body.length, head.headers['content-length']],
    [200, 0, String(whole.body.length)],
  );
});

test('listenHttps() refuses a body beyond the limit and goes on serving the connection', async () => {
  const huge = JSON.stringify(config('huge', { a: 'x'.repeat(20 * 1024 * 1024) }));
  for (const answer of [
    await ask({ ':method': 'POST', ':path': configMaps, 'content-type': 'application/json' }, huge),
    await askHttp1(configMaps, 'POST', huge),
  ]) {
    assert.equal(answer.status, 413);
    assert.deepEqual(
      [json(answer).reason, json(answer).message],
      ['RequestEntityTooLarge', 'Request entity too large: limit is 3145728'],
    );
  }
  assert.equal((await ask({ ':path': '/version' })).status, 200);
});

test('listenHttps() sends long lists whole, compressed for who accepts it', async () => {
  const names = Array.from({ length: 60 }, (_, i) => `long-${String(i).padStart(3, '0')}`);
  await Promise.all(
    names.map((name) => post('/api/v1/namespaces/kube-public/configmaps', config(name, { text: name.repeat(5000) }))),
  );
  const path = '/api/v1/namespaces/kube-public/configmaps';
  const plain = await ask({ ':path': path });
  const squeezed = await ask({ ':path': path, 'accept-encoding': 'gzip' });
  assert.deepEqual(
    json(plain)
      .items.map((item: any) => item.metadata.name)
      .filter((name: string) => name.startsWith('long-')),
    names,
  );
  assert.equal(plain.headers['content-length'], String(plain.body.length));
  assert.ok(squeezed.body.length < plain.body.length / 10);
  assert.deepEqual(gunzipSync(squeezed.body), plain.body);
});

test('listenHttps() counts who connects and speaks no TLS', async () => {
  const failed = async (): Promise<string | undefined> =>
    /^apiserver_tls_handshake_errors_total (\d+)$/m.exec((await ask({ ':path': '/metrics' })).body.toString())?.[1];
  const before = Number(await failed());
  const stranger = connectSocket(listening.port, '127.0.0.1');
  stranger.on('error', () => undefined);
  stranger.end('GET / HTTP/1.0\r\n\r\n');
  await new Promise((resolve) => stranger.on('close', resolve).resume());
  assert.equal(Number(await failed()), before + 1);
});

test('listenHttps() compresses nothing where APIResponseCompression is off', async () => {
  const off = await serve(
    { store: new MemoryStore(), ...options, features: parseFeatureGates(['APIResponseCompression=false']) },
    stop.signal,
  );
  await using plain = await listenHttps(off.server, {
    addresses: ['127.0.0.1'],
    port: 0,
    certificate: own.certificate,
    key: own.key,
    clientAuthority: pki.authority.certificate,
    kubeletClient: { ...admin, authority: pki.authority.certificate },
  });
  assert.equal((await askHttp1('/openapi/v2')).headers['content-encoding'], 'gzip');
  assert.equal((await askHttp1('/openapi/v2', 'GET', undefined, plain.port)).headers['content-encoding'], undefined);
});

test('PATCH without a version never conflicts, however many write the same object', async () => {
  await post(configMaps, config('hot'));
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      ask(
        { ':method': 'PATCH', ':path': `${configMaps}/hot`, 'content-type': 'application/merge-patch+json' },
        JSON.stringify({ data: { [`k${i}`]: '1' } }),
      ),
    ),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 200),
  );
  assert.equal(Object.keys(json(await ask({ ':path': `${configMaps}/hot` })).data).length, 60);
});

test('A watch gets every change once, in order, and ends with its connection', async () => {
  const { metadata } = json(await ask({ ':path': configMaps }));
  const stream = session.request({ ':path': `${configMaps}?watch=true&resourceVersion=${metadata.resourceVersion}` });
  let text = '';
  const enough = new Promise<void>((resolve) =>
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.split('\n').length > 30) resolve();
    }),
  );
  await Promise.all(Array.from({ length: 30 }, (_, i) => post(configMaps, config(`watched-${i}`))));
  await enough;
  const versions = text
    .trim()
    .split('\n')
    .map((line) => Number((JSON.parse(line) as any).object.metadata.resourceVersion));
  assert.equal(versions.length, 30);
  assert.deepEqual(
    versions,
    versions.toSorted((a, b) => a - b),
  );
  stream.close();
});

test('A watch over a WebSocket sends each event as a message, by the subprotocol that is asked for', async () => {
  const name = `ws-${Math.floor(performance.now())}`;
  const socket = new WebSocket(
    `wss://127.0.0.1:${listening.port}${configMaps}?watch=true&fieldSelector=metadata.name=${name}`,
    ['base64url.bearer.authorization.k8s.io.eA', 'base64.binary.k8s.io'],
    {
      ca: pki.authority.certificate,
      cert: admin.certificate,
      key: admin.key,
    },
  );
  const events: { type: string; object: { metadata: { name: string } } }[] = [];
  const seen = Promise.withResolvers<void>();
  socket.on('message', (data, isBinary) => {
    assert.equal(isBinary, false);
    events.push(JSON.parse(String(data)) as (typeof events)[number]);
    if (events.length === 2) seen.resolve();
  });
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  assert.equal(socket.protocol, 'base64.binary.k8s.io');
  await ask(
    { ':method': 'POST', ':path': configMaps, 'content-type': 'application/json' },
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }),
  );
  await ask({ ':method': 'DELETE', ':path': `${configMaps}/${name}` });
  await seen.promise;
  assert.deepEqual(
    events.map(({ type, object }) => `${type} ${object.metadata.name}`),
    [`ADDED ${name}`, `DELETED ${name}`],
  );
  socket.close();
  await new Promise((resolve) => socket.on('close', resolve));
});
