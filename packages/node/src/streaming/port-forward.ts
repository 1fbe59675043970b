import { finished } from 'node:stream/promises';
import type { WebSocket } from 'ws';
import type { WebSocketClient } from './remote-command.ts';
import { SpdyConnection } from './spdy/connection.ts';
import type { SpdyStream } from './spdy/stream.ts';
import { type Dial, dialUpgrade, refuseUpgrade, spdyHeaders, type Upgraded } from './upgrade.ts';
import { acceptWebSocket, closeWhenIdle, send } from './websocket/accept.ts';
import { ChannelSocket } from './websocket/channels.ts';
import { choose, offered, portForwardProtocols, portForwardTunnel, refusalOf } from './websocket/protocols.ts';

const RUNTIME_PROTOCOL = 'portforward.k8s.io';
const NORMAL = 1000;
const UNSUPPORTED_DATA = 1003;

/**
 * Serves port forwarding to a client that speaks WebSocket, from a runtime that speaks SPDY: as a tunnel, or with two
 * channels a port. Resolves when both connections are over; rejects as `serveRemoteCommand` does.
 */
export async function servePortForward(
  client: WebSocketClient,
  ports: readonly number[],
  runtime: Dial,
  signal: AbortSignal,
): Promise<void> {
  const { request, socket } = client;
  const isTunnel = offered(request).includes(portForwardTunnel);
  const protocol = choose(request, portForwardProtocols);
  if (!isTunnel && !protocol) return refuseUpgrade(socket, 403, refusalOf(request, portForwardProtocols));
  if (!isTunnel && ports.length === 0) return refuseUpgrade(socket, 400, 'query parameter "port" is required');
  const upgraded = await dialUpgrade({ ...runtime, headers: spdyHeaders(RUNTIME_PROTOCOL) }, signal);
  try {
    const webSocket = await acceptWebSocket(
      request,
      socket,
      client.head,
      isTunnel ? portForwardTunnel : (protocol?.name ?? ''),
    );
    const stop = (): void => webSocket.terminate();
    signal.addEventListener('abort', stop, { once: true });
    webSocket.once('close', () => signal.removeEventListener('abort', stop));
    if (isTunnel) return await tunnel(webSocket, upgraded, client.idleMs);
    const connection = new SpdyConnection(upgraded.socket, upgraded.head, { role: 'client' });
    // By ports, so that each has its two channels from the beginning.
    const pairs = ports.map((port, i) => openPair(connection, port, i));
    const channels = new ChannelSocket(
      webSocket,
      protocol ?? (portForwardProtocols[0] as never),
      new Map(pairs.map((pair, i) => [i * 2, pair.data])),
      client.idleMs,
    );
    void channels.closed.then(() => connection.destroy());
    await Promise.allSettled(pairs.map((pair, i) => forwardPort(channels, pair, i)));
    channels.close();
    await channels.closed;
  } finally {
    upgraded.socket.destroy();
  }
}

/** The client's own SPDY connection to the runtime, in binary messages. */
async function tunnel(webSocket: WebSocket, { socket, head }: Upgraded, idleMs: number): Promise<void> {
  const onTraffic = closeWhenIdle(webSocket, idleMs);
  webSocket.on('message', (data, isBinary) => {
    onTraffic();
    if (!isBinary) return webSocket.close(UNSUPPORTED_DATA, 'only binary messages are tunnelled');
    if (!socket.writable || socket.write(data as Buffer)) return;
    webSocket.pause();
    socket.once('drain', () => webSocket.resume());
  });
  webSocket.once('close', () => socket.destroy());
  if (head.length > 0) socket.unshift(head);
  try {
    for await (const chunk of socket) {
      onTraffic();
      await send(webSocket, chunk as Buffer);
    }
  } catch {
    // The runtime is gone; so is then the forwarding, and the client sees it.
  }
  const closed =
    webSocket.readyState === webSocket.CLOSED ? undefined : new Promise((resolve) => webSocket.once('close', resolve));
  webSocket.resume();
  webSocket.close(NORMAL);
  await closed;
}

interface Pair {
  readonly port: number;
  readonly data: SpdyStream;
  readonly error: SpdyStream;
}

function openPair(connection: SpdyConnection, port: number, requestID: number): Pair {
  const headers = { port: String(port), requestID: String(requestID) };
  const error = connection.open({ ...headers, streamType: 'error' });
  error.end();
  return { port, error, data: connection.open({ ...headers, streamType: 'data' }) };
}

/** One connection to the port. Each of its channels begins with the port's number, so that the client knows which is which. */
async function forwardPort(channels: ChannelSocket, { port, data, error }: Pair, index: number): Promise<void> {
  const number = Buffer.alloc(2);
  number.writeUInt16LE(port);
  for (const own of [0, 1]) await channels.send(index * 2 + own, number);
  const out = async (stream: SpdyStream, channel: number): Promise<void> => {
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => {
      stream.pause();
      void channels.send(channel, chunk).then(() => stream.resume());
    });
    await finished(stream, { writable: false });
  };
  await Promise.allSettled([out(data, index * 2), out(error, index * 2 + 1)]);
  data.destroy();
}
