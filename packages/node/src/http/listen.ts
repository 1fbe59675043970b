import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { gzip } from 'node:zlib';
import type { ApiRequest, ApiResponse, Server } from '@navarch/apiserver';
import { failure } from '@navarch/machinery';
import { forward, forwardUpgrade, type ForwardCredentials } from './forward.ts';

/** Largest request body: upstream's limit for one object. */
const BODY_BYTES_MAX = 3 * 1024 * 1024;
/** Answers larger than this are compressed for clients that accept it (upstream's threshold). */
const GZIP_BYTES_MIN = 128 * 1024;
/** Bytes that may wait for a slow watcher before it is let go. */
const STREAM_BACKLOG_BYTES_MAX = 16 * 1024 * 1024;

export interface ListenOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
  /** PEM of the authority that client certificates must come from. */
  readonly clientAuthority: string;
  /** How the server shows itself to kubelets. */
  readonly kubeletClient: ForwardCredentials;
}

export interface Listening extends AsyncDisposable {
  readonly port: number;
}

type AnyRequest = IncomingMessage | Http2ServerRequest;
/** The compatibility response of HTTP/2 has the methods of HTTP/1's that are used here. */
type AnyResponse = ServerResponse;

/** One TLS port for HTTP/1.1, HTTP/2 and upgrades. Rejects with a sentence when an address cannot be had. */
export async function listenHttps(server: Server, options: ListenOptions): Promise<Listening> {
  const listeners: Http2SecureServer[] = [];
  const sockets = new Set<Socket>();
  let { port } = options;
  for (const address of options.addresses) {
    const listener = createSecureServer({
      cert: options.certificate, key: options.key, ca: options.clientAuthority, requestCert: true, rejectUnauthorized: false, allowHTTP1: true,
      ALPNProtocols: ['h2', 'http/1.1'], maxHeaderListPairs: 200, settings: { maxConcurrentStreams: 1000, initialWindowSize: 1024 * 1024 },
    } as Parameters<typeof createSecureServer>[0]);
    listener.on('request', (request: Http2ServerRequest, response: Http2ServerResponse) => void answer(server, request, response as unknown as ServerResponse, options));
    listener.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void upgrade(server, request, socket, head, options));
    listener.on('secureConnection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy()); // A client that went away: nothing to say.
    });
    listener.on('sessionError', () => undefined);
    listener.on('tlsClientError', () => undefined);
    await listening(listener, address, port);
    port = (listener.address() as AddressInfo).port;
    listeners.push(listener);
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      const closed = listeners.map((listener) => new Promise((resolve) => listener.close(resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

const listening = (listener: Http2SecureServer, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    listener.once('error', (error: NodeJS.ErrnoException) => reject(new Error(explained(error, host, port), { cause: error })));
    listener.listen({ host, port }, resolve);
  });

function explained(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE') return `Cannot listen on ${host}:${port}: another program has that port; choose another with --port`;
  if (error.code === 'EACCES') return `Cannot listen on ${host}:${port}: ports below 1024 need root`;
  return `Cannot listen on ${host}:${port}: ${error.message}`;
}

async function answer(server: Server, request: AnyRequest, response: AnyResponse, options: ListenOptions): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort(new Error('The client has gone')));
  response.on('error', () => gone.abort(new Error('The client has gone')));
  try {
    const api = apiRequest(request, gone.signal);
    const reply = await server.handle(api);
    if (reply.type === 'proxy') return await forward(reply.target, request, response, options.kubeletClient);
    await send(reply, request, response, gone.signal);
  } catch (error) {
    if (gone.signal.aborted) return;
    response.destroy(error as Error);
  }
}

async function send(reply: Exclude<ApiResponse, { type: 'proxy' }>, request: AnyRequest, response: AnyResponse, signal: AbortSignal): Promise<void> {
  if (reply.type === 'stream') {
    response.writeHead(reply.status, { ...reply.headers, 'cache-control': 'no-cache, private' });
    response.flushHeaders();
    const sink = {
      write(bytes: Uint8Array): boolean {
        if (signal.aborted) return false;
        response.write(bytes);
        return response.writableLength < STREAM_BACKLOG_BYTES_MAX;
      },
    };
    await reply.run(sink, signal);
    response.end();
    return;
  }
  let body = reply.body.length === 1 ? (reply.body[0] as Uint8Array) : Buffer.concat(reply.body);
  const headers: Record<string, string | number> = { ...reply.headers, 'cache-control': 'no-cache, private' };
  if (body.length > GZIP_BYTES_MIN && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    body = await compressed(body);
    headers['content-encoding'] = 'gzip';
    headers['vary'] = 'Accept-Encoding';
  }
  headers['content-length'] = body.length;
  response.writeHead(reply.status, headers);
  if (request.method === 'HEAD') response.end();
  else response.end(body);
}

const compressed = (body: Uint8Array): Promise<Buffer> =>
  new Promise((resolve, reject) => gzip(body, { level: 1 }, (error, result) => (error ? reject(error) : resolve(result))));

async function upgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer, options: ListenOptions): Promise<void> {
  socket.on('error', () => socket.destroy());
  const reply = await server.handle(apiRequest(request, new AbortController().signal));
  if (reply.type === 'proxy') {
    forwardUpgrade(reply.target, request, socket, head, options.kubeletClient);
    return;
  }
  const body = reply.type === 'bytes' ? Buffer.concat(reply.body) : Buffer.from('');
  const status = reply.status >= 400 ? reply.status : 400;
  socket.end(`HTTP/1.1 ${status} ${status === 403 ? 'Forbidden' : 'Error'}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body.toString()}`);
}

function apiRequest(request: AnyRequest, signal: AbortSignal): ApiRequest {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const socket = (request.socket ?? (request as Http2ServerRequest).stream.session?.socket) as TLSSocket;
  const certificate = subjectOf(socket);
  return {
    method: request.method ?? 'GET', path: mark < 0 ? url : url.slice(0, mark), query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    body: () => bodyOf(request), remoteAddress: socket?.remoteAddress ?? '', signal, ...(certificate ? { certificate } : {}),
  };
}

const subjects = new WeakMap<object, NonNullable<ApiRequest['certificate']> | 'none'>();

/** Read once a connection: parsing a certificate costs more than a request. */
function subjectOf(socket: TLSSocket | undefined): ApiRequest['certificate'] | undefined {
  if (!socket?.authorized) return undefined;
  let known = subjects.get(socket);
  if (!known) {
    const { subject } = socket.getPeerCertificate() as PeerCertificate & { subject?: { CN?: string; O?: string | string[] } };
    const organizations = subject?.O === undefined ? [] : Array.isArray(subject.O) ? subject.O : [subject.O];
    known = subject?.CN ? { commonName: String(subject.CN), organizations } : 'none';
    subjects.set(socket, known);
  }
  return known === 'none' ? undefined : known;
}

function bodyOf(request: AnyRequest): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
    });
    request.on('end', () => {
      if (bytes > BODY_BYTES_MAX) reject(failure('RequestEntityTooLarge', `Request entity too large: limit is ${BODY_BYTES_MAX}`));
      else resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    });
    request.on('error', reject);
    request.on('aborted', () => reject(new Error('The client has gone')));
  });
}
