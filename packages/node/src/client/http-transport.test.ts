import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import { configMap } from '@navarch/api';
import { httpApi } from '@navarch/client';
import { systemClock } from '../system/index.ts';
import { httpTransport } from './http-transport.ts';

async function withServer(listener: RequestListener, work: (url: string) => Promise<void>): Promise<void> {
  await using server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
const object = (name: string, resourceVersion: string) => ({
  metadata: { name, namespace: 'n', uid: name, resourceVersion, creationTimestamp: '2026-01-01T00:00:00Z' },
});

test('httpTransport() sends method, path below the server address, token and body', async () => {
  const seen: unknown[] = [];
  const listener: RequestListener = (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { method, url, headers } = request;
      seen.push([method, url, headers.authorization, headers['content-type'], body && JSON.parse(body)]);
      response.end(JSON.stringify(object('x', '1')));
    });
  };
  await withServer(listener, async (url) => {
    using transport = httpTransport({ server: `${url}/proxy/`, token: 'secret' });
    const signal = new AbortController().signal;
    const maps = httpApi({ transport, clock: systemClock, userAgent: 'test' }, signal).of(configMap);
    await maps.create({ metadata: { namespace: 'n', name: 'x' } });
    await maps.get('n/x');
  });
  const sent = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'n', name: 'x' } };
  assert.deepEqual(seen, [
    ['POST', '/proxy/api/v1/namespaces/n/configmaps', 'Bearer secret', 'application/json', sent],
    ['GET', '/proxy/api/v1/namespaces/n/configmaps/x', 'Bearer secret', undefined, ''],
  ]);
});

test('httpTransport() ends connections that nobody needs any more, and no watch', async () => {
  const open = new Set<Socket>();
  const listener: RequestListener = (request, response) => {
    const { socket } = request;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    if (request.url?.includes('watch'))
      response.write(`${JSON.stringify({ type: 'ADDED', object: object('a', '1') })}\n`);
    else setTimeout(() => response.end(JSON.stringify(object('x', '1'))), 20);
  };
  await withServer(listener, async (url) => {
    using transport = httpTransport({ server: url }, 100);
    const end = new AbortController();
    const maps = httpApi({ transport, clock: systemClock, userAgent: 'test' }, end.signal).of(configMap);
    const watch = maps.watch({ after: '1' }, end.signal)[Symbol.asyncIterator]();
    await watch.next();
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => maps.get(`n/${name}`)));
    assert.equal(open.size, 5);
    const limit = AbortSignal.timeout(10_000);
    while (open.size > 1) await systemClock.sleep(10, limit);
    await systemClock.sleep(200, limit);
    assert.equal(open.size, 1, 'the watch goes on');
    await maps.get('n/a');
    end.abort();
    await watch.next().catch(() => undefined);
  });
});

test('httpTransport() gives a watch as it arrives, and lets go of it when the reader stops', async () => {
  const closed = Promise.withResolvers<void>();
  const listener: RequestListener = (request, response) => {
    request.on('close', () => closed.resolve());
    response.write(`${JSON.stringify({ type: 'ADDED', object: object('a', '1') })}\n`);
  };
  await withServer(listener, async (url) => {
    using transport = httpTransport({ server: url });
    const maps = httpApi({ transport, clock: systemClock, userAgent: 'test' }, new AbortController().signal).of(
      configMap,
    );
    const stop = new AbortController();
    const names: string[] = [];
    for await (const events of maps.watch({ after: '0' }, stop.signal)) {
      for (const event of events) if (event.type !== 'BOOKMARK') names.push(event.object.metadata.name);
      stop.abort(new Error('enough'));
    }
    assert.deepEqual(names, ['a']);
    await closed.promise;
  });
});

test('httpTransport() says in one sentence that a server cannot be reached, and what the signal said when stopped', async () => {
  let gone = '';
  await withServer(
    () => undefined,
    async (url) => {
      gone = url;
      using transport = httpTransport({ server: url });
      const stop = new AbortController();
      const sent = transport.send({ method: 'GET', path: '/', headers: {} }, stop.signal);
      stop.abort(new Error('stopped'));
      await assert.rejects(sent, /^Error: stopped$/);
    },
  );
  using transport = httpTransport({ server: gone });
  const refused = transport.send({ method: 'GET', path: '/', headers: {} }, new AbortController().signal);
  await assert.rejects(refused, /^Error: Cannot reach http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/);
});
