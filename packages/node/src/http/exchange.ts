import type { ApiRequest, BytesResponse, ProxyTarget, Server, StreamResponse } from '@navarch/apiserver';
import { failure } from '@navarch/machinery';
import { Readable, type Writable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { createGzip } from 'node:zlib';
import type { BodySink } from '../http2/index.ts';
import { USER_UID } from '../pki/subject.ts';

/** Largest request body: upstream's limit for one object. */
const BODY_BYTES_MAX = 3 * 1024 * 1024;
/** How much of a refused body is read and thrown away, so that its sender comes to read the answer. */
const DRAIN_BYTES_MAX = 64 * 1024 * 1024;
/** Answers larger than this are compressed for clients that accept it (upstream's threshold). */
const GZIP_BYTES_MIN = 128 * 1024;
/** Longer answers are written in pieces of this size. */
const PIECE_BYTES = 1024 * 1024;
/** Bytes that may wait for a slow watcher before it is let go. */
const STREAM_BACKLOG_BYTES_MAX = 16 * 1024 * 1024;

type Certificate = NonNullable<ApiRequest['certificate']>;
export type Headers = Record<string, string | number | string[]>;

/** Where an answer goes, whatever version of HTTP it is. */
export interface Outlet {
  readonly isGone: boolean;
  /** Shared with other exchanges that are under way; absent: it has one of its own. */
  readonly connection?: object;
  head(status: number, headers: Headers): void;
  write(bytes: Uint8Array): void;
  /** Resolves when everything handed over has gone to the system, or the client has gone. */
  drained(): Promise<void>;
  end(last?: readonly Uint8Array[]): void;
  /** Bytes handed over and not yet with the system. */
  readonly backlogBytes: number;
  forward(target: ProxyTarget): Promise<void>;
  destroy(error: Error): void;
}

/** What both versions of HTTP have in common of the body of a request. */
export interface BodySource {
  /** Once. */
  read(sink: BodySink): void;
  /** Ends the exchange: its client goes on sending what nobody wants. */
  destroy(): void;
}

export interface RequestParts {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly certificate: Certificate | undefined;
  readonly remoteAddress: string;
  readonly source: BodySource;
  /** Calls the listener when the client has gone; at once when it has already. */
  onGone(listener: () => void): void;
}

/** A request as the server core sees it. What most requests never ask for is made when it is asked for. */
export class HttpRequest implements ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly remoteAddress: string;
  readonly certificate?: Certificate;
  readonly #headers: RequestParts['headers'];
  readonly #parts: RequestParts;
  readonly #search: string;
  #query: URLSearchParams | undefined;
  #gone: AbortController | undefined;

  constructor(parts: RequestParts) {
    const { method, url, headers, certificate, remoteAddress } = parts;
    const mark = url.indexOf('?');
    this.method = method;
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.#search = mark < 0 ? '' : url.slice(mark + 1);
    this.#headers = headers;
    this.#parts = parts;
    this.remoteAddress = remoteAddress;
    if (certificate) this.certificate = certificate;
  }

  get uri(): string {
    return this.#search === '' ? this.path : `${this.path}?${this.#search}`;
  }

  get query(): URLSearchParams {
    return (this.#query ??= this.#search === '' ? NO_QUERY : queryOf(this.#search));
  }

  /** Whoever works for the client may stop when it aborts. */
  get signal(): AbortSignal {
    if (!this.#gone) {
      const gone = (this.#gone = new AbortController());
      this.#parts.onGone(() => gone.abort(new Error('The client has gone')));
    }
    return this.#gone.signal;
  }

  header(name: string): string | undefined {
    const value = this.#headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  headerNames(): readonly string[] {
    return Object.keys(this.#headers);
  }

  body(): Promise<Uint8Array> {
    return bodyOf(this.#parts.source);
  }
}

/** For errors of a client's own connection, which end in its being closed: that is what is looked at. */
export const ignored = (): void => undefined;

function bodyOf(source: BodySource): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    source.read({
      take(chunk) {
        bytes += chunk.length;
        if (bytes <= BODY_BYTES_MAX) {
          chunks.push(chunk);
          return true;
        }
        chunks.length = 0;
        reject(failure('RequestEntityTooLarge', `Request entity too large: limit is ${BODY_BYTES_MAX}`));
        if (bytes > DRAIN_BYTES_MAX) source.destroy();
        return true;
      },
      end: () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)),
      fail: reject,
    });
  });
}

/** Who showed a certificate of ours. Parsing one costs more than a request: ask once a connection. */
export function subjectOf(socket: TLSSocket | undefined): Certificate | undefined {
  const shown = socket?.getPeerCertificate() as
    | {
        readonly raw?: unknown;
        readonly fingerprint256?: string;
        readonly valid_to?: string;
        readonly subject?: Readonly<Record<string, string | string[] | undefined>>;
      }
    | undefined;
  if (!socket || !shown?.raw) return undefined;
  if (!socket.authorized) return { commonName: '', organizations: [], isRefused: true };
  const { CN: commonName = '', O: organizations = [], [USER_UID]: uids } = shown.subject ?? {};
  // Of several names the last counts, as in Go.
  return {
    commonName: [commonName].flat().at(-1) ?? '',
    organizations: [organizations].flat(),
    ...(uids === undefined ? {} : { uids: [uids].flat() }),
    validUntil: Date.parse(shown.valid_to ?? ''),
    fingerprint: (shown.fingerprint256 ?? '').replaceAll(':', '').toLowerCase(),
  };
}

