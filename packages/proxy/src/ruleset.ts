import type { EndpointSlice, Service } from '@navarch/api';

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

export interface ProxyNode {
  readonly name: string;
  /** Addresses of pods on all nodes: traffic from elsewhere is masqueraded. */
  readonly clusterCidr: string;
}

interface Target {
  readonly address: string;
  readonly port: number;
}

const SERVICE_NAME = 'kubernetes.io/service-name';
/** Packets that must look as if they came from this node. */
const MASQUERADE_MARK = '0x4000';

/** Rules for all services, from what the API holds. Pure: the same objects give the same rules. */
export function ruleset(services: Iterable<Service>, slices: Iterable<EndpointSlice>, node: ProxyNode): Ruleset {
  const chains = new Map<string, readonly string[]>();
  const addresses = new Map<string, string>();
  const nodePorts = new Map<string, string>();
  const datagrams = new Map<string, ReadonlySet<string>>();
  const byService = groupSlices(slices);
  for (const service of services) {
    const { spec, metadata } = service;
    if (spec.type === 'ExternalName' || !spec.clusterIP || spec.clusterIP === 'None') continue;
    const of = byService.get(`${metadata.namespace}/${metadata.name}`) ?? [];
    for (const port of spec.ports ?? []) {
      const protocol = (port.protocol ?? 'TCP').toLowerCase();
      const lead = (map: Map<string, string>, place: string, chain: string, ends: readonly Target[]): void => {
        map.set(place, chain);
        if (protocol === 'udp') datagrams.set(place, new Set(ends.map((end) => `${end.address}:${end.port}`)));
      };
      const all = targets(of, port.name ?? '', node, false);
      const local = targets(of, port.name ?? '', node, true);
      const name = chainName('svc', metadata.namespace ?? '', metadata.name, `${protocol}-${port.port}`);
      const internal = spec.internalTrafficPolicy === 'Local' ? local : all;
      chains.set(name, serviceChain(name, internal, protocol, service, node, chains, true));
      lead(addresses, `${spec.clusterIP} . ${protocol} . ${port.port}`, name, internal);
      const outside = [...(spec.externalIPs ?? []), ...(service.status.loadBalancer.ingress ?? []).flatMap(({ ip }) => (ip?.includes('.') ? [ip] : []))];
      if (!port.nodePort && outside.length === 0) continue;
      // Who comes from outside is answered by the node it came to, unless only pods of that node may answer.
      const isLocal = spec.externalTrafficPolicy === 'Local';
      const external = chainName('ext', metadata.namespace ?? '', metadata.name, `${protocol}-${port.port}`);
      const chosen = isLocal ? local : all;
      chains.set(external, serviceChain(external, chosen, protocol, service, node, chains, !isLocal, !isLocal));
      for (const address of outside) lead(addresses, `${address} . ${protocol} . ${port.port}`, external, chosen);
      if (port.nodePort) lead(nodePorts, `${protocol} . ${port.nodePort}`, external, chosen);
    }
  }
  return { chains, addresses, nodePorts, datagrams };
}

function groupSlices(slices: Iterable<EndpointSlice>): ReadonlyMap<string, readonly EndpointSlice[]> {
  const groups = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const name = slice.metadata.labels?.[SERVICE_NAME];
    if (!name || slice.addressType !== 'IPv4') continue;
    const key = `${slice.metadata.namespace}/${name}`;
    const list = groups.get(key);
    if (list) list.push(slice);
    else groups.set(key, [slice]);
  }
  return groups;
}

/** Ready endpoints; when there are none, those that still serve while they end (KEP-1669). */
function targets(slices: readonly EndpointSlice[], portName: string, node: ProxyNode, onlyLocal: boolean): readonly Target[] {
  const ready = new Map<string, Target>();
  const serving = new Map<string, Target>();
  for (const { endpoints, ports } of slices) {
    const port = ports?.find((p) => (p.name ?? '') === portName)?.port;
    if (port === undefined) continue;
    for (const { addresses: [address], conditions, nodeName } of endpoints ?? []) {
      if (address === undefined || (onlyLocal && nodeName !== node.name)) continue;
      // Pods of the node's own network share its address, and may have different ports of one name.
      const key = `${address}:${port}`;
      const target = { address, port };
      if (conditions.ready !== false) ready.set(key, target);
      else if (conditions.serving && conditions.terminating) serving.set(key, target);
    }
  }
  const chosen = ready.size > 0 ? ready : serving;
  return [...chosen.values()].sort((a, b) => (a.address === b.address ? a.port - b.port : a.address < b.address ? -1 : 1));
}

function serviceChain(
  name: string, ends: readonly Target[], protocol: string, service: Service, node: ProxyNode, chains: Map<string, readonly string[]>, masqueradesOutside: boolean, always = false,
): readonly string[] {
  if (ends.length === 0) return ['reject with icmpx type port-unreachable'];
  const rules: string[] = [];
  if (always) rules.push(`meta mark set meta mark or ${MASQUERADE_MARK}`);
  else if (masqueradesOutside) rules.push(`ip saddr != ${node.clusterCidr} meta mark set meta mark or ${MASQUERADE_MARK}`);
  const endNames = ends.map((end) => endpointChain(name, end, protocol, service, chains));
  const { sessionAffinity, sessionAffinityConfig } = service.spec;
  if (sessionAffinity === 'ClientIP') {
    const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
    for (const end of endNames) rules.push(`ip saddr @${affinitySet(end, seconds)} goto ${end}`);
  }
  rules.push(ends.length === 1 ? `goto ${endNames[0]}` : `numgen random mod ${ends.length} vmap { ${endNames.map((end, i) => `${i} : goto ${end}`).join(', ')} }`);
  return rules;
}

/** Sets are named with their timeout, so that a changed timeout is a new set. */
export const affinitySet = (endpoint: string, seconds: number): string => `aff-${seconds}-${endpoint}`;

function endpointChain(serviceName: string, { address, port }: Target, protocol: string, service: Service, chains: Map<string, readonly string[]>): string {
  const name = chainName('ep', '', serviceName.replace(/^(?:svc|ext)-/, ''), `${address.replaceAll('.', '-')}-${port}`);
  const { sessionAffinity, sessionAffinityConfig } = service.spec;
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
  chains.set(name, [
    // A pod that reaches itself through its service must see another source.
    `ip saddr ${address} meta mark set meta mark or ${MASQUERADE_MARK}`,
    ...(sessionAffinity === 'ClientIP' ? [`update @${affinitySet(name, seconds)} { ip saddr }`] : []),
    `meta l4proto ${protocol} dnat ip to ${address}:${port}`,
  ]);
  return name;
}

const NAME_MAX = 100;

/** Chain names say what they are for; long ones end in a digest instead. */
function chainName(kind: string, namespace: string, name: string, rest: string): string {
  const text = [kind, namespace, name, rest].filter((part) => part !== '').join('-').replaceAll('.', '_');
  if (text.length <= NAME_MAX) return text;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return `${text.slice(0, NAME_MAX - 9)}-${(hash >>> 0).toString(16)}`;
}
