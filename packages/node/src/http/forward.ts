import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { ProxyTarget } from '@navarch/apiserver';
import { failure } from '@navarch/machinery';

export interface ForwardCredentials {
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
}

/** Belong to one connection, or say who asked us: not the target's business. */
const HOP_HEADERS = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'te', 'host', 'authorization', 'http2-settings', 'upgrade']);

function outgoing(target: ProxyTarget, method: string | undefined, headers: Readonly<Record<string, string | string[] | undefined>>, credentials: ForwardCredentials): ReturnType<typeof httpRequest> {
  const options = {
    host: target.host, port: target.port, path: target.path, method: method ?? 'GET', headers: headers as Record<string, string>,
    ...(target.asKubeletClient ? { cert: credentials.certificate, key: credentials.key, ca: credentials.authority } : { rejectUnauthorized: false }),
  };
  return target.scheme === 'https' ? httpsRequest(options) : httpRequest(options);
}

function kept(headers: Readonly<Record<string, string | string[] | undefined>>, alsoUpgrade: boolean): Record<string, string | string[] | undefined> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) =>
    !name.startsWith(':') && (!HOP_HEADERS.has(name) || (alsoUpgrade && (name === 'upgrade' || name === 'connection')))));
}

const statusBody = (error: Error): string =>
  JSON.stringify(failure('ServiceUnavailable', `error trying to reach service: ${error.message}`).status);

/** Sends a request on and its answer back, streaming both ways. */
export function forward(
  target: ProxyTarget, request: IncomingMessage | Http2ServerRequest, response: ServerResponse, credentials: ForwardCredentials,
): Promise<void> {
  return new Promise((resolve) => {
    const upstream = outgoing(target, request.method, kept(request.headers, false), credentials);
    upstream.on('response', (reply) => {
      response.writeHead(reply.statusCode ?? 502, kept(reply.headers, false) as Record<string, string>);
      response.flushHeaders();
      reply.pipe(response);
      reply.on('end', resolve);
    });
    upstream.on('error', (error) => {
      if (!response.headersSent) response.writeHead(503, { 'content-type': 'application/json' });
      response.end(statusBody(error));
      resolve();
    });
    response.on('close', () => {
      upstream.destroy();
      resolve();
    });
    request.pipe(upstream);
  });
}

/** Joins the client's connection to the target's after the target agreed to the upgrade; from then on bytes are bytes. */
export function forwardUpgrade(target: ProxyTarget, request: IncomingMessage, socket: Duplex, head: Buffer, credentials: ForwardCredentials): void {
  const upstream = outgoing(target, request.method, kept(request.headers, true), credentials);
  upstream.on('upgrade', (reply, other, otherHead) => {
    const headers = rawLines(reply.rawHeaders);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers}\r\n\r\n`);
    if (otherHead.length > 0) socket.write(otherHead);
    if (head.length > 0) other.write(head);
    other.on('error', () => socket.destroy());
    socket.on('error', () => other.destroy());
    other.on('close', () => socket.end());
    socket.on('close', () => other.destroy());
    other.pipe(socket);
    socket.pipe(other);
  });
  upstream.on('response', (reply) => {
    socket.write(`HTTP/1.1 ${reply.statusCode} ${reply.statusMessage}\r\n${rawLines(reply.rawHeaders.filter((_, i, all) => !/^transfer-encoding$/i.test(all[i - (i % 2)] ?? '')))}\r\nconnection: close\r\n\r\n`);
    reply.pipe(socket);
  });
  upstream.on('error', (error) => {
    const body = statusBody(error);
    socket.end(`HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
  });
  upstream.end();
}

function rawLines(raw: readonly string[]): string {
  const lines: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) lines.push(`${raw[i]}: ${raw[i + 1]}`);
  return lines.join('\r\n');
}
