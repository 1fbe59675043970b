import { WebSocket } from 'ws';
import type { TestContext } from './conformance-test.ts';

export interface Socket {
  /** Everything that came so far, a buffer each. */
  readonly messages: readonly Buffer[];
  /** Resolves when the other side has closed. */
  readonly closed: Promise<void>;
  send(message: Uint8Array): void;
  close(): void;
}

/** Opens a web socket to the API server as this test's user. The handshake must name one of `protocols`. */
export function openSocket(
  { access, signal, cleanup }: TestContext,
  path: string,
  protocols: readonly string[],
): Promise<Socket> {
  signal.throwIfAborted();
  const socket = new WebSocket(access.server.replace(/^http/, 'ws').replace(/\/$/, '') + path, [...protocols], {
    ...(access.authority ? { ca: access.authority } : {}),
    ...(access.certificate ? { cert: access.certificate } : {}),
    ...(access.key ? { key: access.key } : {}),
    ...(access.serverName ? { servername: access.serverName } : {}),
    ...(access.token ? { headers: { authorization: `Bearer ${access.token}` } } : {}),
    rejectUnauthorized: !access.isInsecure,
  });
  cleanup(async () => socket.terminate());
  const messages: Buffer[] = [];
  const closed = Promise.withResolvers<void>();
  closed.promise.catch(() => undefined); // Whoever awaits it is told; whoever does not is not interested.
  socket.on('message', (message) => messages.push(message as Buffer));
  socket.on('close', () => closed.resolve());
  return new Promise((resolve, reject) => {
    socket.on('error', (error) => {
      closed.reject(error);
      reject(error);
    });
    socket.once('open', () =>
      resolve({
        messages,
        closed: closed.promise,
        send: (message) => socket.send(message),
        close: () => socket.close(),
      }),
    );
  });
}
