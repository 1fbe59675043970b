import {
  constants,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { ProxyTarget, Server } from '@navarch/apiserver';
import { drainOf, exchange, type Headers, HttpRequest, ignored, type Outlet, subjectOf } from './exchange.ts';
import { forward, type ForwardCredentials } from './forward.ts';

interface Peer {
  readonly certificate: ReturnType<typeof subjectOf>;
  readonly remoteAddress: string;
}

const peers = new WeakMap<ServerHttp2Session, Peer>();

function peerOf(session: ServerHttp2Session): Peer {
  let peer = peers.get(session);
  if (!peer)
    peers.set(
      session,
      (peer = {
        certificate: subjectOf(session.socket as TLSSocket),
        remoteAddress: session.socket.remoteAddress ?? '',
      }),
    );
  return peer;
}

/** Answers one HTTP/2 stream, without the request and response objects of HTTP/1: they cost more than a GET. */
export function answerHttp2(
  server: Server,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  credentials: ForwardCredentials,
): void {
  const { session } = stream;
  if (!session || stream.destroyed) return;
  const { certificate, remoteAddress } = peerOf(session as ServerHttp2Session);
  const request = new HttpRequest({
    method: headers[':method'] ?? 'GET',
    url: headers[':path'] ?? '/',
    headers,
    certificate,
    remoteAddress,
    source: stream,
    onGone: (listener) => void (stream.destroyed ? listener() : stream.on('close', listener)),
  });
  stream.on('error', ignored);
  void exchange(server, request, new Http2Outlet(stream, headers, credentials));
}

class Http2Outlet implements Outlet {
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #credentials: ForwardCredentials;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, credentials: ForwardCredentials) {
    this.#stream = stream;
    this.#headers = headers;
    this.#credentials = credentials;
  }

  get isGone(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  get backlogBytes(): number {
    return this.#stream.writableLength;
  }

  /** As a list, which Node sends as it is: of an object it makes another one first. */
  head(status: number, headers: Headers): void {
    const list = [':status', String(status)];
    for (const name in headers) {
      const value = headers[name] as Headers[string];
      if (Array.isArray(value)) for (const one of value) list.push(name, one);
      else list.push(name, String(value));
    }
    this.#stream.respond(list);
  }

  write(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  drained(): Promise<void> {
    return drainOf(this.#stream);
  }

  end(bytes?: Uint8Array): void {
    if (bytes) this.#stream.end(bytes);
    else this.#stream.end();
  }

  forward(target: ProxyTarget): Promise<void> {
    const request = new Http2ServerRequest(this.#stream, this.#headers, {}, []);
    const response = new Http2ServerResponse(this.#stream);
    return forward(target, request, response as unknown as ServerResponse, this.#credentials);
  }

  destroy(): void {
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}
