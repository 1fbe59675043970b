import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { keepAlive, refuseUpgrade } from '../upgrade.ts';

/** The largest message taken, as upstream. */
const MESSAGE_BYTES_MAX = 32 * 1024 * 1024;

/** Agrees to a WebSocket with that subprotocol. Rejects when the request is none; the client has been told then. */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocol: string,
): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
    skipUTF8Validation: true,
  });
  // The name of the tunnel is no token (RFC 6455 wants one), so the library must not see the names and we answer ourselves.
  const { 'sec-websocket-protocol': _, ...headers } = request.headers;
  if (protocol !== '') server.once('headers', (lines) => lines.push(`Sec-WebSocket-Protocol: ${protocol}`));
  return new Promise((resolve, reject) => {
    server.once('wsClientError', (error, broken) => {
      refuseUpgrade(broken, 400, error.message);
      reject(error);
    });
    socket.once('close', () => reject(new Error('the client has gone')));
    keepAlive(socket);
    server.handleUpgrade(
      Object.create(request, { headers: { value: headers } }) as IncomingMessage,
      socket,
      head,
      (webSocket) => {
        webSocket.on('error', () => undefined); // Followed by 'close', which is what counts.
        resolve(webSocket);
      },
    );
  });
}

/** Sends one message; resolves when it has left, so that whoever awaits it is no faster than the client reads. */
export function send(webSocket: WebSocket, message: Buffer | string): Promise<void> {
  return new Promise((resolve) => {
    if (webSocket.readyState !== webSocket.OPEN) return resolve();
    webSocket.send(message, { binary: typeof message !== 'string' }, () => resolve());
  });
}

/** Ends the connection when nothing but pings has passed for that long. Returns what to call when something has. */
export function closeWhenIdle(webSocket: WebSocket, idleMs: number): () => void {
  if (idleMs <= 0) return () => undefined;
  const timer = setTimeout(() => webSocket.terminate(), idleMs);
  webSocket.once('close', () => clearTimeout(timer));
  return () => void timer.refresh();
}
