import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { servePortForward } from './port-forward.ts';
import { SpdyConnection } from './spdy/connection.ts';
import { startFakeRuntime, textOf } from './testing/fake-runtime.ts';
import { upgradeServer } from './testing/upgrade-server.ts';

/** Port 80 echoes; at any other nothing listens. */
async function harness(ports: readonly number[]) {
  const runtime = await startFakeRuntime({
    '/forward': async ({ data, error }) => {
      if (data?.headers['port'] !== '80') {
        error?.end(`error forwarding port ${data?.headers['port']} to pod p, uid : connection refused`);
        data?.end();
        return;
      }
      error?.end();
      data?.pipe(data);
    },
  });
  const served = await upgradeServer(runtime, (upgrade, signal) => {
    const dial = { isTls: false, host: '127.0.0.1', port: runtime.port, path: '/forward', method: 'POST', headers: {} };
    return servePortForward({ ...upgrade, idleMs: 0 }, ports, dial, signal);
  });
  return { ...served, runtime };
}

const TUNNEL = 'SPDY/3.1+portforward.k8s.io';

/** The name of the tunnel has a slash, which this client would not send: it goes past its checks. */
async function openTunnel(url: string): Promise<WebSocket> {
  const webSocket = new WebSocket(url, ['tunnel'], {
    finishRequest(request) {
      request.setHeader('Sec-WebSocket-Protocol', TUNNEL);
      request.end();
    },
  });
  webSocket.on('upgrade', (response) => {
    if (response.headers['sec-websocket-protocol'] === TUNNEL) response.headers['sec-websocket-protocol'] = 'tunnel';
  });
  await new Promise((resolve, reject) => webSocket.on('open', resolve).on('error', reject));
  return webSocket;
}

/** A WebSocket as the byte stream that a tunnel is. */
function tunnelOf(webSocket: WebSocket): Duplex {
  const tunnel = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, callback) => webSocket.send(chunk, callback),
    final: (callback) => {
      webSocket.close();
      callback();
    },
    destroy: (error, callback) => {
      webSocket.terminate();
      callback(error);
    },
  });
  webSocket.on('message', (data) => tunnel.push(data as Buffer));
  webSocket.on('close', () => tunnel.push(null));
  return tunnel;
}

test('servePortForward() tunnels the SPDY connection of a client: many streams, and a refused port spoils none', async () => {
  await using kubelet = await harness([]);
  const webSocket = await openTunnel(kubelet.url);
  assert.equal(kubelet.runtime.lastHeaders()['x-stream-protocol-version'], 'portforward.k8s.io');
  const connection = new SpdyConnection(tunnelOf(webSocket), Buffer.alloc(0), { role: 'client' });
  const forward = async (id: number, port: number, bytes: Buffer): Promise<[error: string, data: Buffer]> => {
    const headers = { port: String(port), requestID: String(id) };
    const error = connection.open({ ...headers, streamType: 'error' });
    error.end();
    const data = connection.open({ ...headers, streamType: 'data' });
    const parts: Buffer[] = [];
    const ended = new Promise<void>((resolve) =>
      data.on('data', (part: Buffer) => parts.push(part)).on('end', resolve),
    );
    data.end(bytes);
    const said = await textOf(error);
    await ended;
    return [said, Buffer.concat(parts)];
  };
  const sent = Array.from({ length: 40 }, () => randomBytes(100_000));
  const results = await Promise.all(sent.map((bytes, id) => forward(id, id % 4 === 3 ? 81 : 80, bytes)));
  results.forEach(([said, data], id) => {
    if (id % 4 === 3) assert.match(said, /error forwarding port 81 .* connection refused/);
    else assert.ok(said === '' && data.equals(sent[id] as Buffer), `connection ${id} changed what it carried`);
  });
  connection.close();
  await connection.closed;
  await Promise.all(kubelet.sessions);
});

test('servePortForward(): the end of the runtime ends the tunnel, and so does that of the client', async () => {
  await using kubelet = await harness([]);
  const first = await openTunnel(kubelet.url);
  for (const connection of kubelet.runtime.connections) connection.destroy();
  await new Promise((resolve) => first.on('close', resolve));
  const second = await openTunnel(kubelet.url);
  const [connection] = kubelet.runtime.connections;
  second.terminate();
  await connection?.closed;
  await Promise.all(kubelet.sessions);
  assert.equal(kubelet.runtime.connections.size, 0);
});

test('servePortForward(): a text message is no SPDY', async () => {
  await using kubelet = await harness([]);
  const webSocket = await openTunnel(kubelet.url);
  webSocket.send('hello');
  assert.equal(await new Promise((resolve) => webSocket.on('close', resolve)), 1003);
});

test('servePortForward(): with channels, each port has one for data and one for errors, which begin with its number', async () => {
  await using kubelet = await harness([80, 81]);
  const webSocket = new WebSocket(kubelet.url, ['v4.channel.k8s.io']);
  const seen = new Map<number, Buffer[]>();
  const echoed = Promise.withResolvers<void>();
  const refused = Promise.withResolvers<void>();
  webSocket.on('message', (data) => {
    const [channel = 0] = data as Buffer;
    seen.set(channel, [...(seen.get(channel) ?? []), (data as Buffer).subarray(1)]);
    if (channel === 0 && Buffer.concat(seen.get(0) ?? []).length === 7) echoed.resolve();
    if (channel === 3 && seen.get(3)?.length === 2) refused.resolve();
  });
  await new Promise((resolve) => webSocket.on('open', resolve));
  webSocket.send(Buffer.from('\u0000hello'));
  await echoed.promise;
  await refused.promise;
  const [number, text] = [Buffer.from([80, 0]), Buffer.concat(seen.get(3) ?? [])];
  assert.deepEqual(Buffer.concat(seen.get(0) ?? []), Buffer.concat([number, Buffer.from('hello')]));
  assert.deepEqual(seen.get(1)?.[0], number);
  assert.deepEqual(seen.get(2)?.[0], Buffer.from([81, 0]));
  assert.match(text.toString('utf8', 2), /^error forwarding port 81/);
  webSocket.close();
  await Promise.all(kubelet.sessions);
});

test('servePortForward() with channels needs ports', async () => {
  await using kubelet = await harness([]);
  const status = await new Promise((resolve) => {
    new WebSocket(kubelet.url, ['v4.channel.k8s.io'])
      .on('error', () => undefined)
      .on('unexpected-response', (_request, response) => {
        response.resume();
        resolve(response.statusCode);
      });
  });
  assert.equal(status, 400);
});
