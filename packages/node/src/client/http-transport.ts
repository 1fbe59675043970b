import type { Agent as AnyAgent, IncomingMessage } from 'node:http';
import { Agent, request as secureRequest } from 'node:https';
import type { HttpRequest, HttpResponse, HttpTransport } from '@navarch/client';
import { Agent as PlainAgent, request as plainRequest } from '../built-in/index.ts';
import type { Access } from './kubeconfig.ts';

/** Connections at a time, those of watches included; further requests wait for one. */
const SOCKETS_MAX = 256;
const REQUEST_TIMEOUT_MS = 60_000;
/** A peer that is gone without a word is noticed by TCP, also under a watch on which nothing happens. */
const KEEP_ALIVE_MS = 30_000;

/** A connection that nobody has needed for this long ends: a burst leaves dozens, and each takes memory on both sides. */
const IDLE_MS_MAX = 15_000;

/** HTTP/1.1 with kept connections, over TLS unless the server's address says otherwise. */
export function httpTransport(access: Access, idleMs: number = IDLE_MS_MAX): HttpTransport & Disposable {
  const base = new URL(access.server);
  const options = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, maxSockets: SOCKETS_MAX, timeout: idleMs };
  const agent =
    base.protocol === 'http:'
      ? new PlainAgent(options)
      : new Agent({
          ...options,
          ca: access.authority,
          cert: access.certificate,
          key: access.key,
          rejectUnauthorized: !access.isInsecure,
          ...(access.serverName ? { servername: access.serverName } : {}),
        });
  // All its connections are to one server, as one client: Node would put certificates and key together for each request.
  agent.getName = () => base.host;
  return {
    send: (request, signal) => send({ base, agent, token: access.token }, request, signal),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

interface Connection {
  readonly base: URL;
  readonly agent: AnyAgent;
  readonly token: string | undefined;
}

function send({ base, agent, token }: Connection, request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const start = base.protocol === 'http:' ? plainRequest : secureRequest;
    const outgoing = start({
      agent,
      host: base.hostname.replace(/^\[|\]$/g, ''),
      port: base.port || (base.protocol === 'http:' ? 80 : 443),
      path: base.pathname.replace(/\/$/, '') + request.path,
      method: request.method,
      signal,
      headers: {
        ...request.headers,
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(request.body ? { 'content-length': request.body.length } : {}),
      },
      // Zero: for ever. What is left out is the time of idle connections.
      timeout: request.isStream ? 0 : REQUEST_TIMEOUT_MS,
    });
    outgoing.on('response', (response: IncomingMessage) =>
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers as Record<string, string>,
        body: response,
      }),
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${REQUEST_TIMEOUT_MS / 1000} s`)));
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // A host with several addresses fails with an error that has a code and no message.
      reject(
        signal.aborted
          ? (signal.reason as Error)
          : new Error(`Cannot reach ${base.origin}: ${error.message || error.code}`, { cause: error }),
      );
    });
    outgoing.end(request.body);
  });
}
