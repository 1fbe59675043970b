import { constants } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Server } from '@navarch/apiserver';
import type { ForwardCredentials } from './forward.ts';
import { answerHttp1, answerUpgrade } from './http1-exchange.ts';
import { answerHttp2 } from './http2-exchange.ts';

/** Node's own list with the shorter key of TLS 1.3 first, which Go prefers too: watches are mostly encryption. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  ...constants.defaultCoreCipherList.split(':').filter((name) => name !== 'TLS_AES_128_GCM_SHA256'),
].join(':');

/** Times of HTTP/1.1, as upstream has them: Node's own end a pooled connection after seconds, and an upload after minutes. */
const IDLE_MS_MAX = 90_000;
const HEADERS_MS_MAX = 32_000;

export interface ListenOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
  /** PEM of the authority that client certificates must come from; absent: none are asked for. */
  readonly clientAuthority?: string;
  /** False: HTTP/1.1 alone. */
  readonly speaksHttp2?: boolean;
  /** Requests of one connection of HTTP/2 at once. */
  readonly streamsMax?: number;
  /** Older versions of TLS are not taken. Absent: 1.2, as Node has it. */
  readonly tlsMin?: 'TLSv1.2' | 'TLSv1.3';
  /** Suites of TLS that are spoken, by OpenSSL's names. Absent: those that Node takes for safe. */
  readonly ciphers?: readonly string[];
  /** Other programs may listen on the same port, and share what comes. */
  readonly sharesPort?: boolean;
  /** How the server shows itself to kubelets. */
  readonly kubeletClient: ForwardCredentials;
}

export interface Listening extends AsyncDisposable {
  readonly port: number;
}

/** One TLS port for HTTP/1.1, HTTP/2 and upgrades. Rejects with a sentence when an address cannot be had. */
export async function listenHttps(server: Server, options: ListenOptions): Promise<Listening> {
  const listeners: HttpsServer[] = [];
  const sockets = new Set<Socket>();
  let { port } = options;
  for (const address of options.addresses) {
    const listener = createServer({
      cert: options.certificate,
      key: options.key,
      ...certificates(options),
      rejectUnauthorized: false,
      ciphers: options.ciphers?.join(':') ?? CIPHERS,
      ALPNProtocols: options.speaksHttp2 === false ? ['http/1.1'] : ['h2', 'http/1.1'],
      ...(options.tlsMin ? { minVersion: options.tlsMin } : {}),
      keepAliveTimeout: IDLE_MS_MAX,
      headersTimeout: HEADERS_MS_MAX,
      requestTimeout: 0,
    });
    serve(listener, server, options);
    listener.on('secureConnection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy()); // A client that went away: nothing to say.
    });
    listener.on('tlsClientError', () => server.handshakeFailed());
    await listening(listener, { host: address, port, reusePort: options.sharesPort ?? false });
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

interface Place {
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean;
}

const listening = (listener: HttpsServer, place: Place): Promise<void> =>
  new Promise((resolve, reject) => {
    listener.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(explained(error, place), { cause: error })),
    );
    listener.listen(place, resolve);
  });

function explained(error: NodeJS.ErrnoException, { host, port }: Place): string {
  if (error.code === 'EADDRINUSE')
    return `Cannot listen on ${host}:${port}: another program has that port; choose another with --port`;
  if (error.code === 'EACCES') return `Cannot listen on ${host}:${port}: ports below 1024 need root`;
  return `Cannot listen on ${host}:${port}: ${error.message}`;
}

function serve(listener: HttpsServer, server: Server, { kubeletClient, streamsMax }: ListenOptions): void {
  listener.on('request', (message: IncomingMessage, response: ServerResponse) =>
    answerHttp1(server, message, response, kubeletClient),
  );
  listener.on(
    'upgrade',
    (message: IncomingMessage, socket: Duplex, head: Buffer) =>
      void answerUpgrade(server, message, socket, head, kubeletClient),
  );
  // Node reads HTTP/1.1 from every connection; those on which HTTP/2 was agreed have their own reader.
  const readHttp1 = listener.listeners('secureConnection') as ((socket: TLSSocket) => void)[];
  listener.removeAllListeners('secureConnection');
  listener.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2') answerHttp2(server, socket, { kubeletClient, streamsMax });
    else for (const read of readHttp1) read.call(listener, socket);
  });
}
