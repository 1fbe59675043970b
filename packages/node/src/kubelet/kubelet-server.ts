import { type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { pod } from '@navarch/api';
import type { Logger } from '@navarch/base';
import type { Api } from '@navarch/client';
import { CONTAINER_NAME, cri, logOptions, POD_NAME, POD_NAMESPACE } from '@navarch/kubelet';
import { streamLogs } from './stream-logs.ts';

export interface KubeletServerOptions {
  readonly api: Api;
  readonly runtime: cri.ContainerRuntime;
  readonly log: Logger;
  readonly nodeName: string;
  readonly address: string;
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
  /** PEM of the authority that callers' certificates must come from. */
  readonly authority: string;
  /** Called once with what takes a new certificate and key into use: for connections from then on. */
  onRenewal?(use: (next: { readonly certificate: string; readonly key: string }) => void): void;
}

/** Who may ask a kubelet: the API server, and administrators. */
const CALLERS = new Set(['kube-apiserver-kubelet-client']);
const ADMINISTRATORS = 'system:masters';

class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The kubelet's own API, for the API server: logs, exec, attach, port-forward. Runs until the signal aborts. */
export async function serveKubelet(options: KubeletServerOptions, signal: AbortSignal): Promise<void> {
  const server = createServer({ cert: options.certificate, key: options.key, ca: options.authority, requestCert: true, rejectUnauthorized: true });
  options.onRenewal?.(({ certificate, key }) => server.setSecureContext({ cert: certificate, key, ca: options.authority }));
  const sockets = new Set<Duplex>();
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  server.on('tlsClientError', () => undefined);
  server.on('request', (request, response) => void answer(options, request, response, signal));
  server.on('upgrade', (request, socket, head) => void upgrade(options, request, socket, head, signal));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port, options.address, resolve));
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}

function authorize(request: IncomingMessage): void {
  const { subject } = (request.socket as TLSSocket).getPeerCertificate();
  const organizations = [subject?.O ?? []].flat();
  if (!CALLERS.has(String(subject?.CN)) && !organizations.includes(ADMINISTRATORS)) throw new Refusal(403, `Forbidden (user=${String(subject?.CN)})`);
}

async function answer(options: KubeletServerOptions, request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
  try {
    authorize(request);
    const url = new URL(request.url ?? '/', 'https://kubelet');
    const parts = url.pathname.split('/').filter((part) => part !== '').map(decodeURIComponent);
    switch (parts[0]) {
      case 'healthz': return void response.end('ok');
      case 'pods': {
        const { items } = await options.api.of(pod).list({ fieldSelector: `spec.nodeName=${options.nodeName}` });
        response.setHeader('content-type', 'application/json');
        return void response.end(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items }));
      }
      case 'containerLogs': return await sendLogs(options, parts.slice(1), url.searchParams, response, signal);
      default: throw new Refusal(404, '404 page not found');
    }
  } catch (error) {
    const status = error instanceof Refusal ? error.status : error instanceof RangeError ? 400 : 500;
    if (!response.headersSent) response.writeHead(status, { 'content-type': 'text/plain' });
    response.end((error as Error).message);
  }
}

async function sendLogs(options: KubeletServerOptions, [namespace = '', name = '', container = '']: readonly string[], query: URLSearchParams, response: ServerResponse, signal: AbortSignal): Promise<void> {
  const wanted = logOptions(query, Date.now());
  const all = await instances(options.runtime, namespace, name, container, signal);
  const found = all[wanted.previous ? 1 : 0];
  if (!found) {
    throw new Refusal(400, wanted.previous ? `previous terminated container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} not found` : `container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} is waiting to start: ContainerCreating`);
  }
  const { status } = await options.runtime.containerStatus({ containerId: found.id }, signal);
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.flushHeaders();
  const isRunning = async (): Promise<boolean> => (await options.runtime.containerStatus({ containerId: found.id }, signal).catch(() => undefined))?.status?.state === 'CONTAINER_RUNNING';
  await streamLogs(status?.logPath ?? '', wanted, isRunning, response);
}

