import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { aborted } from '@navarch/base';
import type { DnsServer, Upstream } from '@navarch/dns';

/** Connections that may be open at a time; more are turned away. */
const CONNECTIONS_MAX = 500;
const IDLE_MS = 10_000;
const UPSTREAM_MS = 2_000;

/** Answers on UDP and TCP port `port` of the address until the signal aborts. Rejects when the port cannot be had. */
export async function listenDns(server: DnsServer, address: string, port: number, signal: AbortSignal): Promise<void> {
  const udp = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', reuseAddr: false });
  udp.on('message', (message, peer) => {
    void server.respond(message, false, signal).then(
      (bytes) => bytes && udp.send(bytes, peer.port, peer.address),
      () => undefined,
    );
  });
  const tcp = createServer({ pauseOnConnect: false }, (socket) => converse(socket, server, signal));
  tcp.maxConnections = CONNECTIONS_MAX;
  await Promise.all([
    new Promise<void>((resolve, reject) => udp.once('error', reject).bind(port, address, resolve)),
    new Promise<void>((resolve, reject) => tcp.once('error', reject).listen(port, address, resolve)),
  ]);
  udp.on('error', () => undefined);
  await aborted(signal);
  udp.close();
  tcp.close();
}

/** Over TCP every message has its length before it (RFC 7766). */
function converse(socket: Socket, server: DnsServer, signal: AbortSignal): void {
  let rest = Buffer.alloc(0);
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const message = rest.subarray(2, 2 + rest.readUInt16BE(0));
      rest = rest.subarray(2 + message.length);
      void server.respond(message, true, signal).then(
        (bytes) => bytes && socket.write(withLength(bytes)),
        () => socket.destroy(),
      );
    }
  });
}

function withLength(bytes: Uint8Array): Buffer {
  const out = Buffer.alloc(bytes.length + 2);
  out.writeUInt16BE(bytes.length);
  out.set(bytes, 2);
  return out;
}

/** Asks the resolvers one after the other; each has two seconds. */
export function resolvers(addresses: readonly string[]): Upstream {
  return {
    async ask(query, isTcp, signal) {
      for (const address of addresses) {
        const answer = await (isTcp ? askTcp : askUdp)(
          address,
          query,
          AbortSignal.any([signal, AbortSignal.timeout(UPSTREAM_MS)]),
        );
        if (answer) return answer;
      }
      return undefined;
    },
  };
}

function askUdp(address: string, query: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    let isOver = false;
    const end = (answer?: Uint8Array): void => {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener('abort', stop);
      socket.close();
      resolve(answer);
    };
    const stop = (): void => end();
    signal.addEventListener('abort', stop, { once: true });
    socket.on('error', () => end());
    // Only what carries the query's id answers it: a late answer to another query, or a forged one, is passed over.
    socket.on('message', (message) => {
      if (message.length >= 12 && message[0] === query[0] && message[1] === query[1]) end(message);
    });
    socket.send(query, 53, address);
  });
}

function askTcp(address: string, query: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 53, signal });
    const chunks: Buffer[] = [];
    socket.on('connect', () => socket.write(withLength(query)));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const all = Buffer.concat(chunks);
      if (all.length >= 2 && all.length >= 2 + all.readUInt16BE(0)) {
        resolve(all.subarray(2, 2 + all.readUInt16BE(0)));
        socket.destroy();
      }
    });
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(undefined));
  });
}
