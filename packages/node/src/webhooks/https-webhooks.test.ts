import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { WebhookAddress } from '@navarch/apiserver';
import { Pki } from '../pki/index.ts';
import { httpsWebhooks } from './https-webhooks.ts';

const folder = mkdtempSync(join(tmpdir(), 'navarch-webhooks-'));
const webhooks = httpsWebhooks();
let server: Server;
let address: WebhookAddress;
let leaf: string;

before(async () => {
  const pki = await Pki.open(folder);
  const { certificate, key } = await pki.identity('hook', {
    commonName: 'hooks.default.svc',
    names: ['hooks.default.svc'],
  });
  leaf = certificate;
  server = createServer({ cert: certificate, key }, (request, response) => {
    if (request.url === '/slow') return;
    if (request.url === '/huge') {
      for (let i = 0; i < 9; i++) response.write(Buffer.alloc(1024 * 1024));
      response.end();
      return;
    }
    if (request.url === '/moved') {
      response.writeHead(302, { location: '/' }).end();
      return;
    }
    request.on('data', (chunk: Buffer) => response.write(chunk)).on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    path: '/',
    serverName: 'hooks.default.svc',
    authority: pki.authority.certificate,
  };
});

after(() => {
  webhooks[Symbol.dispose]();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

test('httpsWebhooks() posts a question and brings the answer', async () => {
  assert.deepEqual(await webhooks.post(address, '{"a":"ü"}', 5000), { status: 200, body: '{"a":"ü"}' });
});

test('httpsWebhooks() trusts the authority and the name it was told, and no other', async () => {
  const { authority: _, ...untrusted } = address;
  await assert.rejects(
    webhooks.post(untrusted, '{}', 5000),
    /: tls: failed to verify certificate: x509: certificate signed by unknown authority$/,
  );
  await assert.rejects(
    webhooks.post({ ...address, serverName: 'others.default.svc' }, '{}', 5000),
    /does not match certificate/,
  );
});

test('httpsWebhooks() takes a bundle that holds nothing but the certificate of the server', async () => {
  assert.equal((await webhooks.post({ ...address, authority: leaf }, '{}', 5000)).status, 200);
});

test('httpsWebhooks() says in the words of Go that nobody listens', async () => {
  await assert.rejects(
    webhooks.post({ ...address, port: 1 }, '{}', 5000),
    /: dial tcp 127\.0\.0\.1:1: connect: connection refused$/,
  );
});

test('httpsWebhooks() gives up when the time is over', async () => {
  await assert.rejects(
    webhooks.post({ ...address, path: '/slow' }, '{}', 100),
    /^Error: Post "https:\/\/hooks.default.svc:\d+\/slow": context deadline exceeded$/,
  );
});

test('httpsWebhooks() names a webhook by the port of its service', async () => {
  await assert.rejects(
    webhooks.post({ ...address, port: 1, servicePort: 443 }, '{}', 5000),
    /^Error: Post "https:\/\/hooks.default.svc:443\/": dial tcp 127\.0\.0\.1:1: connect: connection refused$/,
  );
});

test('httpsWebhooks() writes an address without the port that everybody knows', async () => {
  await assert.rejects(
    webhooks.post({ ...address, port: 443, host: '127.0.0.9' }, '{}', 5000),
    /^Error: Post "https:\/\/hooks.default.svc\/": dial tcp 127\.0\.0\.9:443: connect: connection refused$/,
  );
});

test('httpsWebhooks() does not follow redirects, nor read without end', async () => {
  assert.equal((await webhooks.post({ ...address, path: '/moved' }, '{}', 5000)).status, 302);
  await assert.rejects(webhooks.post({ ...address, path: '/huge' }, '{}', 5000), /larger than/);
});
