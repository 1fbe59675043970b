import type { Pod } from '@navarch/api';
import type { HostFacts } from '../ports.ts';

export interface DnsSettings {
  /** Address of the cluster's DNS; empty: pods use the node's resolvers. */
  readonly clusterDns: string;
  readonly clusterDomain: string;
}

export interface ResolverConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

/** What resolvers take (resolv.conf(5), KEP-2595). What is beyond is left out. */
const SERVERS_MAX = 3;
const SEARCHES_MAX = 32;
const SEARCH_CHARS_MAX = 2048;

/** The pod's resolv.conf, by its policy and what it adds (API: PodSpec.dnsPolicy, dnsConfig). */
export function dnsConfig(pod: Pod, settings: DnsSettings, host: Pick<HostFacts, 'resolvers' | 'searches' | 'resolverOptions'>): ResolverConfig {
  const base = byPolicy(pod, settings, host);
  const { nameservers = [], searches = [], options = [] } = pod.spec.dnsConfig ?? {};
  const all = [...base.options, ...options.map(({ name = '', value }) => (value ? `${name}:${value}` : name))];
  return {
    servers: unique([...base.servers, ...nameservers]).slice(0, SERVERS_MAX), searches: fitting(unique([...base.searches, ...searches])),
    // Of several options of a name the last counts.
    options: [...new Map(all.map((option) => [option.split(':')[0], option])).values()],
  };
}

function byPolicy({ spec, metadata }: Pod, { clusterDns, clusterDomain }: DnsSettings, host: Pick<HostFacts, 'resolvers' | 'searches' | 'resolverOptions'>): ResolverConfig {
  const policy = spec.dnsPolicy === 'ClusterFirst' && spec.hostNetwork ? 'Default' : (spec.dnsPolicy ?? 'ClusterFirst');
  if (policy === 'None') return { servers: [], searches: [], options: [] };
  if (policy === 'Default' || clusterDns === '') return { servers: host.resolvers, searches: host.searches, options: host.resolverOptions };
  const own = [`${metadata.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  return { servers: [clusterDns], searches: [...own, ...host.searches], options: ['ndots:5'] };
}

const unique = (list: readonly string[]): readonly string[] => [...new Set(list.filter(Boolean))];

function fitting(searches: readonly string[]): readonly string[] {
  const kept = searches.slice(0, SEARCHES_MAX);
  while (kept.join(' ').length > SEARCH_CHARS_MAX) kept.pop();
  return kept;
}
