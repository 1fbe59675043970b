import type { RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import type { ExtensionAnswer, ExtensionServer, ExtensionServers, RemoteHeaders } from '@navarch/apiserver';
import { wholeAnswer } from '../http/https-answer.ts';

export interface ClientCredentials {
  readonly certificate: string;
  readonly key: string;
}

/** Documents of extension servers: the OpenAPI of a large one is some megabytes. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** Asks extension API servers over HTTPS, showing the certificate by which they believe us who our users are. */
export function httpsExtensions(credentials: ClientCredentials): ExtensionServers {
  return { get: (server, path, headers, timeoutMs) => get(server, path, headers, timeoutMs, credentials) };
}

/** How a connection to an extension server is secured: its certificate must be for its service. */
export const extensionTls = (
  { serverName, authority, isUnverified }: ExtensionServer,
  { certificate, key }: ClientCredentials,
): RequestOptions => ({
  cert: certificate,
  key,
  rejectUnauthorized: !isUnverified,
  servername: isIP(serverName) === 0 ? serverName : '',
  ...(authority === undefined ? {} : { ca: authority }),
});

/** Names of users may have any characters; headers carry their UTF-8 as bytes. */
export const latin1Headers = (headers: RemoteHeaders): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? bytesOf(value) : value.map(bytesOf),
    ]),
  );

const bytesOf = (text: string): string => Buffer.from(text).toString('latin1');

async function get(
  server: ExtensionServer,
  path: string,
  headers: RemoteHeaders,
  timeoutMs: number,
  credentials: ClientCredentials,
): Promise<ExtensionAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  const { host, port } = server;
  const options = {
    ...extensionTls(server, credentials),
    agent: false,
    host,
    port,
    path,
    method: 'GET',
    signal,
    headers: { ...latin1Headers(headers), host: server.serverName },
  };
  try {
    return await wholeAnswer(options, undefined, ANSWER_BYTES_MAX);
  } catch (error) {
    throw signal.aborted ? new Error('context deadline exceeded', { cause: error }) : error;
  }
}
