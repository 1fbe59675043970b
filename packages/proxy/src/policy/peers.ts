import type { NetworkPolicyPeer } from '@navarch/api';
import { ascending, sha256 } from '@navarch/base';
import { compileLabelSelector, type Selector } from '@navarch/machinery';
import type { PodFacts } from './pod-facts.ts';

type Labels = Readonly<Record<string, string>>;

/** Pods that a rule names by selectors. Those that say the same have the same name, in whatever policy they stand. */
export interface Peer {
  readonly name: string;
  /** Absent: all namespaces that the selector matches. */
  readonly namespace: string | undefined;
  readonly namespaces: Selector;
  readonly pods: Selector;
}

/** Of a peer that is no block. Without a selector of namespaces it is of the policy's own; without one of pods, of all pods. */
export function peerOf({ namespaceSelector, podSelector }: NetworkPolicyPeer, ownNamespace: string): Peer {
  const namespaces = compileLabelSelector(namespaceSelector ?? {});
  const pods = compileLabelSelector(podSelector ?? {});
  const namespace = namespaceSelector ? undefined : ownNamespace;
  return { name: shortName(`${namespace ?? ''}\n${textOf(namespaces)}\n${textOf(pods)}`), namespace, namespaces, pods };
}

/** `labels` are those of the pod's namespace; undefined while nothing is known of it: only its name is then certain. */
export const isPeer = (
  { namespace, namespaces, pods }: Peer,
  pod: Pick<PodFacts, 'namespace' | 'labels'>,
  labels: Labels | undefined,
): boolean =>
  (namespace === undefined ? labels !== undefined && namespaces.matches(labels) : namespace === pod.namespace) &&
  pods.matches(pod.labels);

const textOf = ({ requirements }: Selector): string =>
  JSON.stringify(
    ascending(requirements.map(({ key, operator, values }) => JSON.stringify([key, operator, ascending([...values])]))),
  );

/** Two texts of one name would let in who may not: long enough that nobody finds them. */
export const shortName = (text: string): string =>
  Array.from(sha256(new TextEncoder().encode(text)).subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );
