import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, Pod } from '@navarch/api';

// What the API says that policies mean, written down as it is said there: slow, and without anything of the engine.

export interface Cluster {
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly pods: readonly Pod[];
  readonly policies: readonly NetworkPolicy[];
}

export interface Question {
  readonly from: string;
  readonly to: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'icmp';
  readonly port: number;
}

/** The pod that an address is of: not one of its node's network nor one that is over; the newest of several. */
export function podAt({ pods }: Cluster, address: string): Pod | undefined {
  return pods
    .filter(
      ({ spec, status }) =>
        !spec.hostNetwork &&
        status.phase !== 'Succeeded' &&
        status.phase !== 'Failed' &&
        status.podIPs?.some(({ ip }) => ip === address),
    )
    .toSorted((a, b) => (ageOf(a) < ageOf(b) ? 1 : -1))[0];
}
const ageOf = ({ metadata }: Pod): string => `${metadata.creationTimestamp} ${metadata.uid}`;

export function mayLeave(cluster: Cluster, question: Question): boolean {
  const pod = podAt(cluster, question.from);
  const isolating = pod ? selecting(cluster, pod, 'Egress') : [];
  if (question.from === question.to || isolating.length === 0) return true;
  return isolating.some((policy) =>
    (policy.spec.egress ?? []).some(
      ({ to, ports }) =>
        anyOf(to, (peer) => isPeer(cluster, policy, peer, question.to)) &&
        anyOf(ports, (port) => isPort(cluster, port, question)),
    ),
  );
}

export function mayArrive(cluster: Cluster, question: Question): boolean {
  const pod = podAt(cluster, question.to);
  const isolating = pod ? selecting(cluster, pod, 'Ingress') : [];
  if (question.from === question.to || isolating.length === 0) return true;
  return isolating.some((policy) =>
    (policy.spec.ingress ?? []).some(
      ({ from, ports }) =>
        anyOf(from, (peer) => isPeer(cluster, policy, peer, question.from)) &&
        anyOf(ports, (port) => isPort(cluster, port, question)),
    ),
  );
}

/** Without a list everything is meant. */
const anyOf = <T>(list: readonly T[] | undefined, holds: (one: T) => boolean): boolean =>
  list === undefined || list.length === 0 || list.some(holds);

const selecting = ({ policies }: Cluster, pod: Pod, type: 'Ingress' | 'Egress'): readonly NetworkPolicy[] =>
  policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.metadata.namespace &&
      matches(spec.podSelector, pod.metadata.labels ?? {}) &&
      (spec.policyTypes ? spec.policyTypes.includes(type) : type === 'Ingress' || (spec.egress ?? []).length > 0),
  );

function isPeer(cluster: Cluster, { metadata }: NetworkPolicy, peer: NetworkPolicyPeer, address: string): boolean {
  if (peer.ipBlock) {
    const { cidr, except = [] } = peer.ipBlock;
    return isInside(address, cidr) && !except.some((hole) => isInside(address, hole));
  }
  const pod = podAt(cluster, address);
  if (!pod) return false;
  const labels = cluster.namespaces[pod.metadata.namespace ?? ''];
  const isNamespace = peer.namespaceSelector
    ? labels !== undefined && matches(peer.namespaceSelector, labels)
    : pod.metadata.namespace === metadata.namespace;
  return isNamespace && (!peer.podSelector || matches(peer.podSelector, pod.metadata.labels ?? {}));
}

function isPort(cluster: Cluster, { protocol = 'TCP', port, endPort }: NetworkPolicyPort, question: Question): boolean {
  if (protocol.toLowerCase() !== question.protocol) return false;
  if (port === undefined) return true;
  if (typeof port === 'number') return question.port >= port && question.port <= (endPort ?? port);
  const named = (podAt(cluster, question.to)?.spec.containers ?? [])
    .flatMap(({ ports }) => ports ?? [])
    .find((own) => own.name === port && (own.protocol ?? 'TCP') === protocol);
  return named?.containerPort === question.port;
}

type LabelSelector = NetworkPolicy['spec']['podSelector'];

function matches(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  for (const [key, value] of Object.entries(matchLabels)) if (labels[key] !== value) return false;
  for (const { key, operator, values = [] } of matchExpressions) {
    const value = labels[key];
    if (operator === 'In' && (value === undefined || !values.includes(value))) return false;
    if (operator === 'NotIn' && value !== undefined && values.includes(value)) return false;
    if (operator === 'Exists' && value === undefined) return false;
    if (operator === 'DoesNotExist' && value !== undefined) return false;
  }
  return true;
}

/** By the bits, written out. */
function isInside(address: string, cidr: string): boolean {
  const [network = '', length = ''] = cidr.split('/');
  if (network.includes(':') !== address.includes(':')) return false;
  return bitsOf(address).startsWith(bitsOf(network).slice(0, Number(length)));
}

function bitsOf(address: string): string {
  if (!address.includes(':'))
    return address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  const [head = '', tail = ''] = address.split('::');
  const bits = (text: string): string =>
    text
      .split(':')
      .filter((group) => group !== '')
      .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0'))
      .join('');
  const [before, after] = [bits(head), bits(tail)];
  return `${before}${'0'.repeat(128 - before.length - after.length)}${after}`;
}
