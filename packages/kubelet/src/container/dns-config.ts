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

type Resolver = Pick<HostFacts, 'resolvers' | 'searches' | 'resolverOptions'>;

/** The pod's resolv.conf, by its policy and what it adds (API: PodSpec.dnsPolicy, dnsConfig). */
export function dnsConfig(pod: Pod, settings: DnsSettings, host: Resolver): ResolverConfig {
  const { servers, searches, options } = wished(pod, settings, host);
  return { servers: servers.slice(0, SERVERS_MAX), searches: fitting(searches), options };
}

/** What became of a pod's wishes otherwise than it may expect: reason and message of an event each. */
export function dnsProblems(
  pod: Pod,
  settings: DnsSettings,
  host: Resolver,
): readonly (readonly [reason: string, message: string])[] {
  const { metadata, spec } = pod;
  const [all, applied] = [wished(pod, settings, host), dnsConfig(pod, settings, host)];
  const problems: (readonly [string, string])[] = [];
  const policy = policyOf(pod);
  if (settings.clusterDns === '' && policy.startsWith('ClusterFirst')) {
    const name = JSON.stringify(`${metadata.name}_${metadata.namespace}(${metadata.uid})`);
    problems.push([
      'MissingClusterDNS',
      `pod: ${name}. kubelet does not have ClusterDNS IP configured and cannot create Pod using ${JSON.stringify(spec.dnsPolicy ?? 'ClusterFirst')} policy. Falling back to "Default" policy.`,
    ]);
  }
  if (applied.servers.length < all.servers.length) {
    problems.push([
      'DNSConfigForming',
      `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${applied.servers.join(' ')}`,
    ]);
  }
  if (applied.searches.length < all.searches.length) {
    problems.push([
      'DNSConfigForming',
      `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${applied.searches.join(' ')}`,
    ]);
  }
  return problems;
}

function wished(pod: Pod, settings: DnsSettings, host: Resolver): ResolverConfig {
  const base = byPolicy(pod, settings, host);
  const { nameservers = [], searches = [], options = [] } = pod.spec.dnsConfig ?? {};
  const all = [...base.options, ...options.map(({ name = '', value }) => (value ? `${name}:${value}` : name))];
  return {
    servers: unique([...base.servers, ...nameservers]),
    searches: unique([...base.searches, ...searches]),
    // Of several options of a name the last counts.
    options: [...new Map(all.map((option) => [option.split(':')[0], option])).values()],
  };
}

/** On the host's network pods resolve as the host does, unless they say that they want the cluster's names. */
const policyOf = ({ spec }: Pod): string =>
  spec.dnsPolicy === 'ClusterFirst' && spec.hostNetwork ? 'Default' : (spec.dnsPolicy ?? 'ClusterFirst');

function byPolicy(pod: Pod, { clusterDns, clusterDomain }: DnsSettings, host: Resolver): ResolverConfig {
  const policy = policyOf(pod);
  if (policy === 'None') return { servers: [], searches: [], options: [] };
  if (policy === 'Default' || clusterDns === '')
    return { servers: host.resolvers, searches: host.searches, options: host.resolverOptions };
  const own = [`${pod.metadata.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  return { servers: [clusterDns], searches: [...own, ...host.searches], options: ['ndots:5'] };
}

const unique = (list: readonly string[]): readonly string[] => [...new Set(list.filter(Boolean))];

function fitting(searches: readonly string[]): readonly string[] {
  const kept = searches.slice(0, SEARCHES_MAX);
  while (kept.join(' ').length > SEARCH_CHARS_MAX) kept.pop();
  return kept;
}
