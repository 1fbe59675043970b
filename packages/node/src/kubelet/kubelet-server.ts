import type { IncomingMessage, ServerResponse } from 'node:http';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { type Pod, pod } from '@navarch/api';
import { aborted, PROMETHEUS_TYPE, prometheusText, TaskGroup } from '@navarch/base';
import {
  Access,
  cadvisorMetrics,
  checkpointContainer,
  HttpRefusal,
  kubeletMetrics,
  loggedContainer,
  logOptions,
  notFound,
  resourceMetrics,
  summary,
} from '@navarch/kubelet';
import { hasReason, writeJson } from '@navarch/machinery';
import { systemClock } from '../system/clock.ts';
import { configuration, policyOf, refuseDisabled, tlsOf } from './server/configured.ts';
import { credentialsOf } from './server/credentials.ts';
import { sendLogFile } from './server/log-files.ts';
import { servePlainPorts } from './server/plain-ports.ts';
import { countRequests } from './server/request-metrics.ts';
import { runOnce } from './server/run.ts';
import { runningPods } from './server/running-pods.ts';
import { answerUpgrade } from './server/upgrade.ts';
import { urlOf } from './server/url.ts';
import { streamLogs } from './stream-logs.ts';
import type { KubeletServerOptions, NodeStatistics } from './server/options.ts';
import type { Exchange } from './server/exchange.ts';

/** The kubelet's own API, for the API server: logs, exec, attach, port-forward, statistics. Runs until the signal aborts. */
export async function serveKubelet(options: KubeletServerOptions, signal: AbortSignal): Promise<void> {
  const { api, nodeName, authority, clock = systemClock, config } = options;
  // Who shows no certificate may show a token: what counts is decided by each request.
  const server = createServer({
    cert: options.certificate,
    key: options.key,
    ca: authority,
    requestCert: true,
    rejectUnauthorized: false,
    ...tlsOf(config),
  });
  options.onRenewal?.(({ certificate, key }) => server.setSecureContext({ cert: certificate, key, ca: authority }));
  const access = new Access({ api, clock, nodeName, ...(config ? { policy: policyOf(config) } : {}) });
  const admit = (request: IncomingMessage): Promise<unknown> =>
    access.admit(credentialsOf(request), request.method ?? 'GET', pathOf(request));
  const count = countRequests(options.statistics.metrics, clock);
  const sockets = new Set<Duplex>();
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  server.on('tlsClientError', () => undefined);
  server.on('request', (request, response) => {
    count(request.method ?? 'GET', pathOf(request), response);
    void answer(options, { request, response, admit }, signal);
  });
  server.on('upgrade', (request, socket, head) => {
    count(request.method ?? 'GET', pathOf(request), socket);
    void answerUpgrade(options, request, socket, head, admit, signal);
  });
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(options.port, options.address, resolve),
  );
  await using group = new TaskGroup(signal);
  if (config) group.spawn((s) => servePlainPorts(config, options, (exchange) => answer(options, exchange, s), s));
  await aborted(signal);
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}

const pathOf = (request: IncomingMessage): string => urlOf(request).pathname;

async function answer(
  options: KubeletServerOptions,
  { request, response, admit }: Exchange,
  signal: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort(new Error('the client has gone')));
  const either = AbortSignal.any([signal, gone.signal]);
  try {
    await admit(request);
    refuseDisabled(options.config, pathOf(request));
    const url = urlOf(request);
    const parts = url.pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
    await route(options, { request, response, url, parts }, either);
  } catch (error) {
    if (either.aborted) return void response.destroy();
    if (!(error instanceof HttpRefusal))
      options.log.warn('a request to the kubelet failed', { path: pathOf(request), error });
    const status =
      error instanceof HttpRefusal
        ? error.status
        : error instanceof RangeError
          ? 400
          : error instanceof URIError
            ? 404
            : 500;
    if (response.headersSent) return void response.destroy();
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end((error as Error).message);
  }
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly parts: readonly string[];
}

