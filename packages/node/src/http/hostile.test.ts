import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { serve } from '@navarch/apiserver';
import { silent } from '@navarch/base';
import { MemoryStore } from '@navarch/store';
import { Pki } from '../pki/index.ts';
import { systemClock, systemRandom } from '../system/index.ts';
import { parseYaml } from '../yaml/index.ts';
import { type Listening, listenHttps } from './listen.ts';

const folder = mkdtempSync(join(tmpdir(), 'navarch-hostile-'));
const stop = new AbortController();
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
let listening: Listening;
let authority: string;
let admin: { readonly certificate: string; readonly key: string };

before(async () => {
  const pki = await Pki.open(folder);
  const { server } = await serve(
    {
      store: new MemoryStore(),
      clock: systemClock,
      random: systemRandom(),
      log: silent,
      tokens: { sign: async () => 'token', verify: async () => undefined, jwks: () => ({ keys: [] }) },
      issuer: 'https://issuer',
      serviceCidr: '10.96.0.0/16',
      nodePorts: [30_000, 32_767],
      advertiseAddress: '10.95.0.1',
      advertisePort: 6443,
      parseYaml,
    },
    stop.signal,
  );
  const own = await pki.identity('apiserver', {
    commonName: 'kube-apiserver',
    addresses: ['127.0.0.1'],
    names: ['localhost'],
  });
  admin = await pki.identity('admin', { commonName: 'admin', organizations: ['system:masters'] });
  authority = pki.authority.certificate;
  listening = await listenHttps(server, {
    addresses: ['127.0.0.1'],
    port: 0,
    certificate: own.certificate,
    key: own.key,
    clientAuthority: authority,
    kubeletClient: { ...admin, authority },
  });
});

after(async () => {
  await listening[Symbol.asyncDispose]();
  stop.abort();
  rmSync(folder, { recursive: true, force: true });
});

function dial(): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      {
        host: '127.0.0.1',
        port: listening.port,
        ca: authority,
        cert: admin.certificate,
        key: admin.key,
        ALPNProtocols: ['http/1.1'],
      },
      () => resolve(socket),
    );
    socket.on('error', reject);
  });
}

/** Says the text and hears all that is answered until the connection ends. */
async function say(text: string): Promise<string> {
  const socket = await dial();
  return new Promise((resolve) => {
    let heard = '';
    socket.removeAllListeners('error');
    socket.on('error', () => resolve(heard));
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
    });
    socket.on('close', () => resolve(heard));
    socket.end(text);
  });
}

const request = (path: string, headers: readonly string[] = [], method = 'GET', body = ''): string =>
  [
    `${method} ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    ...headers,
    ...(body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    '',
    body,
  ].join('\r\n');
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);
const isAlive = async (): Promise<boolean> => statusOf(await say(request('/version'))) === 200;

for (const [claim, text, statuses] of [
  [
    'a flood of headers',
    request(
      '/version',
      Array.from({ length: 5000 }, (_, i) => `X-Flood-${i}: ${'x'.repeat(100)}`),
    ),
    [431],
  ],
  ['one endless header', request('/version', [`X-Long: ${'x'.repeat(200_000)}`]), [431]],
  ['an endless path', request(`/${'a'.repeat(200_000)}`), [431, 414]],
  ['a path that is no path', request('*'), [403, 404, 400, 405]],
  ['a whole URL as the path', request('http://169.254.169.254/latest/meta-data'), [404, 400]],
  ['a path with a line break', request('/version%0d%0aX-Injected:1'), [404, 400]],
  ['broken percent-encoding', request('/api/v1/namespaces/%zz/pods'), [400]],
  ['no HTTP at all', 'hello\r\n\r\n', [400]],
  ['two lengths of one body', request(CONFIG_MAPS, ['Content-Length: 5', 'Content-Length: 6'], 'POST'), [400]],
  ['a length and chunks', request(CONFIG_MAPS, ['Content-Length: 5', 'Transfer-Encoding: chunked'], 'POST'), [400]],
  [
    'chunks of no size',
    `${request(CONFIG_MAPS, ['Transfer-Encoding: chunked', 'Content-Type: application/json'], 'POST')}zz\r\n`,
    [400, 0],
  ],
  ['an upgrade to nothing', request('/version', ['Upgrade: nonsense', 'Connection: Upgrade']), [400, 200]],
  [
    'an upgrade where there is no pod',
    request('/api/v1/namespaces/default/pods/p/exec?command=ls', ['Upgrade: websocket', 'Connection: Upgrade']),
    [404],
  ],
] as const) {
  test(`listenHttps() answers ${statuses.join(' or ')} to ${claim}, and lives on`, async () => {
    const answer = await say(text);
    assert.ok((statuses as readonly number[]).includes(statusOf(answer)), answer.slice(0, 200));
    assert.doesNotMatch(answer, /^X-Injected/im);
    assert.ok(await isAlive());
  });
}

test('listenHttps() does not take a certificate of another authority for nobody', async () => {
  const others = await Pki.open(join(folder, 'others'));
  const { certificate, key } = await others.identity('admin', {
    commonName: 'admin',
    organizations: ['system:masters'],
  });
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: listening.port, ca: authority, cert: certificate, key }, () =>
      socket.end(request('/version')),
    );
    let heard = '';
    socket
      .on('data', (chunk: Buffer) => {
        heard += chunk.toString();
      })
      .on('close', () => resolve(heard))
      .on('error', reject);
  });
  assert.equal(statusOf(answer), 401);
});

test('listenHttps() ends an HTTP/2 stream with more headers than it takes, and lives on', async () => {
  const session = connectHttp2(`https://127.0.0.1:${listening.port}`, {
    ca: authority,
    cert: admin.certificate,
    key: admin.key,
  });
  const outcome = await new Promise<string>((resolve) => {
    session.on('error', () => resolve('session ended'));
    const stream = session.request({
      ':path': '/version',
      ...Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`x-flood-${i}`, 'x'.repeat(50)])),
    });
    stream.on('error', () => resolve('stream ended'));
    stream.on('response', (headers) => resolve(String(headers[':status'])));
    stream.on('close', () => resolve('stream closed'));
  });
  session.destroy();
  assert.notEqual(outcome, '200');
  assert.ok(await isAlive());
});

test('listenHttps() does not wait for bodies that never come before it answers others', async () => {
  const waiting = await Promise.all(Array.from({ length: 50 }, dial));
  for (const socket of waiting)
    socket.write(
      `POST ${CONFIG_MAPS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{`,
    );
  assert.ok(await isAlive());
  for (const socket of waiting) socket.destroy();
});

test('listenHttps() refuses YAML whose aliases stand for more than memory holds', async () => {
  const letters = 'abcdefghij';
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    ...Array.from(letters)
      .slice(1)
      .map((letter, i) => `${letter}: &${letter} [${Array.from({ length: 9 }, () => `*${letters[i]}`).join(', ')}]`),
  ].join('\n');
  for (const [method, path, type] of [
    ['POST', CONFIG_MAPS, 'application/yaml'],
    ['PATCH', `${CONFIG_MAPS}/a?fieldManager=me`, 'application/apply-patch+yaml'],
  ] as const) {
    const answer = await say(
      request(path, [`Content-Type: ${type}`], method, `kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n${bomb}`),
    );
    assert.equal(statusOf(answer), 400);
    assert.match(answer, /excessive aliasing/);
  }
});
