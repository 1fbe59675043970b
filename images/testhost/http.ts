import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';

export interface ListenOptions {
  readonly port: number;
  /** An address to listen on; every one where left out. */
  readonly host?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** Serves HTTP, or HTTPS where a certificate is named. */
export function serveHttp({ port, host, certFile, keyFile }: ListenOptions, listener: RequestListener): Server {
  const server = certFile
    ? createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile || certFile) }, listener)
    : createServer(listener);
  return server.listen(port, host);
}

/** `10.0.0.1:4711`, `[fd00::1]:4711`: who is at the other end, as Go prints it. */
export function remoteOf({ remoteAddress = '', remotePort = 0 }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  const address = remoteAddress.replace(/^::ffff:/, '');
  return address.includes(':') ? `[${address}]:${remotePort}` : `${address}:${remotePort}`;
}

export function urlOf(request: IncomingMessage): URL {
  return new URL(request.url ?? '/', 'http://pod');
}

/** Parameters of the query and, for a form, of the body. */
export async function parametersOf(request: IncomingMessage): Promise<URLSearchParams> {
  const parameters = new URLSearchParams(urlOf(request).search);
  if (!(request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')) return parameters;
  const form = new URLSearchParams((await bodyOf(request)).toString());
  return new URLSearchParams([...form, ...parameters]);
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
}
