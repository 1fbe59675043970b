import type { Endpoint, EndpointSlice, Service, ServicePort } from '@navarch/api';
import { numberOf } from './number-of.ts';
import type { Packet } from './service-kernel.ts';

// What the API says that services mean, written down as it is said there: slow, and without anything of the engine.

export interface Cluster {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
  readonly node: string;
  readonly zone: string | undefined;
  readonly nodeAddresses: readonly string[];
  /** Of those that answer for node ports; where a family has none, all of it. */
  readonly nodePortRanges: readonly string[];
  /** Whether it is one of a pod on the node's own bridge. */
  isOnBridge(address: string): boolean;
  /** Of pods, by family. */
  readonly ranges: Readonly<Record<'ip' | 'ip6', string>>;
}

export interface Expected {
  /** `ADDRESS PORT` of each that may answer, each as likely as any other; or `drop`, `reject`, or where it was sent to. */
  readonly to: readonly string[];
  /** Whether the sender is hidden from that one. */
  isMasqueraded(to: string): boolean;
  /** How long it stays with the one that answered first. */
  readonly seconds: number | undefined;
}

type How = 'own' | 'balanced' | 'external' | 'nodePort';
interface Meant {
  readonly service: Service;
  readonly port: ServicePort;
  readonly how: How;
}

export function expected(cluster: Cluster, packet: Packet): Expected {
  const { from, to } = packet;
  const isNode = cluster.nodeAddresses.includes(from);
  const isPod = isInside(from, cluster.ranges[packet.family]);
  const meant = meantBy(cluster, packet);
  const leavesCluster = (end: string): boolean => {
    const [address = ''] = end.split(' ');
    return isPod && !isInside(address, cluster.ranges[packet.family]) && !cluster.nodeAddresses.includes(address);
  };
  if (!meant) return { to: [`${to} ${packet.port}`], isMasqueraded: leavesCluster, seconds: undefined };
  const { service, port, how } = meant;
  const { spec } = service;
  const nobody = (verdict: string): Expected => ({ to: [verdict], isMasqueraded: () => false, seconds: undefined });
  const all = endpointsOf(cluster, packet, service, port);
  const cluster_ = usable(all, cluster);
  const local = servingOf(all.filter(({ endpoint }) => endpoint.nodeName === cluster.node));
  const isOutside = how !== 'own';
  const isLocalOnly = isOutside
    ? spec.externalTrafficPolicy === 'Local' && !isNode && !isPod
    : spec.internalTrafficPolicy === 'Local';
  const ends = isLocalOnly ? local : cluster_;
  const ranges = (spec.loadBalancerSourceRanges ?? [])
    .map((range) => range.trim())
    .filter((range) => range.includes(':') === (packet.family === 'ip6'));
  if (how === 'balanced' && ranges.length > 0 && !ranges.some((range) => isInside(from, range))) return nobody('drop');
  if (ends.length === 0) return nobody(cluster_.length > 0 ? 'drop' : 'reject');
  const isHidden =
    isOutside && spec.externalTrafficPolicy !== 'Local' ? true : isLocalOnly && isOutside ? false : !isPod;
  return {
    to: [...new Set(ends.map(({ address, number }) => `${address} ${number}`))],
    isMasqueraded: (end) => {
      const [address = ''] = end.split(' ');
      // A pod answers whatever address its own node has.
      if (isNode && cluster.isOnBridge(address)) return false;
      return isHidden || address === from || leavesCluster(end);
    },
    seconds:
      spec.sessionAffinity === 'ClientIP'
        ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800)
        : undefined,
  };
}

const ORDER: readonly How[] = ['own', 'balanced', 'external', 'nodePort'];

