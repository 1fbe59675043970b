import type { EndpointSlice, Service } from '@navarch/api';
import { keyOf } from '@navarch/machinery';
import { digestOf } from '../haproxy/line.ts';
import { type Gateway, GATEWAY_CONTROLLER, GROUP } from './objects.ts';
import type { OwnPort } from './translate.ts';

/** Says of a slice that it is one of a Gateway's service. */
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const SERVICE_NAME = 'kubernetes.io/service-name';
const GATEWAY_NAME = `${GROUP}/gateway-name`;
const NAME_CHARS_MAX = 63;
/** Where the engine takes what is sent to Gateways' own addresses: as many ports of Gateways as there can be. */
const PORTS = { from: 21_000, count: 2_000 } as const;

/**
 * A Gateway has an address of its own by a service of type LoadBalancer without a selector: whoever gives services addresses
 * gives it one, and its traffic comes to a port of the engine's that is that Gateway's alone. Which one is in the service's
 * slice, so that whoever serves next takes the same.
 */
export function nameOfService({ metadata, spec }: Gateway): string {
  const name = `${metadata.name}-${spec.gatewayClassName}`.replaceAll('.', '-');
  const isLabel = name.length <= NAME_CHARS_MAX && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name);
  return isLabel ? name : `gateway-${digestOf(name)}`;
}

export const isOf = (gateway: Gateway, object: Service | EndpointSlice): boolean =>
  (object.metadata.ownerReferences ?? []).some(({ uid }) => uid === gateway.metadata.uid);

const portName = (port: number): string => `port-${port}`;

/** By Gateway and port, where the engine takes its requests: what the slices say, and ports that nobody has for the others. */
export function enginePorts(
  places: readonly OwnPort[],
  slices: readonly EndpointSlice[],
  isRefused: (owner: string) => boolean,
): ReadonlyMap<OwnPort, number> {
  const held = new Map(slices.map((slice) => [keyOf(slice), slice]));
  const taken = new Set(slices.flatMap(({ ports }) => (ports ?? []).map(({ port }) => Number(port))));
  const found = new Map<OwnPort, number>();
  let next = PORTS.from;
  for (const place of places) {
    const { gateway, port } = place;
    const slice = held.get(`${gateway.metadata.namespace}/${nameOfService(gateway)}`);
    const known = slice?.ports?.find(({ name }) => name === portName(port))?.port;
    const isElsewhere = (candidate: number): boolean => isRefused(ownerOfPort(gateway, candidate));
    if (known !== undefined && !isElsewhere(Number(known))) {
      found.set(place, Number(known));
      continue;
    }
    while (taken.has(next)) next++;
    let own = next;
    while (own < PORTS.from + PORTS.count && (taken.has(own) || isElsewhere(own))) own++;
    if (own >= PORTS.from + PORTS.count) continue;
    found.set(place, own);
    taken.add(own);
  }
  return found;
}

/** Who is told where another program has the port of the engine that a Gateway was given: it gets another. */
export const ownerOfPort = (gateway: Gateway, port: number): string => `Gateway ${keyOf(gateway)} engine ${port}`;
/** The Gateway in it. */
export const gatewayOfPort = (owner: string): string => owner.replace(/ engine \d+$/, '');

export interface OwnObjects {
  readonly service: object;
  readonly slice: object;
}

/** The service of a Gateway and its slice, which sends to the machine that serves. `ports`: of the Gateway, with the engine's. */
export function objectsOf(
  gateway: Gateway,
  ports: readonly (readonly [port: number, enginePort: number])[],
  machine: string,
): OwnObjects {
  const { metadata, spec } = gateway;
  const name = nameOfService(gateway);
  const { labels = {}, annotations = {} } = spec.infrastructure ?? {};
  const shared = {
    name,
    namespace: metadata.namespace,
    ownerReferences: [
      {
        apiVersion: `${GROUP}/v1`,
        kind: 'Gateway',
        name: metadata.name,
        uid: metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
  const marks = {
    ...labels,
    ...(metadata.name && metadata.name.length <= NAME_CHARS_MAX ? { [GATEWAY_NAME]: metadata.name } : {}),
  };
  const asked = (spec.addresses ?? []).find(({ value = '' }) => value !== '')?.value;
  return {
    service: {
      metadata: { ...shared, labels: marks, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
      spec: {
        type: 'LoadBalancer',
        // Nobody comes by the ports of nodes: other Gateways do without theirs.
        allocateLoadBalancerNodePorts: false,
        ports: ports.map(([port]) => ({ name: portName(port), port, protocol: 'TCP', targetPort: port })),
        ...(asked === undefined ? {} : { loadBalancerIP: asked }),
      },
    },
    slice: {
      metadata: { ...shared, labels: { ...marks, [SERVICE_NAME]: name, [MANAGED_BY]: managerOf() } },
      addressType: machine.includes(':') ? 'IPv6' : 'IPv4',
      endpoints: [{ addresses: [machine], conditions: { ready: true } }],
      ports: ports.map(([port, enginePort]) => ({ name: portName(port), port: enginePort, protocol: 'TCP' })),
    },
  };
}

/** A label's value has no slash. */
export const managerOf = (): string => GATEWAY_CONTROLLER.replace('/', '-');

/** Whether all that is wanted is so already; what else is there is of no matter. Of lists every element is wanted. */
export function includes(held: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return Array.isArray(held) && held.length === wanted.length && wanted.every((one, n) => includes(held[n], one));
  if (wanted !== null && typeof wanted === 'object')
    return (
      held !== null &&
      typeof held === 'object' &&
      Object.entries(wanted).every(([name, value]) => includes((held as Record<string, unknown>)[name], value))
    );
  return held === wanted || String(held) === String(wanted);
}
