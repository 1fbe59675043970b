import type { EndpointSlice, Secret, Service } from '@navarch/api';
import type { Endpoint } from './model.ts';

/** What routes lead to and refer to. */
export interface Surroundings {
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, service: string): readonly EndpointSlice[];
  secret(namespace: string, name: string): Secret | undefined;
}

export interface PortReference {
  readonly name?: string | undefined;
  readonly number?: number | undefined;
}

export type ServicePort = NonNullable<Service['spec']['ports']>[number];

export const portOf = ({ spec }: Service, { name, number }: PortReference): ServicePort | undefined =>
  (spec.ports ?? []).find((port) => (name ? port.name === name : port.port === number));

/**
 * Who answers at a service's port: the ready ones; where there are none, those that are ending and still answer. Requests
 * go there directly, not by the service's address, so that what was tried in vain can be tried elsewhere.
 */
export function endpointsOf(
  service: Service,
  port: ServicePort,
  slices: readonly EndpointSlice[],
): readonly Endpoint[] {
  const family = service.spec.ipFamilies?.[0] ?? 'IPv4';
  const [ready, ending]: [Endpoint[], Endpoint[]] = [[], []];
  for (const slice of slices) {
    if (slice.addressType !== family) continue;
    const target = (slice.ports ?? []).find(({ name }) => (name ?? '') === (port.name ?? ''))?.port;
    if (target === undefined) continue;
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      const [address] = addresses;
      if (address === undefined) continue;
      if (conditions.ready !== false) ready.push({ address, port: target });
      else if (conditions.serving && conditions.terminating) ending.push({ address, port: target });
    }
  }
  const found = ready.length > 0 ? ready : ending;
  const byAddress = new Map(found.map((endpoint) => [`${endpoint.address} ${endpoint.port}`, endpoint]));
  return [...byAddress].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}
