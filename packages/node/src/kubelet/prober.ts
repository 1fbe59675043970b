import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Prober } from '@navarch/kubelet';
import { request as httpRequest } from '../built-in/index.ts';
import { dialWords } from '../http/dial-words.ts';
import { askHealth } from './grpc-prober.ts';

const TEXT_SHOWN_MAX = 1024;
/** As many as upstream's client follows. */
const REDIRECTS_MAX = 10;

/** Probes over the node's own network. */
export const nodeProber: Prober = {
  http: (request, timeoutMs, signal) =>
    get(request, REDIRECTS_MAX, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])),
  tcp: (host, port, timeoutMs, signal) =>
    new Promise((resolve) => {
      const socket = connect({ host, port, timeout: timeoutMs });
      const end = (problem?: string): void => {
        socket.destroy();
        signal.removeEventListener('abort', stop);
        resolve(problem);
      };
      const stop = (): void => end('stopped');
      signal.addEventListener('abort', stop, { once: true });
      socket.on('connect', () => end());
      socket.on('timeout', () => end(`dial tcp ${host}:${port}: i/o timeout`));
      socket.on('error', (error: NodeJS.ErrnoException) => end(dialWords(error, host, port)));
    }),
  grpc: askHealth,
};

type HttpRequest = Parameters<Prober['http']>[0];

/** Resolves to what is wrong. A redirect within the pod is followed; one that leads out of it is an answer like any other. */
function get(request: HttpRequest, redirectsLeft: number, signal: AbortSignal): Promise<string | undefined> {
  const { host, port, path, isTls, headers } = request;
  const url = `${isTls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}${path.startsWith('/') ? path : `/${path}`}`;
  return new Promise((resolve) => {
    const options = {
      method: 'GET',
      signal,
      agent: false,
      rejectUnauthorized: false,
      // As RFC 9112 (2.2) lets a recipient, and upstream does: lines of small servers and CGI scripts end in a bare LF.
      insecureHTTPParser: true,
      headers: { 'user-agent': 'kube-probe/1.37', accept: '*/*', ...headers },
    };
    const outgoing = (isTls ? httpsRequest : httpRequest)(url, options, (response) => {
      const code = response.statusCode ?? 0;
      response.resume();
      response.on('error', () => undefined);
      const next =
        code >= 300 && code < 400 && response.headers.location ? new URL(response.headers.location, url) : undefined;
      if (next?.hostname === new URL(url).hostname) resolve(follow(next, request, redirectsLeft, signal));
      else resolve(code >= 200 && code < 400 ? undefined : `HTTP probe failed with statuscode: ${code}`);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const why = signal.aborted
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : dialWords(error, host, port);
      resolve(`Get ${JSON.stringify(url)}: ${why}`.slice(0, TEXT_SHOWN_MAX));
    });
    outgoing.end();
  });
}

function follow(
  next: URL,
  request: HttpRequest,
  redirectsLeft: number,
  signal: AbortSignal,
): Promise<string | undefined> | string {
  if (redirectsLeft === 0) return `Get ${JSON.stringify(next.href)}: stopped after ${REDIRECTS_MAX} redirects`;
  const isTls = next.protocol === 'https:';
  const port = Number(next.port) || (isTls ? 443 : 80);
  return get({ ...request, port, isTls, path: `${next.pathname}${next.search}` }, redirectsLeft - 1, signal);
}
