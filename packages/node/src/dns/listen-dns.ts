import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { aborted } from '@navarch/base';
import type { DnsServer, From } from '@navarch/dns';
import { withLength } from './length.ts';

/** Connections that may be open at a time; more are turned away. */
const CONNECTIONS_MAX = 500;
const IDLE_MS = 10_000;
/** Answers to one connection that wait to be taken by it; who takes none is cut off. */
const UNSENT_BYTES_MAX = 1024 * 1024;
/** Questions of one connection that wait for an answer; more are read when there is one. */
const OPEN_MAX = 100;
/** What arrives while others are answered. */
const RECEIVE_BYTES = 4 * 1024 * 1024;

type Answering = Pick<DnsServer, 'respond'>;

/** Answers on UDP and TCP port `port` of the address until the signal aborts. Rejects when the port cannot be had. */
export async function listenDns(server: Answering, address: string, port: number, signal: AbortSignal): Promise<void> {
  const family = address.includes(':') ? 6 : 4;
  const udp = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    reuseAddr: false,
    recvBufferSize: RECEIVE_BYTES,
    // The addresses of those who ask need no looking up.
    lookup: (host, _options, found) => found(null, host, family),
  });
  udp.on('message', (message, peer) => {
    const reply = server.respond(message, { address: peer.address, port: peer.port, isTcp: false });
    if (reply instanceof Promise)
      void reply.then(
        (bytes) => bytes && !signal.aborted && udp.send(bytes, peer.port, peer.address),
        () => undefined,
      );
    else if (reply) udp.send(reply, peer.port, peer.address);
  });
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    converse(socket, server);
  });
  tcp.maxConnections = CONNECTIONS_MAX;
  await Promise.all([
    new Promise<void>((resolve, reject) => udp.once('error', reject).bind(port, address, resolve)),
    new Promise<void>((resolve, reject) => tcp.once('error', reject).listen(port, address, resolve)),
  ]);
  udp.on('error', () => undefined);
  await aborted(signal);
  udp.close();
  tcp.close();
  for (const socket of sockets) socket.destroy();
}

/** Message after message, answered as soon as each is known, in whatever order that is. */
function converse(socket: Socket, server: Answering): void {
  let rest: Buffer = Buffer.alloc(0);
  let open = 0;
  const from: From = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0, isTcp: true };
  const say = (bytes: Uint8Array | undefined): void => {
    if (bytes && !socket.destroyed) socket.write(withLength(bytes));
    if (socket.writableLength > UNSENT_BYTES_MAX) socket.destroy();
  };
  const readOn = (): void => {
    while (open < OPEN_MAX && rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const message = rest.subarray(2, 2 + rest.readUInt16BE(0));
      rest = rest.subarray(2 + message.length);
      const reply = server.respond(message, from);
      if (!(reply instanceof Promise)) {
        say(reply);
        continue;
      }
      open += 1;
      void reply
        .then(say, () => socket.destroy())
        .finally(() => {
          open -= 1;
          readOn();
        });
    }
    if (open >= OPEN_MAX) socket.pause();
    else if (socket.isPaused()) socket.resume();
  };
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    readOn();
  });
}