/** What stands behind the question mark. Go's reader passes over what has a broken escape, or a semicolon, in it. */
const queryOf = (text: string): URLSearchParams =>
  new URLSearchParams(
    BROKEN.test(text)
      ? text
          .split('&')
          .filter((pair) => !BROKEN.test(pair))
          .join('&')
      : text,
  );

/** Of most requests. Nobody changes what a request asks. */
const NO_QUERY = new URLSearchParams();

const BROKEN = /;|%(?![0-9a-f]{2})/i;

/** Never rejects: an answer that cannot be given ends the exchange. */
export async function exchange(server: Server, request: HttpRequest, outlet: Outlet): Promise<void> {
  try {
    const reply = await server.handle(request);
    if (reply.type === 'proxy') await outlet.forward(reply.target);
    else if (reply.type === 'stream') await stream(reply, request.signal, outlet);
    else await send(reply, { request, mayCompress: server.compresses }, outlet);
  } catch (error) {
    if (!outlet.isGone) outlet.destroy(error as Error);
  }
}

function headersOf({ headers, warnings }: BytesResponse | StreamResponse): Headers {
  const all: Headers = { 'cache-control': 'no-cache, private', ...headers };
  if (warnings) all['warning'] = [...warnings];
  return all;
}

interface Asked {
  readonly request: HttpRequest;
  readonly mayCompress: boolean;
}

async function send(reply: BytesResponse, { request, mayCompress }: Asked, outlet: Outlet): Promise<void> {
  const headers = headersOf(reply);
  const size = reply.body.reduce((sum, chunk) => sum + chunk.length, 0);
  const isSqueezed = mayCompress && size > GZIP_BYTES_MIN && takesGzip(request.header('accept-encoding'));
  if (isSqueezed) {
    headers['content-encoding'] = 'gzip';
    headers['vary'] = withEncoding(headers['vary']);
  } else headers['content-length'] = size;
  if (outlet.isGone) return;
  outlet.head(reply.status, headers);
  if (request.method === 'HEAD') outlet.end();
  else if (isSqueezed) await sendPieces(Readable.from(piecesOf(reply.body)).pipe(createGzip({ level: 1 })), outlet);
  else if (size > PIECE_BYTES) await sendPieces(piecesOf(reply.body), outlet);
  else outlet.end(reply.body);
}

const ENCODING = 'Accept-Encoding';

const withEncoding = (vary: Headers[string] | undefined): string =>
  vary === undefined ? ENCODING : String(vary).includes(ENCODING) ? String(vary) : `${vary}, ${ENCODING}`;

/** Only where it is named alone, without a quality, as upstream takes it. */
const takesGzip = (header = ''): boolean => header.split(',').some((token) => token.trim() === 'gzip');

/** Long answers go as fast as the client reads: a few pieces are in memory at a time, not the whole list. */
async function sendPieces(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, outlet: Outlet): Promise<void> {
  for await (const piece of pieces) {
    if (outlet.isGone) return;
    outlet.write(piece);
    if (outlet.backlogBytes > PIECE_BYTES) await outlet.drained();
  }
  if (!outlet.isGone) outlet.end();
}

/** What is cached comes in thousands of small chunks: joined, since each write has its price. */
function* piecesOf(chunks: readonly Uint8Array[]): Generator<Uint8Array> {
  let first = 0;
  let bytes = 0;
  for (let i = 0; i < chunks.length; i++) {
    bytes += (chunks[i] as Uint8Array).length;
    if (bytes < PIECE_BYTES && i < chunks.length - 1) continue;
    yield Buffer.concat(chunks.slice(first, i + 1), bytes);
    first = i + 1;
    bytes = 0;
  }
}

export const joined = (chunks: readonly Uint8Array[]): Uint8Array =>
  chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);

async function stream(reply: StreamResponse, signal: AbortSignal, outlet: Outlet): Promise<void> {
  if (outlet.isGone) return;
  outlet.head(reply.status, headersOf(reply));
  const sink = {
    connection: outlet.connection,
    write(bytes: Uint8Array): boolean {
      if (outlet.isGone) return false;
      outlet.write(bytes);
      return outlet.backlogBytes < STREAM_BACKLOG_BYTES_MAX;
    },
    drained: () => outlet.drained(),
  };
  await reply.run(sink, signal);
  if (!outlet.isGone) outlet.end();
}

export function drainOf(stream: Writable): Promise<void> {
  if (!stream.writableNeedDrain || stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}
