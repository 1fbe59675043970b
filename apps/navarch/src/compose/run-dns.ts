import { configMap, event } from '@navarch/api';
import { type Logger, MetricRegistry, TaskGroup } from '@navarch/base';
import { type Api, Cache, EventRecorder } from '@navarch/client';
import { COREFILE, defaultConfig, dnsKinds, DnsServer, keepCorefile, withoutForwards } from '@navarch/dns';
import { dnsEndpoints, dnsExchange, listenDns } from '@navarch/node/dns';
import { groupPatterns } from '@navarch/node/patterns';
import { systemClock, systemRandom } from '@navarch/node/system';
import { KUBERNETES_VERSION } from '../version.ts';

const DNS_PORT = 53;
/** CoreDNS's value in a fresh upstream cluster. */
const DNS_TTL_SECONDS = 30;

export interface RunDnsOptions {
  readonly api: Api;
  /** The node's copy of services and endpoints. */
  readonly cache: Cache;
  readonly log: Logger;
  readonly nodeIP: string;
  readonly nodeName: string;
  readonly clusterDomain: string;
  /** The servers that this machine asks itself. */
  resolvers(): readonly string[];
}

/** Cluster DNS of this node (ADR 5), as the ConfigMap kube-system/coredns says, until the signal aborts. */
export async function runDns(options: RunDnsOptions, signal: AbortSignal): Promise<void> {
  const { api, cache, log, nodeIP, nodeName } = options;
  const [clock, random, metrics] = [systemClock, systemRandom(), new MetricRegistry()];
  await using group = new TaskGroup(signal);
  await cache.whenSynced(dnsKinds, group.signal);
  // A machine that asks this node for names would ask itself for ever.
  using exchange = dnsExchange(() => options.resolvers().filter((address) => address !== nodeIP));
  await using endpoints = dnsEndpoints({ address: nodeIP, log, metrics: () => metrics.text() });
  const fallback = defaultConfig(options.clusterDomain, DNS_TTL_SECONDS);
  const server = new DnsServer(
    // Names of the cluster are known at once; what is asked of others only when none of them leads back here.
    withoutForwards(fallback),
    { cache, clock, random, log, exchange, metrics, addresses: [nodeIP], version: KUBERNETES_VERSION },
    group.signal,
  );
  group.spawn((s) => listenDns(server, nodeIP, DNS_PORT, s));
  if ((await server.loopsOf(fallback, group.signal)).length === 0) server.use(fallback);
  else log.warn('the name servers of this machine ask this node for names: only those of the cluster are known', {});
  const { namespace, name } = COREFILE;
  const scopes = new Map([[configMap, { namespace, fieldSelector: `metadata.name=${name}` }]]);
  const own = new Cache({ api, clock, random, log, scopes });
  group.spawn((s) => own.run(s));
  const recorder = new EventRecorder({ events: api.of(event), clock, random, log }, 'cluster-dns', nodeName);
  group.spawn((s) => recorder.run(s));
  group.spawn((s) =>
    keepCorefile(
      {
        cache: own,
        clock,
        log,
        server,
        compile: groupPatterns,
        fallback,
        refused(message) {
          const held = own.get(configMap, `${namespace}/${name}`);
          if (held) recorder.record(held, { type: 'Warning', reason: 'CorefileRefused', message });
        },
        publish: (places) => endpoints.publish(places),
      },
      s,
    ),
  );
  await group.join();
}
