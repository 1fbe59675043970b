import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { HttpRequest, HttpResponse, HttpTransport } from '@navarch/client';
import type { Access } from './kubeconfig.ts';

/** Connections kept for requests; watches each have one of their own besides. */
const SOCKETS_MAX = 256;
const REQUEST_TIMEOUT_MS = 60_000;

/** HTTP/1.1 over TLS with kept-alive connections. */
export function httpTransport(access: Access): HttpTransport & Disposable {
  const agent = new Agent({
    keepAlive: true, maxSockets: SOCKETS_MAX, ca: access.authority, cert: access.certificate, key: access.key, rejectUnauthorized: !access.isInsecure,
  });
  const base = new URL(access.server);
  return {
    send: (request, signal) => send(base, agent, access.token, request, signal),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

function send(base: URL, agent: Agent, token: string | undefined, request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const outgoing = httpsRequest({
      agent, host: base.hostname, port: base.port || 443, path: request.path, method: request.method, signal,
      headers: { ...request.headers, ...(token ? { authorization: `Bearer ${token}` } : {}), ...(request.body ? { 'content-length': request.body.length } : {}) },
      ...(request.isStream ? {} : { timeout: REQUEST_TIMEOUT_MS }),
    });
    outgoing.on('response', (response: IncomingMessage) => resolve({ status: response.statusCode ?? 0, headers: response.headers as Record<string, string>, body: response }));
    outgoing.on('timeout', () => outgoing.destroy(new Error(`The server did not answer within ${REQUEST_TIMEOUT_MS / 1000} s`)));
    outgoing.on('error', (error) => reject(signal.aborted ? signal.reason : error));
    outgoing.end(request.body);
  });
}
