import type { NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPort } from '@navarch/api';
import { compileLabelSelector, type Selector } from '@navarch/machinery';
import type { Family } from '../families.ts';
import { rangesOf } from './blocks.ts';
import { type Peer, peerOf, shortName } from './peers.ts';

export type Direction = 'ingress' | 'egress';
export const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];

/** A port that pods give a name: a set of address and number for each name that policies use. */
export interface NamedPort {
  readonly protocol: string;
  readonly name: string;
}

/** What a policy lets through in one direction: a chain of its own, which all pods share that it selects. */
export interface Side {
  readonly chain: string;
  readonly rules: readonly string[];
  /** What the rules read the addresses of. */
  readonly peers: readonly Peer[];
  readonly namedPorts: readonly NamedPort[];
}

export interface CompiledPolicy {
  readonly key: string;
  readonly namespace: string;
  readonly pods: Selector;
  /** The directions in which it isolates the pods that it selects. */
  readonly sides: Readonly<Partial<Record<Direction, Side>>>;
}

/** Where a packet goes that may leave its pod, and where one goes that may arrive as well. */
export const ARRIVING = 'arriving';
const PASSED: Readonly<Record<Direction, string>> = { ingress: 'accept', egress: `goto ${ARRIVING}` };

export const peerSet = ({ name }: Peer, { mark }: Family): string => `pods${mark}-${name}`;
export const portSet = ({ protocol, name }: NamedPort, { mark }: Family): string => `port${mark}-${protocol}-${name}`;

/** Pure: a policy's rules depend on nothing but the policy. Which addresses its peers have is in sets that the rules name. */
export function compilePolicy({ metadata, spec }: NetworkPolicy, families: readonly Family[]): CompiledPolicy {
  const namespace = metadata.namespace ?? '';
  const types = spec.policyTypes ?? (spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']);
  const common = { namespace, name: metadata.name, families };
  return {
    key: `${namespace}/${metadata.name}`,
    namespace,
    pods: compileLabelSelector(spec.podSelector),
    sides: {
      ...(types.includes('Ingress')
        ? { ingress: sideOf('ingress', common, (spec.ingress ?? []).map(fromIngress)) }
        : {}),
      ...(types.includes('Egress') ? { egress: sideOf('egress', common, (spec.egress ?? []).map(fromEgress)) } : {}),
    },
  };
}

/** A rule of either direction. */
interface Rule {
  readonly peers: NetworkPolicyIngressRule['from'];
  readonly ports: readonly NetworkPolicyPort[];
}
const fromIngress = ({ from, ports = [] }: NetworkPolicyIngressRule): Rule => ({ peers: from, ports });
const fromEgress = ({ to, ports = [] }: NetworkPolicyEgressRule): Rule => ({ peers: to, ports });

interface Common {
  readonly namespace: string;
  readonly name: string;
  readonly families: readonly Family[];
}

function sideOf(direction: Direction, { namespace, name, families }: Common, rules: readonly Rule[]): Side {
  const peers = new Map<string, Peer>();
  const namedPorts = new Map<string, NamedPort>();
  const texts = rules.flatMap((rule) => {
    const selected = (rule.peers ?? []).filter(({ ipBlock }) => !ipBlock).map((peer) => peerOf(peer, namespace));
    const named = rule.ports.flatMap(namedPortOf);
    for (const peer of selected) peers.set(peer.name, peer);
    for (const port of named) namedPorts.set(`${port.protocol}/${port.name}`, port);
    return families.flatMap((family) => {
      const places = rule.peers?.length
        ? placesOf(rule, selected, direction, family)
        : [`meta nfproto ${family.name.toLowerCase()}`];
      const ports = rule.ports.length > 0 ? [...numbersOf(rule.ports), ...namesOf(named, family)] : [''];
      return places.flatMap((place) =>
        ports.map((port) => `${place} ${port === '' ? '' : `${port} `}${PASSED[direction]}`),
      );
    });
  });
  return {
    chain: policyChain(direction, namespace, name),
    rules: [...new Set(texts)],
    peers: [...peers.values()],
    namedPorts: [...namedPorts.values()],
  };
}

function placesOf(
  { peers = [] }: Rule,
  selected: readonly Peer[],
  direction: Direction,
  family: Family,
): readonly string[] {
  const field = `${family.protocol} ${direction === 'ingress' ? 'saddr' : 'daddr'}`;
  const ranges = rangesOf(
    peers.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock] : [])),
    family.name,
  );
  return [
    ...selected.map((peer) => `${field} @${peerSet(peer, family)}`),
    ...(ranges.length > 0 ? [`${field} { ${ranges.join(', ')} }`] : []),
  ];
}

const protocolOf = ({ protocol = 'TCP' }: NetworkPolicyPort): string => protocol.toLowerCase();

function namedPortOf(port: NetworkPolicyPort): readonly NamedPort[] {
  return typeof port.port === 'string' ? [{ protocol: protocolOf(port), name: port.port }] : [];
}

/** One condition for each protocol, however many numbers. */
function numbersOf(ports: readonly NetworkPolicyPort[]): readonly string[] {
  return [...new Set(ports.map(protocolOf))].flatMap((protocol) => {
    const own = ports.filter((port) => protocolOf(port) === protocol);
    if (own.some(({ port }) => port === undefined)) return [`meta l4proto ${protocol}`];
    const ranges = own.flatMap(({ port, endPort }) =>
      typeof port === 'number' ? [[port, endPort ?? port] as const] : [],
    );
    const texts = joined(ranges).map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
    return texts.length > 0 ? [`${protocol} dport { ${texts.join(', ')} }`] : [];
  });
}

/** The kernel's sets take no ranges that overlap. */
function joined(ranges: readonly (readonly [first: number, last: number])[]): readonly (readonly [number, number])[] {
  const apart: (readonly [number, number])[] = [];
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const before = apart.at(-1);
    if (!before || first > before[1] + 1) apart.push([first, last]);
    else apart[apart.length - 1] = [before[0], Math.max(before[1], last)];
  }
  return apart;
}

/** The pod that a packet is for says which number it means by a name, in both directions. */
const namesOf = (ports: readonly NamedPort[], family: Family): readonly string[] =>
  ports.map((port) => `${family.protocol} daddr . ${port.protocol} dport @${portSet(port, family)}`);

const CHAIN_NAME_MAX = 200;
const WORDS: Readonly<Record<Direction, string>> = { ingress: 'in', egress: 'out' };

/** Names of objects have no slash, so that none is another's; two slashes stand before what is shortened. */
function policyChain(direction: Direction, namespace: string, name: string): string {
  const text = `${WORDS[direction]}/${namespace}/${name}`;
  return text.length <= CHAIN_NAME_MAX ? text : `${WORDS[direction]}/${namespace}//${shortName(text)}`;
}

/** Of all pods that the same policies select: what none of them lets through goes nowhere. */
export const isolatedChain = (direction: Direction, policies: readonly string[]): string =>
  `isolated-${WORDS[direction]}-${shortName(policies.join('\n'))}`;
