import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createDeflate, createGunzip, createGzip, createInflate } from 'node:zlib';
import type { ProxyTarget } from '@navarch/apiserver';
import { failure, type Status } from '@navarch/machinery';
import { request as httpRequest } from '../built-in/index.ts';
import {
  asksFor,
  type Dial,
  dialUpgrade,
  keepAlive,
  offered,
  passUpgrade,
  refuseUpgrade,
  TRANSLATED,
  UpgradeRefused,
} from '../streaming/index.ts';
import { type ClientCredentials, extensionTls, latin1Headers } from '../extensions/index.ts';
import { type Headers, requestHeaders, responseHeaders } from './forward/headers.ts';
import { AddressRewriter } from './forward/html.ts';
import { askedOf, forwardedOf, type ProxyPlace, proxyPlace, rewritten } from './forward/location.ts';
import { commandRefused, kubeletRefusal, notUpgraded, unreachable } from './forward/unreachable.ts';
import { bytesOverWebSocket, refuseCommand, type UpgradeRequest } from './websocket.ts';

export interface ForwardCredentials {
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
  /** How the server shows itself to extension API servers: they believe it who asks. Absent: it forwards to none. */
  readonly extensionClient?: ClientCredentials;
}

/** A request as either version of HTTP has it. */
export interface ForwardRequest extends Readable {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly socket: Pick<Socket, 'remoteAddress'>;
}

/** Where the answer goes. */
export interface ForwardResponse extends Writable {
  readonly headersSent: boolean;
  writeHead(status: number, headers: Headers): this;
  flushHeaders(): void;
}

/** How long a target may take to be connected to. */
const CONNECT_TIMEOUT_MS = 30_000;
const REFUSAL_BYTES_MAX = 64 * 1024;
/** Methods that Node sends without saying how long the body is. */
const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/** Sends a request on and its answer back, streaming both ways. Never rejects. */
export async function forward(
  target: ProxyTarget,
  request: ForwardRequest,
  response: ForwardResponse,
  credentials: ForwardCredentials,
): Promise<void> {
  const place = proxyPlace(request.url ?? '/');
  if (place && isBare(place) && (request.method === 'GET' || request.method === 'HEAD')) {
    // Relative addresses in a page are relative to a folder: without the slash they would miss (issue 4958 of upstream).
    response.writeHead(301, { location: `${place.prefix}/${place.rest}` }).end();
    return;
  }
  if (isStream(target)) return sendStatus(response, failure('BadRequest', 'Upgrade request required').status);
  try {
    const reply = await ask(target, place, request, response, credentials);
    if (isLog(target, place) && (reply.statusCode ?? 500) > 206)
      return sendStatus(response, kubeletRefusal(reply.statusCode ?? 500, await textOf(reply), podOf(target)));
    await answer(reply, target, place, request, response);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else if (target.extension) sendText(response, unreachable(error as Error, target));
    else sendStatus(response, unreachable(error as Error, target));
  }
}

const isBare = ({ rest }: ProxyPlace): boolean => !rest.startsWith('/');
const isStream = ({ asKubeletClient, path }: ProxyTarget): boolean =>
  asKubeletClient && /^\/(?:exec|attach|portForward)\//.test(path);
const isCommand = ({ asKubeletClient, path }: ProxyTarget): boolean =>
  asKubeletClient && /^\/(?:exec|attach)\//.test(path);
const isLog = ({ asKubeletClient, path }: ProxyTarget, place: ProxyPlace | undefined): boolean =>
  asKubeletClient && !place && path.startsWith('/containerLogs/');
const podOf = ({ path }: ProxyTarget): string => path.split('/')[3] ?? '';

