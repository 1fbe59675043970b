import { canonicalAddress, type Endpoint, type EndpointSlice } from '@navarch/api';

export interface ProxyNode {
  readonly name: string;
  /** Addresses of pods on all nodes, a range or with a comma one of each family: traffic from elsewhere is masqueraded. */
  readonly clusterCidr: string;
  /** What the node's label topology.kubernetes.io/zone says. */
  readonly zone?: string | undefined;
  /** Ranges of the node's own addresses that answer for node ports; all of a family of which none is named. */
  readonly nodePortRanges?: readonly string[];
  /** Where the node's own pods are; absent: the network of pods is somebody else's. */
  readonly bridge?: string | undefined;
}

export interface Target {
  readonly address: string;
  readonly port: number;
  /** It is on this node, or nobody says where it is. */
  readonly mayBeHere: boolean;
}

/** Where packets for one port of a service may go from this node. */
export interface Reachable {
  /** Of the whole cluster, or of those nearby where all endpoints say for whom they are. */
  readonly cluster: readonly Target[];
  /** On this node. */
  readonly local: readonly Target[];
}

interface Candidate {
  readonly target: Target;
  readonly endpoint: Endpoint;
}

/**
 * Ready endpoints; where there are none, those that still serve while they end (KEP-1669). Hints count only when every
 * ready endpoint has them and some are meant for here (KEP-2433, KEP-3015): else nobody would be left, or too few.
 */
export function reachable(slices: readonly EndpointSlice[], portName: string, node: ProxyNode): Reachable {
  const all = candidates(slices, portName, node.name);
  const near = nearby(all.filter(isReady), node);
  return {
    cluster: targets(near.length > 0 ? near : all.filter(isEnding)),
    local: targets(firstOf(all.filter(({ endpoint }) => endpoint.nodeName === node.name))),
  };
}

const isReady = ({ endpoint: { conditions } }: Candidate): boolean => conditions.ready !== false;
const isEnding = ({ endpoint: { conditions } }: Candidate): boolean =>
  conditions.serving === true && conditions.terminating === true;

function firstOf(all: readonly Candidate[]): readonly Candidate[] {
  const ready = all.filter(isReady);
  return ready.length > 0 ? ready : all.filter(isEnding);
}

function candidates(slices: readonly EndpointSlice[], portName: string, nodeName: string): readonly Candidate[] {
  return slices.flatMap(({ endpoints, ports }) => {
    const port = ports?.find((p) => (p.name ?? '') === portName)?.port;
    if (port === undefined) return [];
    return (endpoints ?? []).flatMap((endpoint) => {
      const address = canonicalAddress(endpoint.addresses[0] ?? '');
      const mayBeHere = endpoint.nodeName === undefined || endpoint.nodeName === nodeName;
      return address ? [{ target: { address, port, mayBeHere }, endpoint }] : [];
    });
  });
}

/** The same node before the same zone before anywhere. */
function nearby(ready: readonly Candidate[], { name, zone }: ProxyNode): readonly Candidate[] {
  const meantFor = (
    hints: (endpoint: Endpoint) => readonly { readonly name: string }[] | undefined,
    place: string | undefined,
  ) => {
    const isHinted = ready.every(({ endpoint }) => (hints(endpoint)?.length ?? 0) > 0);
    return isHinted && place !== undefined
      ? ready.filter(({ endpoint }) => hints(endpoint)?.some((hint) => hint.name === place))
      : [];
  };
  const onNode = meantFor(({ hints }) => hints?.forNodes, name);
  if (onNode.length > 0) return onNode;
  const inZone = meantFor(({ hints }) => hints?.forZones, zone);
  return inZone.length > 0 ? inZone : ready;
}

/** Each once, in a fixed order. Pods of the node's own network share its address, and may have different ports of one name. */
function targets(found: readonly Candidate[]): readonly Target[] {
  const unique = new Map<string, Target>();
  for (const { target } of found) {
    const key = `${target.address}:${target.port}`;
    // Two slices may say different things of one.
    unique.set(key, { ...target, mayBeHere: target.mayBeHere || unique.get(key)?.mayBeHere === true });
  }
  return [...unique.values()].sort((a, b) =>
    a.address === b.address ? a.port - b.port : a.address < b.address ? -1 : 1,
  );
}
