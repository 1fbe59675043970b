import { type EndpointSlice, type IpFamily, ipFamilyOf, type Service, type ServicePort } from '@navarch/api';
import { clusterCidrsOf } from './cluster-cidrs.ts';
import { digest } from './digest.ts';
import { type ProxyNode, type Reachable, reachable, type Target } from './reachable.ts';
import { groupSlices } from './slices.ts';

/** What packets for services are turned into, as data: what the kernel is told is made from it alone. */
export interface Ruleset {
  /** Chains by name, each a list of rules in nft's words. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** `ADDRESS . PROTOCOL . PORT` of every cluster IP -> chain. */
  readonly addresses: ReadonlyMap<string, string>;
  /** `PROTOCOL . PORT` of every node port -> chain, for what comes by IPv4. */
  readonly nodePorts: ReadonlyMap<string, string>;
  /** The same for what comes by IPv6. */
  readonly nodePorts6: ReadonlyMap<string, string>;
  /** Endpoints as `ADDRESS:PORT` behind every UDP entry of the two maps above: the kernel remembers flows to them. */
  readonly datagrams: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Packets that must look as if they came from this node. */
const MASQUERADE = 'meta mark set meta mark or 0x4000';

/** How nft speaks of addresses of a family; chains and sets of IPv6 have names of their own. */
interface Family {
  readonly name: IpFamily;
  readonly protocol: 'ip' | 'ip6';
  /** After the kind of a chain, in its name. */
  readonly mark: '' | '6';
  /** Addresses of pods on all nodes; absent: this family has none that are known. */
  readonly clusterCidr: string | undefined;
}

interface Building {
  readonly chains: Map<string, readonly string[]>;
  readonly addresses: Map<string, string>;
  readonly nodePorts: Map<string, string>;
  readonly datagrams: Map<string, ReadonlySet<string>>;
  readonly family: Family;
}

/** Rules for all services, from what the API holds. Pure: the same objects give the same rules. */
export function ruleset(services: Iterable<Service>, slices: Iterable<EndpointSlice>, node: ProxyNode): Ruleset {
  const rules = {
    chains: new Map<string, readonly string[]>(),
    addresses: new Map<string, string>(),
    datagrams: new Map<string, ReadonlySet<string>>(),
  };
  const nodePorts = { IPv4: new Map<string, string>(), IPv6: new Map<string, string>() };
  const [ofIpv4, ofIpv6] = [groupSlices(slices, 'IPv4'), groupSlices(slices, 'IPv6')];
  const families = familiesOf(node);
  for (const service of services) {
    const { spec, metadata } = service;
    if (spec.type === 'ExternalName' || !spec.clusterIP || spec.clusterIP === 'None') continue;
    const key = `${metadata.namespace}/${metadata.name}`;
    const own = clusterIpsOf(spec);
    for (const family of families) {
      if (!own.some((address) => ipFamilyOf(address) === family.name)) continue;
      const of = (family.name === 'IPv4' ? ofIpv4 : ofIpv6).get(key) ?? [];
      const building: Building = { ...rules, nodePorts: nodePorts[family.name], family };
      for (const port of spec.ports ?? []) addPort(service, port, reachable(of, port.name ?? '', node), building);
    }
  }
  return { ...rules, nodePorts: nodePorts.IPv4, nodePorts6: nodePorts.IPv6 };
}

function familiesOf({ clusterCidr }: ProxyNode): readonly Family[] {
  const { IPv4, IPv6 } = clusterCidrsOf(clusterCidr);
  return [
    { name: 'IPv4', protocol: 'ip', mark: '', clusterCidr: IPv4 },
    { name: 'IPv6', protocol: 'ip6', mark: '6', clusterCidr: IPv6 },
  ];
}

const clusterIpsOf = ({ clusterIP, clusterIPs }: Service['spec']): readonly string[] =>
  clusterIPs && clusterIPs.length > 0 ? clusterIPs : clusterIP ? [clusterIP] : [];

function addPort(service: Service, port: ServicePort, ends: Reachable, building: Building): void {
  const { spec, metadata } = service;
  const { addresses, nodePorts, datagrams, chains, family } = building;
  const protocol = (port.protocol ?? 'TCP').toLowerCase();
  const nameOf = (kind: string): string =>
    chainName(kind + family.mark, metadata.namespace ?? '', metadata.name, `${protocol}-${port.port}`);
  const chain = (kind: string, what: Omit<ServiceChain, 'name' | 'protocol' | 'service'>): string => {
    const name = nameOf(kind);
    chains.set(name, serviceChain({ ...what, name, protocol, service }, building));
    return name;
  };
  const lead = (map: Map<string, string>, place: string, to: string, reached: readonly Target[]): void => {
    map.set(place, to);
    // Any address of this node: of IPv6 there are other flows than of IPv4.
    const flows = map === nodePorts && family.name === 'IPv6' ? `:: . ${place}` : place;
    if (protocol === 'udp') datagrams.set(flows, new Set(reached.map((end) => `${end.address}:${end.port}`)));
  };
  const leadAll = (places: readonly string[], to: string, reached: readonly Target[]): void => {
    for (const address of places) lead(addresses, `${address} . ${protocol} . ${port.port}`, to, reached);
  };
  const ofFamily = (address: string): boolean => ipFamilyOf(address) === family.name;
  const { fromOutside, fromInside } = sources(family);
  const isElsewhere = ends.cluster.length > 0;
  const staysInside = spec.internalTrafficPolicy === 'Local';
  const internal = staysInside ? ends.local : ends.cluster;
  const own = chain('svc', { ends: internal, isElsewhere, first: fromOutside });
  leadAll(clusterIpsOf(spec).filter(ofFamily), own, internal);
  const others = (spec.externalIPs ?? []).filter(ofFamily);
  // A balancer that is a proxy wants packets that are meant for it to reach it (KEP-1860).
  const balanced = (service.status.loadBalancer.ingress ?? []).flatMap(({ ip, ipMode }) =>
    ip && ofFamily(ip) && ipMode !== 'Proxy' ? [ip] : [],
  );
  if (!port.nodePort && others.length === 0 && balanced.length === 0) return;
  const isLocal = spec.externalTrafficPolicy === 'Local';
  const all =
    isLocal && staysInside && isElsewhere ? chain('all', { ends: ends.cluster, isElsewhere, first: fromOutside }) : own;
  // Who comes from outside is answered by the node it came to, unless only pods of that node may answer; who is inside
  // already (a pod, the node itself) is no matter of that.
  const first = !isLocal ? [MASQUERADE] : isElsewhere ? fromInside.map((source) => `${source} goto ${all}`) : [];
  const external = chain('ext', { ends: isLocal ? ends.local : ends.cluster, isElsewhere, first });
  const reached = isLocal ? [...ends.local, ...ends.cluster] : ends.cluster;
  leadAll(others, external, reached);
  const ranges = (spec.loadBalancerSourceRanges ?? []).map((range) => range.trim()).filter(ofFamily);
  const guarded = ranges.length > 0 && balanced.length > 0 ? nameOf('fw') : external;
  if (guarded !== external)
    chains.set(guarded, [`${family.protocol} saddr { ${ranges.join(', ')} } goto ${external}`, 'drop']);
  leadAll(balanced, guarded, reached);
  if (port.nodePort) lead(nodePorts, `${protocol} . ${port.nodePort}`, external, reached);
}

/** Who sends, as conditions; without a known range of pods only the node itself is inside, and nobody is outside for certain. */
function sources({ protocol, clusterCidr }: Family): Readonly<Record<'fromOutside' | 'fromInside', readonly string[]>> {
  const isLocal = 'fib saddr type local';
  return clusterCidr === undefined
    ? { fromOutside: [], fromInside: [isLocal] }
    : {
        fromOutside: [`${protocol} saddr != ${clusterCidr} ${MASQUERADE}`],
        fromInside: [`${protocol} saddr ${clusterCidr}`, isLocal],
      };
}

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
  { chains, family }: Building,
): readonly string[] {
  if (ends.length === 0)
    return isElsewhere
      ? [...first.filter((rule) => rule.includes(' goto ')), 'drop']
      : ['reject with icmpx type port-unreachable'];
  const rules = [...first];
  const endNames = ends.map((end) => endpointChain({ serviceName: name, end, protocol, service }, family, chains));
  const { sessionAffinity, sessionAffinityConfig } = service.spec;
  if (sessionAffinity === 'ClientIP') {
    const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
    for (const end of endNames)
      rules.push(`${family.protocol} saddr @${affinitySet(end, seconds, family)} goto ${end}`);
  }
  rules.push(...choice(endNames));
  return rules;
}

/** More than these are looked up in a map: going through them would take a packet longer. */
const TRIED_MAX = 16;

/**
 * Each as likely as any other: the first of n with one in n, the next of what is left. A map would be one rule, but each is a
 * set of its own, and the kernel goes through all sets for each that is made: 10,000 of them take minutes.
 */
function choice(names: readonly string[]): readonly string[] {
  if (names.length > TRIED_MAX)
    return [`numgen random mod ${names.length} vmap { ${names.map((name, i) => `${i} : goto ${name}`).join(', ')} }`];
  return names.map((name, i) =>
    i === names.length - 1 ? `goto ${name}` : `numgen random mod ${names.length - i} 0 goto ${name}`,
  );
}

/** Sets are named with their timeout, so that a changed timeout is a new set. */
const affinitySet = (endpoint: string, seconds: number, { mark }: Family): string =>
  `aff${mark}-${seconds}-${endpoint}`;

interface EndpointOf {
  readonly serviceName: string;
  readonly end: Target;
  readonly protocol: string;
  readonly service: Service;
}

function endpointChain(
  { serviceName, end: { address, port }, protocol, service }: EndpointOf,
  family: Family,
  chains: Map<string, readonly string[]>,
): string {
  const place = family.name === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
  const name = chainName(
    `ep${family.mark}`,
    '',
    serviceName.replace(/^(?:svc|ext|all)6?-/, ''),
    `${address.replaceAll(/[.:]/g, '-')}-${port}`,
  );
  const { sessionAffinity, sessionAffinityConfig } = service.spec;
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
  const { protocol: ip } = family;
  chains.set(name, [
    // A pod that reaches itself through its service must see another source.
    `${ip} saddr ${address} ${MASQUERADE}`,
    ...(sessionAffinity === 'ClientIP' ? [`update @${affinitySet(name, seconds, family)} { ${ip} saddr }`] : []),
    `meta l4proto ${protocol} dnat ${ip} to ${place}`,
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
  return `${text.slice(0, NAME_MAX - 9)}-${digest(text).toString(16)}`;
}
