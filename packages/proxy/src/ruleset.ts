import type { EndpointSlice, Service, ServicePort } from '@navarch/api';
import { type ProxyNode, type Reachable, reachable, type Target } from './reachable.ts';
import { groupSlices } from './slices.ts';

/** What packets for services are turned into, as data: what the kernel is told is made from it alone. */
export interface Ruleset {
  /** Chains by name, each a list of rules in nft's words. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** `ADDRESS . PROTOCOL . PORT` of every cluster IP -> chain. */
  readonly addresses: ReadonlyMap<string, string>;
  /** `PROTOCOL . PORT` of every node port -> chain. */
  readonly nodePorts: ReadonlyMap<string, string>;
  /** Endpoints as `ADDRESS:PORT` behind every UDP entry of the two maps above: the kernel remembers flows to them. */
  readonly datagrams: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Packets that must look as if they came from this node. */
const MASQUERADE = 'meta mark set meta mark or 0x4000';

interface Building {
  readonly chains: Map<string, readonly string[]>;
  readonly addresses: Map<string, string>;
  readonly nodePorts: Map<string, string>;
  readonly datagrams: Map<string, ReadonlySet<string>>;
  readonly node: ProxyNode;
}

/** Rules for all services, from what the API holds. Pure: the same objects give the same rules. */
export function ruleset(services: Iterable<Service>, slices: Iterable<EndpointSlice>, node: ProxyNode): Ruleset {
  const building: Building = {
    chains: new Map(),
    addresses: new Map(),
    nodePorts: new Map(),
    datagrams: new Map(),
    node,
  };
  const byService = groupSlices(slices);
  for (const service of services) {
    const { spec, metadata } = service;
    if (spec.type === 'ExternalName' || !spec.clusterIP || spec.clusterIP === 'None') continue;
    const of = byService.get(`${metadata.namespace}/${metadata.name}`) ?? [];
    for (const port of spec.ports ?? []) addPort(service, port, reachable(of, port.name ?? '', node), building);
  }
  const { chains, addresses, nodePorts, datagrams } = building;
  return { chains, addresses, nodePorts, datagrams };
}

function addPort(service: Service, port: ServicePort, ends: Reachable, building: Building): void {
  const { spec, metadata } = service;
  const { addresses, nodePorts, datagrams, chains, node } = building;
  const protocol = (port.protocol ?? 'TCP').toLowerCase();
  const nameOf = (kind: string): string =>
    chainName(kind, metadata.namespace ?? '', metadata.name, `${protocol}-${port.port}`);
  const chain = (kind: string, what: Omit<ServiceChain, 'name' | 'protocol' | 'service'>): string => {
    const name = nameOf(kind);
    chains.set(name, serviceChain({ ...what, name, protocol, service }, building));
    return name;
  };
  const lead = (map: Map<string, string>, place: string, to: string, reached: readonly Target[]): void => {
    map.set(place, to);
    if (protocol === 'udp') datagrams.set(place, new Set(reached.map((end) => `${end.address}:${end.port}`)));
  };
  const fromOutside = [`ip saddr != ${node.clusterCidr} ${MASQUERADE}`];
  const isElsewhere = ends.cluster.length > 0;
  const staysInside = spec.internalTrafficPolicy === 'Local';
  const internal = staysInside ? ends.local : ends.cluster;
  const own = chain('svc', { ends: internal, isElsewhere, first: fromOutside });
  if (spec.clusterIP?.includes('.')) lead(addresses, `${spec.clusterIP} . ${protocol} . ${port.port}`, own, internal);
  const others = (spec.externalIPs ?? []).filter(isIpv4);
  // A balancer that is a proxy wants packets that are meant for it to reach it (KEP-1860).
  const balanced = (service.status.loadBalancer.ingress ?? []).flatMap(({ ip, ipMode }) =>
    ip && isIpv4(ip) && ipMode !== 'Proxy' ? [ip] : [],
  );
  if (!port.nodePort && others.length === 0 && balanced.length === 0) return;
  const isLocal = spec.externalTrafficPolicy === 'Local';
  const all =
    isLocal && staysInside && isElsewhere ? chain('all', { ends: ends.cluster, isElsewhere, first: fromOutside }) : own;
  // Who comes from outside is answered by the node it came to, unless only pods of that node may answer; who is inside
  // already (a pod, the node itself) is no matter of that.
  const first = !isLocal
    ? [MASQUERADE]
    : isElsewhere
      ? [`ip saddr ${node.clusterCidr} goto ${all}`, `fib saddr type local goto ${all}`]
      : [];
  const external = chain('ext', { ends: isLocal ? ends.local : ends.cluster, isElsewhere, first });
  const reached = isLocal ? [...ends.local, ...ends.cluster] : ends.cluster;
  for (const address of others) lead(addresses, `${address} . ${protocol} . ${port.port}`, external, reached);
  const ranges = (spec.loadBalancerSourceRanges ?? []).map((range) => range.trim()).filter(isIpv4);
  const guarded = ranges.length > 0 && balanced.length > 0 ? nameOf('fw') : external;
  if (guarded !== external) chains.set(guarded, [`ip saddr { ${ranges.join(', ')} } goto ${external}`, 'drop']);
  for (const address of balanced) lead(addresses, `${address} . ${protocol} . ${port.port}`, guarded, reached);
  if (port.nodePort) lead(nodePorts, `${protocol} . ${port.nodePort}`, external, reached);
}

const isIpv4 = (text: string): boolean => text.includes('.');

interface ServiceChain {
  readonly name: string;
  readonly ends: readonly Target[];
  /** Others have endpoints: packets are dropped, so that whoever sends them finds the way there. */
  readonly isElsewhere: boolean;
  /** Rules before an endpoint is chosen. */
  readonly first: readonly string[];
  readonly protocol: string;
  readonly service: Service;
}

/** Each endpoint is as likely as any other. */
function serviceChain(
  { name, ends, isElsewhere, first, protocol, service }: ServiceChain,
  { chains }: Building,
): readonly string[] {
  if (ends.length === 0)
    return isElsewhere
      ? [...first.filter((rule) => rule.includes(' goto ')), 'drop']
      : ['reject with icmpx type port-unreachable'];
  const rules = [...first];
  const endNames = ends.map((end) => endpointChain(name, end, protocol, service, chains));
  const { sessionAffinity, sessionAffinityConfig } = service.spec;
  if (sessionAffinity === 'ClientIP') {
    const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
    for (const end of endNames) rules.push(`ip saddr @${affinitySet(end, seconds)} goto ${end}`);
  }
  rules.push(
    ends.length === 1
      ? `goto ${endNames[0]}`
      : `numgen random mod ${ends.length} vmap { ${endNames.map((end, i) => `${i} : goto ${end}`).join(', ')} }`,
  );
  return rules;
}

/** Sets are named with their timeout, so that a changed timeout is a new set. */
const affinitySet = (endpoint: string, seconds: number): string => `aff-${seconds}-${endpoint}`;

function endpointChain(
  serviceName: string,
  { address, port }: Target,
  protocol: string,
  service: Service,
  chains: Map<string, readonly string[]>,
): string {
  const name = chainName(
    'ep',
    '',
    serviceName.replace(/^(?:svc|ext|all)-/, ''),
    `${address.replaceAll('.', '-')}-${port}`,
  );
  const { sessionAffinity, sessionAffinityConfig } = service.spec;
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
  chains.set(name, [
    // A pod that reaches itself through its service must see another source.
    `ip saddr ${address} ${MASQUERADE}`,
    ...(sessionAffinity === 'ClientIP' ? [`update @${affinitySet(name, seconds)} { ip saddr }`] : []),
    `meta l4proto ${protocol} dnat ip to ${address}:${port}`,
  ]);
  return name;
}

const NAME_MAX = 100;

/** Chain names say what they are for; long ones end in a digest instead. */
function chainName(kind: string, namespace: string, name: string, rest: string): string {
  const text = [kind, namespace, name, rest]
    .filter((part) => part !== '')
    .join('-')
    .replaceAll('.', '_');
  if (text.length <= NAME_MAX) return text;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return `${text.slice(0, NAME_MAX - 9)}-${(hash >>> 0).toString(16)}`;
}
