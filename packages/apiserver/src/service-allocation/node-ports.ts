import { service, type Service } from '@navarch/api';
import type { Random } from '@navarch/base';
import { Field, internalError, invalid, type Mutable } from '@navarch/machinery';
import { type Band, freePlace, reservedOf } from './free-place.ts';
import { type Holdings, portName } from './holdings.ts';

const PORT_BAND: Band = { min: 16, max: 128, share: 32 };

export interface NodePorts {
  /** First and last node port. */
  readonly range: readonly [first: number, last: number];
  readonly holdings: Holdings;
  readonly random: Random;
}

const opensPorts = ({ spec }: Mutable<Service>): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);

const checksHealth = ({ spec }: Mutable<Service>): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

/** Gives a service the ports of nodes that it needs, and holds them. Throws StatusError when it cannot. */
export function allocatePorts(draft: Mutable<Service>, previous: Service | undefined, ports: NodePorts): void {
  claimPorts(draft, ports);
  if (opensPorts(draft)) openPorts(draft, previous, ports);
  if (checksHealth(draft)) healthPort(draft, ports);
}

/** Those that are asked for by number. */
function claimPorts(draft: Mutable<Service>, { range: [first, last], holdings }: NodePorts): void {
  const { uid, name } = draft.metadata;
  if (draft.spec.type !== 'NodePort' && draft.spec.type !== 'LoadBalancer') return;
  const at = new Field('spec.ports');
  // Only the first one that cannot be had is told of.
  draft.spec.ports?.forEach(({ nodePort }, i) => {
    if (!nodePort || at.errors.length > 0) return;
    const here = at.index(i).at('nodePort');
    if (nodePort < first || nodePort > last)
      here.invalid(nodePort, `provided port is not in the valid range. The range of valid ports is ${first}-${last}`);
    else if (holdings.isTakenFrom(uid, portName(nodePort)))
      here.invalid(nodePort, 'provided port is already allocated');
  });
  if (at.errors.length > 0) throw invalid(service, name, at.errors);
  for (const { nodePort } of draft.spec.ports ?? []) if (nodePort) holdings.hold(uid, portName(nodePort));
}

function openPorts(draft: Mutable<Service>, previous: Service | undefined, ports: NodePorts): void {
  const { uid } = draft.metadata;
  const own = new Set((draft.spec.ports ?? []).map(({ nodePort }) => nodePort));
  for (const port of draft.spec.ports ?? []) {
    if (port.nodePort) continue;
    // One number for all protocols of a port, where the service is new.
    const same = draft.spec.ports?.find(
      (other) => other.port === port.port && other.protocol !== port.protocol && other.nodePort,
    );
    port.nodePort = (previous ? undefined : same?.nodePort) ?? freePort(uid, ports, (number) => own.has(number));
    own.add(port.nodePort);
    ports.holdings.hold(uid, portName(port.nodePort));
  }
}

/** Where balancers ask whether a node has endpoints. */
function healthPort(draft: Mutable<Service>, ports: NodePorts): void {
  const {
    metadata: { uid },
    spec,
  } = draft;
  const {
    range: [first, last],
    holdings,
  } = ports;
  const asked = spec.healthCheckNodePort;
  const refuse = (why: string) =>
    internalError(new Error(`failed to allocate requested HealthCheck NodePort ${asked}: ${why}`));
  if (asked && (asked < first || asked > last))
    throw refuse(`provided port is not in the valid range. The range of valid ports is ${first}-${last}`);
  if (asked && holdings.isTakenFrom(uid, portName(asked))) throw refuse('provided port is already allocated');
  const own = new Set(draft.spec.ports?.map(({ nodePort }) => nodePort));
  spec.healthCheckNodePort = asked || freePort(uid, ports, (number) => own.has(number));
  holdings.hold(uid, portName(spec.healthCheckNodePort));
}

function freePort(
  uid: string,
  { range: [first, last], holdings, random }: NodePorts,
  isOwn: (port: number) => boolean,
): number {
  const count = last - first + 1;
  const isTaken = (place: number): boolean =>
    isOwn(first + place) || holdings.isTakenFrom(uid, portName(first + place));
  const place = freePlace(count, reservedOf(count, PORT_BAND), isTaken, random);
  if (place === undefined) throw internalError(new Error('failed to allocate a nodePort: range is full'));
  return first + place;
}