function sendStatus(response: ForwardResponse, status: Status): void {
  if (response.headersSent) return;
  response
    .writeHead(status.code ?? 500, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' })
    .end(JSON.stringify(status));
}

/** Upstream's aggregator says what is wrong with an extension server in plain text. */
function sendText(response: ForwardResponse, { code, message = '' }: Status): void {
  response
    .writeHead(code ?? 503, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' })
    .end(`${message}\n`);
}

/** What a target is asked for, and how. */
function optionsOf(
  target: ProxyTarget,
  place: ProxyPlace | undefined,
  credentials: ForwardCredentials,
): RequestOptions & Tls & { readonly isTls: boolean; readonly servername: string } {
  const path = place ? askedOf(place) : target.path;
  // The name in TLS is where we go, not what the client called it.
  return {
    isTls: target.scheme === 'https',
    host: target.host,
    port: target.port,
    path,
    agent: false,
    servername: isIP(target.host) ? '' : target.host,
    ...tlsOf(target, credentials),
  };
}

type Tls = Pick<Dial, 'cert' | 'key' | 'ca' | 'rejectUnauthorized'>;

/** A kubelet and an extension server know us by our certificates; pods and services know nobody. */
function tlsOf(
  { asKubeletClient, extension }: ProxyTarget,
  { certificate, key, authority, extensionClient }: ForwardCredentials,
): Tls {
  if (asKubeletClient) return { cert: certificate, key, ca: authority };
  return extension && extensionClient ? extensionTls(extension.server, extensionClient) : { rejectUnauthorized: false };
}

function ask(
  target: ProxyTarget,
  place: ProxyPlace | undefined,
  request: ForwardRequest,
  response: ForwardResponse,
  credentials: ForwardCredentials,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { isTls, ...options } = optionsOf(target, place, credentials);
    const method = request.method ?? 'GET';
    const headers = headersFor(target, request.headers, request.socket.remoteAddress ?? '');
    if (place) headers['x-forwarded-uri'] = forwardedOf(place);
    if (BODILESS.has(method) && request.headers['transfer-encoding'] !== undefined)
      headers['transfer-encoding'] = 'chunked';
    const outgoing = (isTls ? httpsRequest : httpRequest)({
      ...options,
      method,
      headers: headers as Record<string, string>,
      // Lines of small servers end in a bare LF, which a recipient may take (RFC 9112, 2.2). No other answer follows.
      insecureHTTPParser: true,
    });
    limitConnecting(outgoing);
    outgoing.on('response', resolve).on('error', reject);
    response.on('close', () => outgoing.destroy());
    request.on('error', () => outgoing.destroy());
    request.pipe(outgoing);
  });
}

/** An extension server is told who asks; it believes us because of our certificate. */
function headersFor({ extension }: ProxyTarget, headers: IncomingMessage['headers'], remoteAddress: string): Headers {
  const passed = requestHeaders(headers, remoteAddress);
  const { host } = headers;
  if (!extension) return { ...passed, ...(host === undefined ? {} : { host }) };
  // What the client says of who it is must not get there.
  const own = Object.entries(passed).filter(([name]) => !name.startsWith('x-remote-'));
  return { ...Object.fromEntries(own), host: extension.server.serverName, ...latin1Headers(extension.headers) };
}

