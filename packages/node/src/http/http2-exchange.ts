import type { Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { ProxyTarget, Server } from '@navarch/apiserver';
import { Code, Http2Connection, type ServerStream } from '../http2/index.ts';
import { exchange, type Headers, HttpRequest, type Outlet, subjectOf } from './exchange.ts';
import { forward, type ForwardCredentials, type ForwardRequest, type ForwardResponse } from './forward.ts';

/** What all answers of one connection may hold in memory before new requests are refused: several lists of a large cluster. */
const HELD_BYTES_MAX = 512 * 1024 * 1024;

/** Requests of one connection at once; more are refused, to be tried again. It lies far above what clients open. */
const STREAMS_MAX = 10_000;

interface Http2Options {
  readonly kubeletClient: ForwardCredentials;
  /** Requests at once. Absent: more than clients open. */
  readonly streamsMax?: number | undefined;
}

/** Answers what comes over one connection of HTTP/2. */
export function answerHttp2(
  server: Server,
  socket: TLSSocket,
  { kubeletClient, streamsMax = STREAMS_MAX }: Http2Options,
): Http2Connection {
  const certificate = subjectOf(socket);
  const remoteAddress = socket.remoteAddress ?? '';
  return new Http2Connection(socket, { streams: streamsMax, heldBytes: HELD_BYTES_MAX }, (stream) => {
    const { method, path, headers } = stream.head;
    const request = new HttpRequest({
      method,
      url: path,
      headers,
      certificate,
      remoteAddress,
      source: { read: (sink) => stream.body.read(sink), destroy: () => stream.reset(Code.cancel) },
      onGone: (listener) => stream.onClose(listener),
    });
    void exchange(server, request, new Http2Outlet(stream, socket, kubeletClient));
  });
}

class Http2Outlet implements Outlet {
  readonly #stream: ServerStream;
  readonly #socket: Socket;
  readonly #credentials: ForwardCredentials;

  constructor(stream: ServerStream, socket: Socket, credentials: ForwardCredentials) {
    this.#stream = stream;
    this.#socket = socket;
    this.#credentials = credentials;
  }

  get isGone(): boolean {
    return this.#stream.isGone;
  }

  get connection(): object {
    return this.#socket;
  }

  get backlogBytes(): number {
    return this.#stream.backlogBytes;
  }

  head(status: number, headers: Headers): void {
    this.#stream.respond(status, headers);
  }

  write(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  drained(): Promise<void> {
    return this.#stream.drained();
  }

  end(last?: readonly Uint8Array[]): void {
    this.#stream.end(last);
  }

  forward(target: ProxyTarget): Promise<void> {
    const request = new StreamRequest(this.#stream, this.#socket);
    return forward(target, request, new StreamResponse(this.#stream), this.#credentials);
  }

  destroy(): void {
    this.#stream.reset(Code.internalError);
  }
}

/** The request of a stream, for whom it is sent on to. */
class StreamRequest extends Readable implements ForwardRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: ServerStream['head']['headers'];
  readonly socket: Socket;
  readonly #stream: ServerStream;

  constructor(stream: ServerStream, socket: Socket) {
    super();
    this.#stream = stream;
    this.socket = socket;
    ({ method: this.method, path: this.url, headers: this.headers } = stream.head);
    stream.body.read({
      take: (chunk) => this.push(chunk),
      end: () => void this.push(null),
      fail: (error) => void this.destroy(error),
    });
  }

  override _read(): void {
    this.#stream.body.resume();
  }
}

/** The answer of a stream, from whom it was sent on to. */
class StreamResponse extends Writable implements ForwardResponse {
  headersSent = false;
  readonly #stream: ServerStream;

  constructor(stream: ServerStream) {
    super();
    this.#stream = stream;
    stream.onClose(() => this.destroy());
  }

  writeHead(...[status, headers]: Parameters<ForwardResponse['writeHead']>): this {
    this.#stream.respond(status, headers);
    this.headersSent = true;
    return this;
  }

  /** What was written leaves at the end of a turn in any case. */
  flushHeaders(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#stream.write(chunk);
    void this.#stream.drained().then(() => callback());
  }

  override _final(callback: () => void): void {
    this.#stream.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#stream.reset(Code.internalError);
    callback(error);
  }
}
