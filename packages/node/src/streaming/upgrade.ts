import type { IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { request as httpRequest, STATUS_CODES } from '../built-in/index.ts';
import { takeLastWords } from './last-words.ts';

/** A connection that left HTTP behind. */
export interface Upgraded {
  readonly reply: IncomingMessage;
  readonly socket: Socket;
  /** What came behind the answer already. */
  readonly head: Buffer;
}

/** The other side answered, and not with an upgrade. */
export class UpgradeRefused extends Error {
  override readonly name = 'UpgradeRefused';
  readonly status: number;
  readonly contentType: string;

  constructor(status: number, contentType: string, body: string) {
    super(body);
    this.status = status;
    this.contentType = contentType;
  }
}

export interface Dial extends Pick<
  RequestOptions,
  | 'host'
  | 'port'
  | 'path'
  | 'method'
  | 'cert'
  | 'key'
  | 'ca'
  | 'rejectUnauthorized'
  | 'checkServerIdentity'
  | 'servername'
> {
  readonly isTls: boolean;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** How long the other side may take to agree. */
const DIAL_TIMEOUT_MS = 30_000;
const REFUSAL_BYTES_MAX = 64 * 1024;
/** Peers that are gone without a word are noticed by TCP, also where nothing is said for hours. */
const KEEP_ALIVE_MS = 30_000;

/** Asks for an upgrade. Rejects with UpgradeRefused and what the other side said instead, or with the socket's error. */
export function dialUpgrade({ isTls, headers, ...options }: Dial, signal: AbortSignal): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<
      string,
      string | string[]
    >;
    const outgoing = (isTls ? httpsRequest : httpRequest)({
      ...options,
      headers: sent,
      agent: false,
      timeout: DIAL_TIMEOUT_MS,
      signal,
    });
    outgoing.on('upgrade', (reply, socket, head) => {
      socket.setTimeout(0);
      keepAlive(socket);
      // Until someone listens, a reset is not to end the process.
      socket.on('error', () => undefined);
      resolve({ reply, socket, head });
    });
    outgoing.on('response', (reply) => {
      let body = '';
      reply.setEncoding('utf8');
      reply.on('data', (text: string) => {
        if (body.length < REFUSAL_BYTES_MAX) body += text;
      });
      const refuse = (): void =>
        reject(
          new UpgradeRefused(
            reply.statusCode ?? 502,
            reply.headers['content-type'] ?? 'text/plain; charset=utf-8',
            body,
          ),
        );
      reply.on('end', refuse);
      reply.on('error', refuse);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${DIAL_TIMEOUT_MS / 1000} s`)));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

export function keepAlive(socket: Duplex): void {
  const tcp = socket as Partial<Socket>;
  tcp.setKeepAlive?.(true, KEEP_ALIVE_MS);
  tcp.setNoDelay?.(true);
}

/** The headers by which a client asks a runtime or kubelet for SPDY. */
export const spdyHeaders = (...protocols: readonly string[]): Dial['headers'] => ({
  connection: 'Upgrade',
  upgrade: 'SPDY/3.1',
  'x-stream-protocol-version': protocols,
});

/** Passes an upgrade on to the one who asked for it and joins both connections: from then on bytes are bytes. */
export function passUpgrade({ reply, socket: other, head: otherHead }: Upgraded, socket: Duplex, head: Buffer): void {
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headerLines(reply.rawHeaders)}\r\n\r\n`);
  if (otherHead.length > 0) socket.write(otherHead);
  if (head.length > 0) other.write(head);
  join(socket, other);
}

/** How long a side may take to read what is left when the other side is gone. */
const LINGER_MS = 1000;

/** Copies both ways, no faster than each side reads. The end of one direction is passed on; the end of a side is the other's. */
export function join(a: Duplex, b: Duplex): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.on('error', () => undefined); // Followed by 'close'.
    takeLastWords(from, (chunk) => to.write(chunk));
    from.on('close', () => {
      if (to.destroyed) return;
      // What was read is still to be written, also when the reading ended in an error. What `to` sends is read over:
      // closing a socket with bytes unread would make the kernel take back what was written.
      const linger = setTimeout(() => to.destroy(), LINGER_MS);
      to.once('close', () => clearTimeout(linger));
      to.end();
      to.resume();
    });
    from.pipe(to);
  }
}

/** Answers a request for an upgrade with an ordinary answer, and closes. */
export function refuseUpgrade(
  socket: Duplex,
  status: number,
  body: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  if (!socket.writable) return;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    `content-type: ${contentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

export function headerLines(raw: readonly string[]): string {
  const lines: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) lines.push(`${raw[i]}: ${raw[i + 1]}`);
  return lines.join('\r\n');
}

/** Whether a request asks for that protocol; names of protocols may be lists, with versions. */
export function asksFor(request: Pick<IncomingMessage, 'headers'>, protocol: 'websocket' | 'spdy/3.1'): boolean {
  return (request.headers.upgrade ?? '')
    .toLowerCase()
    .split(',')
    .some((name) => name.trim() === protocol);
}
