import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Node, Pod } from '@navarch/api';
import { Extender, type ExtenderFile } from '@navarch/scheduler';
import { Pki } from '../pki/index.ts';
import { systemClock } from '../system/index.ts';
import { httpExtenders } from './http-extenders.ts';

const folder = mkdtempSync(join(tmpdir(), 'navarch-extenders-'));
const servers: Server[] = [];
let plain = '';
let secure = '';
let authority = '';
const heard: { readonly url: string; readonly type: string | undefined; readonly body: unknown }[] = [];

const pod = { metadata: { name: 'p', namespace: 'd', uid: 'u' }, spec: { containers: [] } } as unknown as Pod;
const nodes = ['a', 'b'].map((name) => ({ metadata: { name } })) as unknown as readonly Node[];

/** An extender that leaves `a`, prefers it, and binds. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString()) as { Nodes?: { items: readonly Node[] } };
  const url = request.url ?? '';
  heard.push({ url, type: request.headers['content-type'], body });
  const verb = url.slice(url.lastIndexOf('/') + 1);
  if (verb === 'slow') return;
  if (verb === 'broken') return void response.writeHead(500).end('no');
  const items = body.Nodes?.items.filter(({ metadata }) => metadata.name === 'a');
  const answers: Readonly<Record<string, object>> = {
    filter: { Nodes: { items }, FailedNodes: { b: 'not b' } },
    prioritize: [{ Host: 'a', Score: 7 }],
    bind: {},
  };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers[verb]));
}

const listening = async (server: Server): Promise<number> => {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

before(async () => {
  const pki = await Pki.open(folder);
  const { certificate, key } = await pki.identity('extender', {
    commonName: 'e.default.svc',
    names: ['e.default.svc'],
  });
  authority = pki.authority.certificate;
  const handle = (request: IncomingMessage, response: ServerResponse): void => void answer(request, response);
  plain = `http://127.0.0.1:${await listening(createServer(handle))}/scheduler/`;
  secure = `https://127.0.0.1:${await listening(createTlsServer({ cert: certificate, key }, handle))}`;
});

after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

function extender(more: Partial<ExtenderFile>): { readonly asked: Extender } & Disposable {
  const file = { urlPrefix: plain, filterVerb: 'filter', httpTimeout: '0s', ...more };
  const transport = httpExtenders([file]);
  return { asked: new Extender(file, transport, systemClock), [Symbol.dispose]: () => transport[Symbol.dispose]() };
}

const { signal } = new AbortController();
const ONE = { left: new Set(['a']), failed: new Map([['b', 'not b']]), unresolvable: new Map() };

test('httpExtenders() asks over HTTP, in the words of extender/v1', async () => {
  using it = extender({ prioritizeVerb: 'prioritize', bindVerb: 'bind', weight: 3 });
  assert.deepEqual(await it.asked.filter(pod, nodes, signal), ONE);
  assert.deepEqual(await it.asked.scores(pod, nodes, signal), new Map([['a', 210]]));
  await it.asked.bind(pod, 'a', signal);
  assert.deepEqual(heard.splice(0), [
    {
      url: '/scheduler/filter',
      type: 'application/json',
      body: { Pod: pod, Nodes: { metadata: {}, items: nodes }, NodeNames: null },
    },
    {
      url: '/scheduler/prioritize',
      type: 'application/json',
      body: { Pod: pod, Nodes: { metadata: {}, items: nodes }, NodeNames: null },
    },
    {
      url: '/scheduler/bind',
      type: 'application/json',
      body: { PodName: 'p', PodNamespace: 'd', PodUID: 'u', Node: 'a' },
    },
  ]);
});

test('httpExtenders() trusts the authority that it is told, anybody where HTTPS is only switched on, and nobody else', async () => {
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, authority);
  const caData = readFileSync(caFile).toString('base64');
  const serverName = 'e.default.svc';
  for (const more of [
    { tlsConfig: { caFile, serverName } },
    { enableHTTPS: true, tlsConfig: { caData, serverName } },
    { enableHTTPS: true },
    { tlsConfig: { insecure: true } },
  ]) {
    using it = extender({ urlPrefix: secure, ...more });
    assert.deepEqual(await it.asked.filter(pod, nodes, signal), ONE);
  }
  for (const [more, why] of [
    [{}, /^ExtenderError: Post "https:.*\/filter": tls: failed to verify certificate: x509: certificate signed by/],
    [{ tlsConfig: { caData } }, /^ExtenderError: Post "https:.*altnames/],
  ] as const) {
    using it = extender({ urlPrefix: secure, ...more });
    await assert.rejects(it.asked.filter(pod, nodes, signal), why);
  }
  assert.throws(() => extender({ tlsConfig: { caFile: '/none' } }), /ENOENT/);
});

test('httpExtenders() tells of an extender that hangs, is not there, or answers with an error', async () => {
  const rows: readonly (readonly [Partial<ExtenderFile>, RegExp])[] = [
    [{ filterVerb: 'slow', httpTimeout: '50ms' }, /slow": context deadline exceeded \(Client\.Timeout exceeded/],
    [
      { urlPrefix: 'http://127.0.0.1:1' },
      /Post "http:\/\/127\.0\.0\.1:1\/filter": dial tcp 127\.0\.0\.1:1: connect: connection refused/,
    ],
    [
      { filterVerb: 'broken' },
      /^ExtenderError: failed broken with extender at URL http:.*\/scheduler\/broken, code 500$/,
    ],
  ];
  for (const [more, why] of rows) {
    using it = extender(more);
    await assert.rejects(it.asked.filter(pod, nodes, signal), why);
  }
});