function limitConnecting(outgoing: ClientRequest): void {
  const timer = setTimeout(
    () => outgoing.destroy(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' })),
    CONNECT_TIMEOUT_MS,
  );
  outgoing.on('socket', (socket) => socket.once('connect', () => clearTimeout(timer)));
  outgoing.on('close', () => clearTimeout(timer));
}

async function answer(
  reply: IncomingMessage,
  target: ProxyTarget,
  place: ProxyPlace | undefined,
  request: ForwardRequest,
  response: ForwardResponse,
): Promise<void> {
  const headers = responseHeaders(reply.headers, place !== undefined);
  const hosts = [`${target.host}:${target.port}`, target.host, request.headers.host];
  const move = place && ((address: string): string => rewritten(address, place, hosts));
  if (move && reply.headers.location !== undefined) headers['location'] = move(reply.headers.location);
  const codec = codecOf(reply.headers['content-encoding']);
  const isPage =
    move &&
    codec &&
    reply.headers.location === undefined &&
    /^\s*text\/html\s*(?:;|$)/i.test(reply.headers['content-type'] ?? '') &&
    request.method !== 'HEAD';
  if (isPage) delete headers['content-length'];
  response.writeHead(reply.statusCode ?? 502, headers);
  response.flushHeaders();
  if (isPage) await pipeline([reply, ...codec.read, new AddressRewriter(move), ...codec.write, response]);
  else await pipeline(reply, response);
}

/** How the bytes of a page are had and given back; undefined for an encoding that is not known: such pages stay as they are. */
function codecOf(
  encoding: string | undefined,
): { readonly read: readonly Duplex[]; readonly write: readonly Duplex[] } | undefined {
  switch (encoding?.toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return { read: [], write: [] };
    case 'gzip':
      return { read: [createGunzip()], write: [createGzip()] };
    case 'deflate':
      return { read: [createInflate()], write: [createDeflate()] };
    default:
      return undefined;
  }
}

/** A log in messages. What the kubelet says instead of one is an ordinary answer. */
async function sendLog(
  target: ProxyTarget,
  upgrade: UpgradeRequest,
  credentials: ForwardCredentials,
  signal: AbortSignal,
): Promise<void> {
  const { isTls, ...options } = optionsOf(target, undefined, credentials);
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = (isTls ? httpsRequest : httpRequest)({ ...options, method: 'GET', signal });
    limitConnecting(outgoing);
    outgoing.on('response', resolve).on('error', reject).end();
  });
  const status = reply.statusCode ?? 500;
  if (status > 206)
    return refuseUpgrade(
      upgrade.socket,
      status,
      JSON.stringify(kubeletRefusal(status, await textOf(reply), podOf(target))),
      'application/json',
    );
  await bytesOverWebSocket(upgrade, reply, signal);
}

async function textOf(reply: IncomingMessage): Promise<string> {
  let text = '';
  reply.setEncoding('utf8');
  for await (const part of reply) if (text.length < REFUSAL_BYTES_MAX) text += part as string;
  return text;
}

/** Joins the client's connection to the target's when the target agrees to the upgrade; from then on bytes are bytes. Never rejects. */
export async function forwardUpgrade(
  target: ProxyTarget,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  credentials: ForwardCredentials,
): Promise<void> {
  const place = proxyPlace(request.url ?? '/');
  const headers = {
    ...headersFor(target, request.headers, (socket as Socket).remoteAddress ?? ''),
    connection: 'Upgrade',
    upgrade: request.headers.upgrade,
  };
  const gone = new AbortController();
  const leave = (): void => gone.abort(new Error('the client has gone'));
  socket.once('close', leave);
  keepAlive(socket);
  try {
    if (isLog(target, place) && asksFor(request, 'websocket'))
      return await sendLog(target, { message: request, socket, head }, credentials, gone.signal);
    const upgraded = await dialUpgrade(
      { ...optionsOf(target, place, credentials), method: request.method ?? 'GET', headers } as Dial,
      gone.signal,
    );
    socket.off('close', leave);
    passUpgrade(upgraded, socket, head);
  } catch (error) {
    if (error instanceof UpgradeRefused && error.status < 400)
      refuseUpgrade(socket, 500, JSON.stringify(notUpgraded(error.status)), 'application/json');
    else if (error instanceof UpgradeRefused && isCommand(target) && offered(request).includes(TRANSLATED))
      await refuseCommand({ message: request, socket, head }, commandRefused(error.message)).catch(() => undefined); // The client has gone, or asks for no WebSocket and was told so.
    else if (error instanceof UpgradeRefused) refuseUpgrade(socket, error.status, error.message, error.contentType);
    else refuseUpgrade(socket, 503, JSON.stringify(unreachable(error as Error, target)), 'application/json');
  }
}
