import { canonicalAddress, isSidecar, isTerminal, type Pod } from '@navarch/api';
import { keyOf } from '@navarch/machinery';

/** A pod, as far as policies ask about it. */
export interface PodFacts {
  readonly key: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** In their one form. */
  readonly addresses: readonly string[];
  /** Numbers of named ports, by `tcp/NAME`. */
  readonly ports: Readonly<Record<string, number>>;
  /** It runs on this node: its packets are judged here. */
  readonly isLocal: boolean;
  /** Of pods that say that they have one address the one with the greater rank has it. */
  readonly rank: string;
}

export interface Claim {
  readonly pod: Pod;
  readonly addresses: readonly string[];
}

/**
 * undefined of pods that policies say nothing about: those of the node's own network, those that are over (their address
 * may be another's by now), and those that have no address yet. What this node's kubelet claims for a pod is newer than
 * what the API has of it.
 */
export function podFacts(pod: Pod, nodeName: string, claim?: Claim): PodFacts | undefined {
  const { metadata, spec, status } = pod;
  if (spec.hostNetwork || isTerminal(pod)) return undefined;
  const said = claim?.addresses ?? status.podIPs?.map(({ ip }) => ip) ?? (status.podIP ? [status.podIP] : []);
  const addresses = said.flatMap((address) => canonicalAddress(address) ?? []);
  if (addresses.length === 0) return undefined;
  return {
    key: keyOf(pod),
    namespace: metadata.namespace ?? '',
    labels: metadata.labels ?? {},
    addresses,
    ports: namedPorts(pod),
    isLocal: claim !== undefined || spec.nodeName === nodeName,
    rank: `${claim ? 1 : 0} ${metadata.creationTimestamp ?? ''} ${metadata.uid ?? ''}`,
  };
}

/** Of two of one name the first counts, as for services. */
function namedPorts({ spec }: Pod): Readonly<Record<string, number>> {
  const containers = [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)];
  const named = containers.flatMap(({ ports = [] }) =>
    ports.flatMap(({ name, protocol = 'TCP', containerPort }) =>
      name ? [[`${protocol.toLowerCase()}/${name}`, containerPort] as const] : [],
    ),
  );
  return Object.fromEntries(named.toReversed());
}