/** The best claim; of two that are alike the older service's. */
function meantBy(cluster: Cluster, packet: Packet): Meant | undefined {
  const claims = cluster.services.flatMap((service): readonly Meant[] => {
    const { spec, status } = service;
    if (spec.type === 'ExternalName' || !spec.clusterIP || spec.clusterIP === 'None') return [];
    const own = spec.clusterIPs ?? [spec.clusterIP];
    const isServed = own.some((address) => address.includes(':') === (packet.family === 'ip6'));
    if (!isServed) return [];
    const balanced = (status.loadBalancer.ingress ?? []).filter(({ ipMode }) => ipMode !== 'Proxy');
    return (spec.ports ?? []).flatMap((port): readonly Meant[] => {
      if ((port.protocol ?? 'TCP').toLowerCase() !== packet.protocol) return [];
      const ranges = cluster.nodePortRanges.filter((range) => range.includes(':') === packet.to.includes(':'));
      const isNodePort =
        port.nodePort === packet.port &&
        cluster.nodeAddresses.includes(packet.to) &&
        (ranges.length === 0 || ranges.some((range) => isInside(packet.to, range)));
      const isThere = (addresses: readonly (string | undefined)[]): boolean =>
        port.port === packet.port && addresses.some((address) => address !== undefined && isSame(address, packet.to));
      const ways: Readonly<Record<How, boolean>> = {
        own: isThere(own),
        balanced: isThere(balanced.map(({ ip }) => ip)),
        external: isThere(spec.externalIPs ?? []),
        nodePort: isNodePort,
      };
      return ORDER.filter((how) => ways[how]).map((how) => ({ service, port, how }));
    });
  });
  const ageOf = ({ service: { metadata } }: Meant): string =>
    `${metadata.creationTimestamp} ${metadata.namespace}/${metadata.name}`;
  return claims.toSorted((a, b) => ORDER.indexOf(a.how) - ORDER.indexOf(b.how) || (ageOf(a) < ageOf(b) ? -1 : 1))[0];
}

interface End {
  readonly address: string;
  readonly number: number;
  readonly endpoint: Endpoint;
}

function endpointsOf({ slices }: Cluster, { family }: Packet, service: Service, port: ServicePort): readonly End[] {
  const ends: End[] = [];
  for (const { metadata, addressType, ports, endpoints } of slices) {
    if (metadata.namespace !== service.metadata.namespace) continue;
    if (metadata.labels?.['kubernetes.io/service-name'] !== service.metadata.name) continue;
    if (addressType !== (family === 'ip' ? 'IPv4' : 'IPv6')) continue;
    const number = ports?.find(({ name = '' }) => name === (port.name ?? ''))?.port;
    if (number === undefined) continue;
    for (const endpoint of endpoints ?? []) ends.push({ address: endpoint.addresses[0] ?? '', number, endpoint });
  }
  return ends;
}

const isReady = ({ endpoint }: End): boolean => endpoint.conditions.ready !== false;

/** Ready ones, else those that end and still serve. */
function servingOf(ends: readonly End[]): readonly End[] {
  const ready = ends.filter(isReady);
  if (ready.length > 0) return ready;
  return ends.filter(({ endpoint: { conditions } }) => conditions.serving === true && conditions.terminating === true);
}

/** Of the whole cluster: hints are followed when each ready endpoint has some, and some are for here. */
function usable(ends: readonly End[], { node, zone }: Cluster): readonly End[] {
  const ready = ends.filter(isReady);
  if (ready.length === 0) return servingOf(ends);
  for (const [field, here] of [
    ['forNodes', node],
    ['forZones', zone],
  ] as const) {
    if (here === undefined || ready.some(({ endpoint }) => !endpoint.hints?.[field]?.length)) continue;
    const near = ready.filter(({ endpoint }) => endpoint.hints?.[field]?.some(({ name }) => name === here));
    if (near.length > 0) return near;
  }
  return ready;
}

const isSame = (a: string, b: string): boolean => a.includes(':') === b.includes(':') && numberOf(a) === numberOf(b);

function isInside(address: string, cidr: string): boolean {
  const [network = '', length = ''] = cidr.split('/');
  if (network.includes(':') !== address.includes(':')) return false;
  const size = 2n ** BigInt((address.includes(':') ? 128 : 32) - Number(length));
  const first = (numberOf(network) / size) * size;
  return numberOf(address) >= first && numberOf(address) < first + size;
}
