import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { ProxyTarget, Server } from '@navarch/apiserver';
import {
  type BodySource,
  drainOf,
  exchange,
  type Headers,
  HttpRequest,
  ignored,
  joined,
  type Outlet,
  subjectOf,
} from './exchange.ts';
import { asksFor } from '../streaming/index.ts';
import { forward, type ForwardCredentials, forwardUpgrade } from './forward.ts';
import { watchOverWebSocket } from './websocket.ts';

const certificates = new WeakMap<object, { readonly subject: ReturnType<typeof subjectOf> }>();

function requestOf(message: IncomingMessage, closing: ServerResponse | Duplex): HttpRequest {
  const socket = message.socket as TLSSocket;
  let known = certificates.get(socket);
  if (!known) certificates.set(socket, (known = { subject: subjectOf(socket) }));
  return new HttpRequest({
    method: message.method ?? 'GET',
    url: message.url ?? '/',
    headers: message.headers,
    certificate: known.subject,
    remoteAddress: socket.remoteAddress ?? '',
    source: bodySourceOf(message),
    onGone: (listener) => void (closing.destroyed ? listener() : closing.on('close', listener)),
  });
}

const bodySourceOf = (message: IncomingMessage): BodySource => ({
  read(sink) {
    message.on('data', (chunk: Buffer) => void sink.take(chunk));
    message.on('end', () => sink.end());
    message.on('error', (error) => sink.fail(error));
    message.on('aborted', () => sink.fail(new Error('The client has gone')));
  },
  destroy: () => void message.destroy(),
});

/** Answers one HTTP/1.1 request. */
export function answerHttp1(
  server: Server,
  message: IncomingMessage,
  response: ServerResponse,
  credentials: ForwardCredentials,
): void {
  const request = requestOf(message, response);
  response.on('error', ignored);
  void exchange(server, request, new Http1Outlet(message, response, credentials));
}

/** Answers a request to change the protocol: proxied ones are granted by who is asked, watches by us. */
export async function answerUpgrade(
  server: Server,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  credentials: ForwardCredentials,
): Promise<void> {
  socket.on('error', () => socket.destroy());
  const request = requestOf(message, socket);
  const reply = await server.handle(request);
  if (reply.type === 'proxy') {
    await forwardUpgrade(reply.target, message, socket, head, credentials);
    return;
  }
  if (reply.type === 'stream' && asksFor(message, 'websocket')) {
    await watchOverWebSocket({ message, socket, head }, reply, request.signal).catch(() => socket.destroy());
    return;
  }
  const body = reply.type === 'bytes' ? joined(reply.body) : Buffer.of();
  const status = reply.status >= 400 ? reply.status : 400;
  socket.write(
    `HTTP/1.1 ${status} ${status === 403 ? 'Forbidden' : 'Error'}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`,
  );
  socket.end(body);
}

class Http1Outlet implements Outlet {
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #credentials: ForwardCredentials;

  constructor(message: IncomingMessage, response: ServerResponse, credentials: ForwardCredentials) {
    this.#message = message;
    this.#response = response;
    this.#credentials = credentials;
  }

  get isGone(): boolean {
    return this.#response.destroyed;
  }

  get backlogBytes(): number {
    return this.#response.writableLength;
  }

  head(status: number, headers: Headers): void {
    this.#response.writeHead(status, headers);
    if (headers['content-length'] === undefined) this.#response.flushHeaders();
  }

  write(bytes: Uint8Array): void {
    this.#response.write(bytes);
  }

  drained(): Promise<void> {
    return drainOf(this.#response);
  }

  end(last?: readonly Uint8Array[]): void {
    this.#response.end(last && joined(last));
  }

  forward(target: ProxyTarget): Promise<void> {
    return forward(target, this.#message, this.#response, this.#credentials);
  }

  destroy(error: Error): void {
    this.#response.destroy(error);
  }
}
