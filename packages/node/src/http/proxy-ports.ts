import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Logger, type MetricRegistry, PROMETHEUS_TYPE, TaskGroup } from '@navarch/base';
import { writeJson } from '@navarch/machinery';
import type { ProxyHealth } from '@navarch/proxy';
import { keepServing } from './keep-serving.ts';

export interface ProxyPortsOptions {
  readonly health: ProxyHealth;
  readonly metrics: MetricRegistry;
  readonly nodeIP: string;
  readonly clusterCidr: string;
  /** Addresses of the node that answer for node ports; none: all. */
  readonly nodePortRanges: readonly string[];
  readonly log: Logger;
  /** Upstream's where nobody says. */
  readonly healthPort?: number;
  readonly metricsPort?: number;
}

type Respond = (response: ServerResponse) => void;

/**
 * The two ports of a node's service proxy, where people and tools look for kube-proxy's: one on all addresses for
 * balancers, which ask whether new connections may come, one for the machine itself. Nobody is asked who they are.
 */
export async function serveProxyPorts(options: ProxyPortsOptions, signal: AbortSignal): Promise<void> {
  const { log, healthPort = 10256, metricsPort = 10249 } = options;
  const isSix = options.nodeIP.includes(':');
  const what = 'the service proxy';
  await using group = new TaskGroup(signal);
  group.spawn((s) =>
    keepServing({ port: healthPort, address: isSix ? '::' : '0.0.0.0', what, log }, by(healthPaths(options)), s),
  );
  group.spawn((s) =>
    keepServing({ port: metricsPort, address: isSix ? '::1' : '127.0.0.1', what, log }, by(ownPaths(options)), s),
  );
  await group.join();
}

function healthPaths({ health, metrics }: ProxyPortsOptions): ReadonlyMap<string, Respond> {
  const answers = (name: string): ((status: number) => void) => {
    const total = metrics.counter(`kubeproxy_proxy_${name}_total`, `[ALPHA] Cumulative proxy ${name} HTTP status`);
    return (status) => total.add(1, { code: String(status) });
  };
  const [healthz, livez] = [answers('healthz'), answers('livez')];
  const answer = (
    response: ServerResponse,
    count: (status: number) => void,
    more: { readonly nodeEligible?: boolean } = {},
  ): void => {
    const { isHealthy, lastUpdated, now } = health.now();
    const isWell = isHealthy && more.nodeEligible !== false;
    const status = isWell ? 200 : 503;
    count(status);
    response.writeHead(status, { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' });
    response.end(writeJson({ lastUpdated: goTime(isWell ? now : lastUpdated), currentTime: goTime(now), ...more }));
  };
  return new Map<string, Respond>([
    ['/healthz', (response) => answer(response, healthz, { nodeEligible: health.isEligible })],
    ['/livez', (response) => answer(response, livez)],
  ]);
}

function ownPaths(options: ProxyPortsOptions): ReadonlyMap<string, Respond> {
  const { metrics, clusterCidr, nodePortRanges } = options;
  const text =
    (words: () => string, type = 'text/plain; charset=utf-8'): Respond =>
    (response) =>
      response.writeHead(200, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(words());
  const configuration = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clusterCIDR: clusterCidr,
    nodePortAddresses: nodePortRanges,
  };
  return new Map<string, Respond>([
    ['/healthz', text(() => 'ok')],
    ['/proxyMode', text(() => 'nftables')],
    ['/metrics', text(() => metrics.text(), PROMETHEUS_TYPE)],
    ['/configz', text(() => writeJson({ 'kubeproxy.config.k8s.io': configuration }), 'application/json')],
  ]);
}

const by =
  (paths: ReadonlyMap<string, Respond>) =>
  ({ url = '/' }: IncomingMessage, response: ServerResponse): void => {
    const respond = paths.get(url.split('?', 1)[0] ?? '');
    if (respond) respond(response);
    else
      response
        .writeHead(404, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' })
        .end('404 page not found\n');
  };

/** As Go prints a time: what reads these answers may look for that. */
const goTime = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', ' +0000 UTC');
