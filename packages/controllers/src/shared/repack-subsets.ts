import type { EndpointAddress, EndpointPort, EndpointSubset } from '@navarch/api';

/** Where one may send to, and by which ports. */
export interface Reachable {
  readonly address: EndpointAddress;
  readonly isReady: boolean;
  readonly ports: readonly EndpointPort[];
}

interface Offer {
  readonly port: EndpointPort | undefined;
  /** Who offers the port, by address and pod, and whether it is ready. */
  readonly by: Map<string, boolean>;
}

/**
 * The one form in which Endpoints are written, as upstream does: ports that the same addresses offer are in one subset,
 * and whoever is ready by one account and not ready by another is not. In a fixed order, so that equal is equal.
 */
export function repackSubsets(all: Iterable<Reachable>): readonly EndpointSubset[] {
  const addresses = new Map<string, EndpointAddress>();
  const offers = new Map<string, Offer>();
  for (const { address, isReady, ports } of all) {
    const who = `${address.ip} ${address.targetRef?.uid ?? ''}`;
    if (!addresses.has(who)) addresses.set(who, address);
    // Who offers no port is reachable all the same.
    for (const port of ports.length > 0 ? ports : [undefined]) {
      const key = JSON.stringify(port) ?? '';
      const offer = offers.get(key) ?? { port, by: new Map<string, boolean>() };
      offers.set(key, offer);
      offer.by.set(who, isReady && offer.by.get(who) !== false);
    }
  }
  const subsets = new Map<
    string,
    { readonly ports: EndpointPort[]; readonly by: readonly (readonly [string, boolean])[] }
  >();
  for (const { port, by } of offers.values()) {
    const sorted = [...by].sort(([a], [b]) => (a < b ? -1 : 1));
    // Two ports of one name cannot be told apart in one slice: they stay in two.
    let key = JSON.stringify(sorted);
    while (port && subsets.get(key)?.ports.some(({ name }) => name === port.name)) key += '+';
    const subset = subsets.get(key) ?? { ports: [], by: sorted };
    subsets.set(key, subset);
    if (port) subset.ports.push(port);
  }
  return [...subsets.values()]
    .map(({ ports, by }) => {
      const those = (wanted: boolean): readonly EndpointAddress[] =>
        by.flatMap(([who, isReady]) => (isReady === wanted ? (addresses.get(who) ?? []) : []));
      return subsetOf(those(true), those(false), ports);
    })
    .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

/** What is of one state has a list, and none where there is nothing. */
export const subsetOf = (
  ready: readonly EndpointAddress[],
  notReady: readonly EndpointAddress[],
  ports: readonly EndpointPort[] = [],
): EndpointSubset => ({
  ...(ready.length > 0 ? { addresses: ready } : {}),
  ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
  ...(ports.length > 0 ? { ports } : {}),
});

const orderOf = ({ ports = [] }: EndpointSubset): string => JSON.stringify(ports);