/** All instances of a container, newest first. */
async function instances(runtime: cri.ContainerRuntime, namespace: string, name: string, container: string, signal: AbortSignal): Promise<readonly cri.Container[]> {
  const labelSelector = { [POD_NAMESPACE]: namespace, [POD_NAME]: name, [CONTAINER_NAME]: container };
  const { containers } = await runtime.listContainers({ filter: { labelSelector } }, signal);
  return containers.toSorted((a, b) => b.createdAt - a.createdAt);
}

/** The runtime has a streaming server of its own: it names an address, and bytes go there and back. */
async function upgrade(options: KubeletServerOptions, request: IncomingMessage, socket: Duplex, head: Buffer, signal: AbortSignal): Promise<void> {
  try {
    authorize(request);
    const target = new URL(await streamAddress(options, new URL(request.url ?? '/', 'https://kubelet'), signal));
    const upstream = httpRequest({ host: target.hostname, port: target.port, path: target.pathname + target.search, method: request.method ?? 'POST', headers: { ...request.headers, host: target.host } });
    upstream.on('upgrade', (reply, other, otherHead) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${rawLines(reply.rawHeaders)}\r\n\r\n`);
      if (otherHead.length > 0) socket.write(otherHead);
      if (head.length > 0) other.write(head);
      join(socket, other);
    });
    upstream.on('response', (reply) => {
      socket.write(`HTTP/1.1 ${reply.statusCode} ${reply.statusMessage}\r\nconnection: close\r\ncontent-type: ${reply.headers['content-type'] ?? 'text/plain'}\r\n\r\n`);
      reply.pipe(socket);
    });
    upstream.on('error', (error) => refuse(socket, 500, error.message));
    upstream.end();
  } catch (error) {
    refuse(socket, error instanceof Refusal ? error.status : 500, (error as Error).message);
  }
}

function join(a: Duplex, b: Duplex): void {
  for (const [from, to] of [[a, b], [b, a]] as const) {
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
}

async function streamAddress({ runtime }: KubeletServerOptions, url: URL, signal: AbortSignal): Promise<string> {
  const [what, namespace = '', name = '', , container = ''] = url.pathname.split('/').filter((part) => part !== '').map(decodeURIComponent);
  const flag = (option: string): boolean => url.searchParams.get(option) === '1';
  if (what === 'portForward') {
    const { items } = await runtime.listPodSandbox({ filter: { labelSelector: { [POD_NAMESPACE]: namespace, [POD_NAME]: name }, state: { state: 'SANDBOX_READY' } } }, signal);
    const [sandbox] = items;
    if (!sandbox) throw new Refusal(404, `unable to find pod ${name}_${namespace}`);
    return (await runtime.portForward({ podSandboxId: sandbox.id, port: url.searchParams.getAll('port').map(Number) }, signal)).url;
  }
  const [found] = await instances(runtime, namespace, name, container, signal);
  if (found?.state !== 'CONTAINER_RUNNING') throw new Refusal(500, `container not found (${JSON.stringify(container)})`);
  const streams = { containerId: found.id, stdin: flag('input'), stdout: flag('output'), stderr: flag('error') && !flag('tty'), tty: flag('tty') };
  if (what === 'exec') return (await runtime.exec({ ...streams, cmd: url.searchParams.getAll('command') }, signal)).url;
  if (what === 'attach') return (await runtime.attach(streams, signal)).url;
  throw new Refusal(404, '404 page not found');
}

function refuse(socket: Duplex, status: number, message: string): void {
  socket.end(`HTTP/1.1 ${status} Error\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(message)}\r\nconnection: close\r\n\r\n${message}`);
}

function rawLines(raw: readonly string[]): string {
  const lines: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) lines.push(`${raw[i]}: ${raw[i + 1]}`);
  return lines.join('\r\n');
}
