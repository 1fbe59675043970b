import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { HttpRefusal, notFound, streamAddress, type StreamRequest, streamRequest } from '@navarch/kubelet';
import {
  asksFor,
  type Dial,
  dialUpgrade,
  passUpgrade,
  refuseUpgrade,
  servePortForward,
  serveRemoteCommand,
  UpgradeRefused,
} from '../../streaming/index.ts';
import type { KubeletServerOptions } from './options.ts';
import { idleMsOf, refuseDisabled } from './configured.ts';
import { urlOf } from './url.ts';

/** Hop by hop: not the runtime's business, or set anew. */
const DROPPED = new Set([
  'host',
  'authorization',
  'connection',
  'upgrade',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
]);

/** A request that became a connection: exec, attach or port-forward, in SPDY or WebSocket. Never rejects. */
export async function answerUpgrade(
  options: KubeletServerOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  admit: (request: IncomingMessage) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  socket.on('error', () => socket.destroy());
  try {
    await admit(request);
    refuseDisabled(options.config, urlOf(request).pathname);
    const url = urlOf(request);
    const wanted = streamRequest(
      url.pathname
        .split('/')
        .filter((part) => part !== '')
        .map(decodeURIComponent),
      url.searchParams,
    );
    const runtime = dialOf(new URL(await streamAddress(options.runtime, wanted, signal)), request);
    if (!asksFor(request, 'websocket')) return passUpgrade(await dialUpgrade(runtime, signal), socket, head);
    await serveWebSocket({ request, socket, head, idleMs: idleMsOf(options.config) }, wanted, runtime, signal);
  } catch (error) {
    refuse(options, socket, error);
  }
}

function serveWebSocket(
  client: Parameters<typeof serveRemoteCommand>[0],
  wanted: StreamRequest,
  runtime: Dial,
  signal: AbortSignal,
): Promise<void> {
  if (wanted.what === 'portForward') return servePortForward(client, wanted.ports, runtime, signal);
  return serveRemoteCommand(client, wanted.streams, runtime, signal);
}

function dialOf(target: URL, request: IncomingMessage): Dial {
  const kept = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !DROPPED.has(name) && !name.startsWith('sec-websocket-')),
  );
  return {
    isTls: target.protocol === 'https:',
    rejectUnauthorized: false,
    host: target.hostname,
    port: target.port,
    path: target.pathname + target.search,
    method: 'POST',
    headers: { ...kept, connection: 'Upgrade', upgrade: request.headers.upgrade },
  };
}

function refuse({ log }: KubeletServerOptions, socket: Duplex, error: unknown): void {
  if (error instanceof HttpRefusal) return refuseUpgrade(socket, error.status, error.message);
  if (error instanceof UpgradeRefused) return refuseUpgrade(socket, error.status, error.message, error.contentType);
  if (error instanceof URIError) return refuseUpgrade(socket, 404, notFound().message);
  if (!socket.writable) return; // The client has gone; whatever failed then failed for that.
  log.warn('a connection to a container failed', { error });
  refuseUpgrade(socket, 500, (error as Error).message);
}