async function route(
  options: KubeletServerOptions,
  { request, response, url, parts }: Asked,
  signal: AbortSignal,
): Promise<void> {
  const { runtime } = options;
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (parts[0] === 'run') {
    if (request.method !== 'POST') throw new HttpRefusal(405, '405: Method Not Allowed');
    return runOnce(runtime, parts.slice(1), url.searchParams, response, signal);
  }
  if (parts[0] === 'checkpoint') {
    if (request.method !== 'POST') throw new HttpRefusal(405, '405: Method Not Allowed');
    return json(response, await checkpoint(options, parts.slice(1), url.searchParams, signal));
  }
  if (['exec', 'attach', 'portForward'].includes(parts[0] ?? ''))
    throw new HttpRefusal(400, 'Upgrade request required');
  if (!isRead) throw new HttpRefusal(405, '405: Method Not Allowed');
  switch (parts[0]) {
    case 'healthz':
      return plain(response, 'ok');
    case 'pods':
      return json(response, await podsOfNode(options));
    case 'runningpods':
      return json(response, await runningPods(runtime, signal));
    case 'stats':
      if (parts[1] === 'summary')
        return json(
          response,
          summary(await options.statistics.observe(signal), url.searchParams.get('only_cpu_and_memory') === 'true'),
        );
      break;
    case 'metrics':
      return sendMetrics(options.statistics, parts.slice(1).join('/'), response, signal);
    case 'containerLogs':
      return sendLogs(options, parts.slice(1), url.searchParams, response, signal);
    case 'logs':
      return sendLogFile(decodeURIComponent(url.pathname.slice('/logs'.length)) || '/', response);
    case 'configz':
      return json(response, { kubeletconfig: configuration(options) });
    default:
      break;
  }
  throw notFound();
}

const plain = (response: ServerResponse, text: string): void =>
  void response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
const json = (response: ServerResponse, value: unknown): void =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(writeJson(value));

async function podsOfNode({ api, nodeName }: KubeletServerOptions): Promise<unknown> {
  const { items } = await api.of(pod).list({ fieldSelector: `spec.nodeName=${nodeName}` });
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
}

async function sendMetrics(
  { metrics, probeMetrics, observe, loads }: NodeStatistics,
  which: string,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const send = (text: string): void => void response.writeHead(200, { 'content-type': PROMETHEUS_TYPE }).end(text);
  switch (which) {
    case '':
      return send(
        prometheusText(
          [...metrics.families(), ...kubeletMetrics(await loads(signal))].toSorted((a, b) =>
            a.name < b.name ? -1 : 1,
          ),
        ),
      );
    case 'probes':
      return send(probeMetrics.text());
    case 'resource':
      return send(prometheusText(resourceMetrics(await loads(signal))));
    case 'cadvisor':
      return send(prometheusText(cadvisorMetrics(await observe(signal))));
    default:
      throw notFound();
  }
}

async function sendLogs(
  options: KubeletServerOptions,
  parts: readonly string[],
  query: URLSearchParams,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const [namespace = '', name = '', container = ''] = parts;
  if (parts.length !== 3) throw notFound();
  const wanted = logOptions(query, Date.now());
  const found = await loggedContainer(
    options.runtime,
    { namespace, pod: name, uid: undefined, container, isPrevious: wanted.previous },
    await podOf(options, `${namespace}/${name}`),
    signal,
  );
  const { status } = await options.runtime.containerStatus({ containerId: found.id }, signal);
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.flushHeaders();
  const isRunning = async (): Promise<boolean> =>
    (await options.runtime.containerStatus({ containerId: found.id }, signal).catch(() => undefined))?.status?.state ===
    'CONTAINER_RUNNING';
  await streamLogs(status?.logPath ?? '', wanted, isRunning, response);
}

async function checkpoint(
  options: KubeletServerOptions,
  parts: readonly string[],
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<unknown> {
  const [namespace = '', name = '', container = ''] = parts;
  if (parts.length !== 3) throw notFound();
  const { runtime, clock = systemClock, checkpoints: folder } = options;
  const found = await podOf(options, `${namespace}/${name}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return checkpointContainer({ namespace, pod: name, container }, found, query, { runtime, clock, folder }, signal);
}

async function podOf({ api }: KubeletServerOptions, key: string): Promise<Pod | undefined> {
  try {
    return await api.of(pod).get(key);
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}
