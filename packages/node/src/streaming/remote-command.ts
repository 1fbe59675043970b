import type { IncomingMessage } from 'node:http';
import type { Duplex, Writable } from 'node:stream';
import { failure, type Status } from '@navarch/machinery';
import { SpdyConnection } from './spdy/connection.ts';
import type { SpdyStream } from './spdy/stream.ts';
import { type Dial, dialUpgrade, refuseUpgrade, spdyHeaders } from './upgrade.ts';
import { acceptWebSocket } from './websocket/accept.ts';
import { ChannelSocket } from './websocket/channels.ts';
import { choose, refusalOf, remoteCommandProtocols } from './websocket/protocols.ts';

/** Which streams the client wants. */
export interface CommandStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
/** The protocol on the runtime's side: its error stream carries a Status. */
const RUNTIME_PROTOCOL = 'v4.channel.k8s.io';
const STATUS_BYTES_MAX = 1024 * 1024;

/** A client that asked for a WebSocket. */
export interface WebSocketClient {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** How long nothing may pass; 0 is for ever. */
  readonly idleMs: number;
}

/**
 * Serves exec or attach to a client that speaks WebSocket, from a runtime that speaks SPDY (KEP-4006). Resolves when both
 * connections are over. Rejects with UpgradeRefused or the socket's error while the client can still be told by HTTP.
 */
export async function serveRemoteCommand(
  client: WebSocketClient,
  wanted: CommandStreams,
  runtime: Dial,
  signal: AbortSignal,
): Promise<void> {
  const protocol = choose(client.request, remoteCommandProtocols);
  if (!protocol) return refuseUpgrade(client.socket, 403, refusalOf(client.request, remoteCommandProtocols));
  const { socket, head } = await dialUpgrade({ ...runtime, headers: spdyHeaders(RUNTIME_PROTOCOL) }, signal);
  const connection = new SpdyConnection(socket, head, { role: 'client' });
  try {
    const webSocket = await acceptWebSocket(client.request, client.socket, client.head, protocol.name);
    const streams = openStreams(connection, wanted);
    const channels = new ChannelSocket(webSocket, protocol, readersOf(streams), client.idleMs);
    void channels.closed.then(() => connection.close());
    const stop = (): void => webSocket.terminate();
    signal.addEventListener('abort', stop, { once: true });
    void channels.closed.then(() => signal.removeEventListener('abort', stop));
    await copy(channels, streams, connection);
    channels.close();
    await channels.closed;
  } finally {
    connection.close();
    await connection.closed;
  }
}

type Streams = Readonly<Partial<Record<keyof typeof channel, SpdyStream>>> & { readonly error: SpdyStream };

/** In the order that runtimes expect: the error stream first. */
function openStreams(connection: SpdyConnection, { stdin, stdout, stderr, tty }: CommandStreams): Streams {
  const open = (streamType: keyof typeof channel): SpdyStream => connection.open({ streamType });
  return {
    error: open('error'),
    ...(stdin ? { stdin: open('stdin') } : {}),
    ...(stdout ? { stdout: open('stdout') } : {}),
    ...(stderr && !tty ? { stderr: open('stderr') } : {}),
    ...(tty ? { resize: open('resize') } : {}),
  };
}

function readersOf({ stdin, resize }: Streams): ReadonlyMap<number, Writable> {
  const readers = new Map<number, Writable>();
  if (stdin) readers.set(channel.stdin, stdin);
  if (resize) readers.set(channel.resize, resize);
  for (const reader of readers.values()) (reader as SpdyStream).resume(); // Runtimes say nothing on these; their end is to be seen.
  return readers;
}

async function copy(
  channels: ChannelSocket,
  { stdout, stderr, error }: Streams,
  connection: SpdyConnection,
): Promise<void> {
  // An empty message tells the client that all is set up, before the command says anything.
  await channels.send(stdout ? channel.stdout : stderr ? channel.stderr : channel.error, Buffer.alloc(0));
  const copies = [copyOut(stdout, channel.stdout, channels), copyOut(stderr, channel.stderr, channels)];
  const bytes = await collect(error);
  await Promise.allSettled(copies);
  const ended = new TextEncoder().encode(JSON.stringify(lost(connection.failure)));
  await sendStatus(channels, bytes.length > 0 ? bytes : Buffer.from(ended));
}

async function copyOut(stream: SpdyStream | undefined, number: number, channels: ChannelSocket): Promise<void> {
  if (stream) for await (const chunk of stream) await channels.send(number, chunk as Buffer);
}

/** All of a short stream. What is behind the limit is dropped. */
async function collect(stream: SpdyStream): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      bytes += (chunk as Buffer).length;
      if (bytes <= STATUS_BYTES_MAX) parts.push(chunk as Buffer);
    }
  } catch {
    // The connection broke: what came before it counts.
  }
  return Buffer.concat(parts);
}

const lost = (why: Error | undefined): Status =>
  failure(
    'InternalError',
    `Internal error occurred: the container runtime ended the connection${why ? `: ${why.message}` : ' without saying how the command ended'}`,
  ).status;

/** Older clients get the text of a failure and nothing for a success. */
async function sendStatus(channels: ChannelSocket, bytes: Buffer): Promise<void> {
  if (channels.protocol.hasStatus) return channels.send(channel.error, bytes);
  const status = parsed(bytes);
  if (status?.status !== 'Success')
    await channels.send(channel.error, Buffer.from(status?.message ?? bytes.toString()));
}

function parsed(bytes: Buffer): Partial<Status> | undefined {
  try {
    return JSON.parse(bytes.toString()) as Partial<Status>;
  } catch {
    return undefined;
  }
}
