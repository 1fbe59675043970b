import { constants } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Server } from '@navarch/apiserver';
import type { ForwardCredentials } from './forward.ts';
import { answerHttp1, answerUpgrade } from './http1-exchange.ts';
import { answerHttp2 } from './http2-exchange.ts';

/** What one connection may hold in buffers before new streams on it are refused: several whole lists of a large cluster. */
const SESSION_MEGABYTES_MAX = 512;

/**
 * Streams of one connection; more are refused with ENHANCE_YOUR_CALM. Node counts those too that have just ended, so a
 * client that goes up to this limit and keeps to it is refused as well: it lies far above what clients open at once.
 */
const STREAMS_MAX = 10_000;

/** Node's own list with the shorter key of TLS 1.3 first, which Go prefers too: watches are mostly encryption. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  ...constants.defaultCoreCipherList.split(':').filter((name) => name !== 'TLS_AES_128_GCM_SHA256'),
].join(':');

export interface ListenOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
  /** PEM of the authority that client certificates must come from; absent: none are asked for. */
  readonly clientAuthority?: string;
  /** How the server shows itself to kubelets. */
  readonly kubeletClient: ForwardCredentials;
}

export interface Listening extends AsyncDisposable {
  readonly port: number;
}

/** One TLS port for HTTP/1.1, HTTP/2 and upgrades. Rejects with a sentence when an address cannot be had. */
export async function listenHttps(server: Server, options: ListenOptions): Promise<Listening> {
  const listeners: Http2SecureServer[] = [];
  const sockets = new Set<Socket>();
  let { port } = options;
  for (const address of options.addresses) {
    const listener = createSecureServer({
      cert: options.certificate,
      key: options.key,
      ...certificates(options),
      rejectUnauthorized: false,
      allowHTTP1: true,
      ciphers: CIPHERS,
      ALPNProtocols: ['h2', 'http/1.1'],
      maxHeaderListPairs: 200,
      maxSessionMemory: SESSION_MEGABYTES_MAX,
      settings: { maxConcurrentStreams: STREAMS_MAX, initialWindowSize: 1024 * 1024 },
      maxDeflateDynamicTableSize: 0,
    } as Parameters<typeof createSecureServer>[0]);
    serve(listener, server, options.kubeletClient);
    listener.on('secureConnection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy()); // A client that went away: nothing to say.
    });
    listener.on('sessionError', () => undefined);
    listener.on('tlsClientError', () => server.handshakeFailed());
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

/** Without an authority of theirs the machine's own would do, which vouch for names and not for users. */
const certificates = ({ clientAuthority }: ListenOptions): object =>
  clientAuthority === undefined ? { requestCert: false } : { ca: clientAuthority, requestCert: true };

const listening = (listener: Http2SecureServer, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    listener.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(explained(error, host, port), { cause: error })),
    );
    listener.listen({ host, port }, resolve);
  });

function explained(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE')
    return `Cannot listen on ${host}:${port}: another program has that port; choose another with --port`;
  if (error.code === 'EACCES') return `Cannot listen on ${host}:${port}: ports below 1024 need root`;
  return `Cannot listen on ${host}:${port}: ${error.message}`;
}

function serve(listener: Http2SecureServer, server: Server, credentials: ForwardCredentials): void {
  const toHttp1 = (message: unknown, response: unknown): void =>
    answerHttp1(server, message as IncomingMessage, response as ServerResponse, credentials);
  listener.on('request', toHttp1);
  // Node turned every HTTP/2 stream into such a request as well when that listener came; streams have their own way here.
  listener.removeAllListeners('stream');
  listener.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) =>
    answerHttp2(server, stream, headers, credentials),
  );
  listener.on(
    'upgrade',
    (message: IncomingMessage, socket: Duplex, head: Buffer) =>
      void answerUpgrade(server, message, socket, head, credentials),
  );
}
