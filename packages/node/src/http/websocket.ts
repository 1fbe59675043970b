import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { StreamResponse } from '@navarch/apiserver';
import type { Status } from '@navarch/machinery';
import type { WebSocket } from 'ws';
import { acceptWebSocket, offered, refuseUpgrade, send, TRANSLATED } from '../streaming/index.ts';
import { TOKEN_PROTOCOL } from './forward/headers.ts';

// Browsers cannot read an endless answer with a header of their own: dashboards watch and follow logs by WebSocket.

/** Bytes that may wait for a slow watcher before it is let go. */
const BACKLOG_BYTES_MAX = 16 * 1024 * 1024;
const NORMAL = 1000;
const NEWLINE = 0x0a;

export interface UpgradeRequest {
  readonly message: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Sends the lines of a stream, one message each: the events of a watch. Resolves when the connection is over. */
export async function watchOverWebSocket(
  { message, socket, head }: UpgradeRequest,
  reply: StreamResponse,
  signal: AbortSignal,
): Promise<void> {
  const protocols = offered(message).filter((name) => !name.startsWith(TOKEN_PROTOCOL));
  if (protocols.length > 1)
    return refuseUpgrade(socket, 400, `one subprotocol is expected, not [${protocols.join(' ')}]`);
  const webSocket = await acceptWebSocket(message, socket, head, protocols[0] ?? '');
  const closed = ended(webSocket, signal);
  let sent: Promise<unknown> = Promise.resolve();
  await reply.run(
    {
      write(bytes) {
        for (const line of linesOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)))
          sent = send(webSocket, line.toString());
        return webSocket.bufferedAmount < BACKLOG_BYTES_MAX;
      },
      drained: async () => void (await sent),
    },
    AbortSignal.any([signal, closed.signal]),
  );
  webSocket.close(NORMAL);
  await closed.promise;
}

/** The subprotocols of plain bytes, and how each sends them. */
const encodings: Readonly<Record<string, (bytes: Buffer) => Buffer | string>> = {
  '': (bytes) => bytes,
  'binary.k8s.io': (bytes) => bytes,
  'base64.binary.k8s.io': (bytes) => bytes.toString('base64'),
};

/** Sends a source's bytes as they come, no faster than the client reads: a log. Resolves when the connection is over. */
export async function bytesOverWebSocket(
  { message, socket, head }: UpgradeRequest,
  source: AsyncIterable<Buffer> & { destroy(): unknown },
  signal: AbortSignal,
): Promise<void> {
  const names = offered(message).filter((name) => !name.startsWith(TOKEN_PROTOCOL));
  const name = (names.length > 0 ? names : ['']).find((known) => encodings[known]);
  const encode = encodings[name ?? ''];
  if (name === undefined || !encode) {
    source.destroy();
    return refuseUpgrade(
      socket,
      403,
      `requested protocol(s) are not supported: [${names.join(' ')}]; supports [${Object.keys(encodings).join(' ')}]`,
    );
  }
  const webSocket = await acceptWebSocket(message, socket, head, name);
  const closed = ended(webSocket, signal);
  closed.signal.addEventListener('abort', () => source.destroy(), { once: true });
  // An empty message says that the log is found, before there is any.
  await send(webSocket, encode(Buffer.alloc(0)));
  try {
    for await (const chunk of source) await send(webSocket, encode(chunk));
  } catch {
    // The source is gone, or the client is: either way there is no more to send.
  }
  webSocket.close(NORMAL);
  await closed.promise;
}

const ERROR_CHANNEL = 3;

/** Agrees to run a command for a client that KEP-4006 is for, and says on the channel of errors why it does not run. */
export async function refuseCommand({ message, socket, head }: UpgradeRequest, status: Status): Promise<void> {
  const webSocket = await acceptWebSocket(message, socket, head, TRANSLATED);
  await send(webSocket, Buffer.concat([Buffer.of(ERROR_CHANNEL), Buffer.from(JSON.stringify(status))]));
  webSocket.close(NORMAL);
}

function ended(
  webSocket: WebSocket,
  signal: AbortSignal,
): { readonly promise: Promise<void>; readonly signal: AbortSignal } {
  const over = new AbortController();
  const stop = (): void => webSocket.terminate();
  signal.addEventListener('abort', stop, { once: true });
  const promise = new Promise<void>((resolve) => {
    webSocket.once('close', () => {
      signal.removeEventListener('abort', stop);
      over.abort(new Error('The client has gone'));
      resolve();
    });
  });
  return { promise, signal: over.signal };
}

/** Each with its newline. */
function* linesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, at);
    const next = end < 0 ? bytes.length : end + 1;
    yield bytes.subarray(at, next);
    at = next;
  }
}
