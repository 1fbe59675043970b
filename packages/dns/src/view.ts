import type { EndpointSlice, Service } from '@navarch/api';

/** What the names of a cluster are answered from. Reads the cache; keeps nothing itself. */
export interface View {
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, service: string): readonly EndpointSlice[];
  hasNamespace(name: string): boolean;
  /** The service with this cluster IP. */
  serviceAt(address: string): Service | undefined;
  /** The endpoint with this address: its host name, service and namespace. */
  endpointAt(
    address: string,
  ): { readonly host: string; readonly service: string; readonly namespace: string } | undefined;
}

export interface Endpoint {
  readonly address: string;
  readonly host: string;
}

/** Addresses behind a headless service, with the names they have there (DNS specification 1.1.0, section 2.4). */
export function endpointsOf(service: Service, slices: readonly EndpointSlice[]): readonly Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const { endpoints } of slices) {
    for (const { addresses, conditions, hostname } of endpoints ?? []) {
      if (conditions.ready === false && !service.spec.publishNotReadyAddresses) continue;
      for (const address of addresses) found.set(address, { address, host: hostname ?? hostOf(address) });
    }
  }
  return [...found.values()];
}

/** An endpoint without a host name is called by its address. */
export const hostOf = (address: string): string => address.replaceAll(/[.:]/g, '-');
