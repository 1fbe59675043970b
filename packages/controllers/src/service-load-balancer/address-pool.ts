import {
  addressAt,
  type AddressRange,
  canonicalAddress,
  holdsAddress,
  type IpFamily,
  ipFamilyOf,
  type LoadBalancerStatus,
  type Service,
} from '@navarch/api';
import { keyOf } from '@navarch/machinery';
import type { LoadBalancers } from './ports.ts';

/** Of a large range only so many addresses are looked at: no cluster has more services of this type. */
const PLACES_MAX = 65_536;

/**
 * Load balancers for machines without a cloud: each service gets an address of the pool, in its status, and the service
 * proxy of every node takes what is sent there. That it is sent to a node is the network's part: a route, or an address
 * of the machine itself. Nothing is remembered but what was given a moment ago: who has what, the services say.
 */
export function addressPool(ranges: readonly AddressRange[]): LoadBalancers {
  /** By address, who was given it before the cache could show it. An entry goes when the service does. */
  const given = new Map<string, string>();

  return {
    async find(service) {
      const held = [...given].flatMap(([address, uid]) => (uid === service.metadata.uid ? [address] : []));
      const ingress = [...new Set([...addressesOf(service), ...held])].map((ip) => ({ ip }));
      return ingress.length > 0 ? { ingress } : undefined;
    },
    async ensure(service, { services }): Promise<LoadBalancerStatus> {
      const taken = takenBy(service, services);
      for (const [address, uid] of given) if (uid !== service.metadata.uid) taken.add(address);
      const mine = familiesOf(service, ranges).map((family) => choose(service, family, ranges, taken));
      for (const [address, uid] of given) if (uid === service.metadata.uid) given.delete(address);
      for (const address of mine) given.set(address, service.metadata.uid);
      return { ingress: mine.map((ip) => ({ ip })) };
    },
    async remove({ metadata }) {
      for (const [address, uid] of given) if (uid === metadata.uid) given.delete(address);
    },
  };
}

const addressesOf = ({ status }: Service): readonly string[] =>
  (status.loadBalancer.ingress ?? []).flatMap(({ ip }) => canonicalAddress(ip ?? '') ?? []);

/** Where two have one address it is the older one's. */
function takenBy(service: Service, services: readonly Service[]): Set<string> {
  const own = new Set(addressesOf(service));
  const others = services.filter(({ metadata }) => metadata.uid !== service.metadata.uid);
  return new Set(
    others.flatMap((other) => addressesOf(other).filter((address) => !own.has(address) || rank(other) < rank(service))),
  );
}

const rank = (service: Service): string => `${service.metadata.creationTimestamp ?? ''} ${keyOf(service)}`;

/** A service that takes either family gets what the pool has; the others get all they ask for or nothing. */
function familiesOf({ spec }: Service, ranges: readonly AddressRange[]): readonly IpFamily[] {
  const wanted = (spec.ipFamilies ?? ['IPv4']) as readonly IpFamily[];
  const there = wanted.filter((family) => ranges.some((range) => range.family === family));
  if (there.length === wanted.length || (spec.ipFamilyPolicy === 'PreferDualStack' && there.length > 0)) return there;
  throw new Error(`the pool has no ${wanted.find((family) => !there.includes(family))} addresses`);
}

function choose(
  service: Service,
  family: IpFamily,
  ranges: readonly AddressRange[],
  taken: ReadonlySet<string>,
): string {
  const fitting = ranges.filter((range) => range.family === family);
  const isFree = (address: string): boolean => !taken.has(address);
  const asked = canonicalAddress(service.spec.loadBalancerIP ?? '');
  if (asked !== undefined && ipFamilyOf(asked) === family) {
    if (!fitting.some((range) => holdsAddress(range, asked))) throw new Error(`the pool does not have ${asked}`);
    if (!isFree(asked)) throw new Error(`${asked} is taken by another service`);
    return asked;
  }
  const kept = addressesOf(service).find((address) => fitting.some((range) => holdsAddress(range, address)));
  if (kept !== undefined && isFree(kept)) return kept;
  for (const range of fitting) {
    const places = Number(range.count > BigInt(PLACES_MAX) ? BigInt(PLACES_MAX) : range.count);
    for (let place = 0; place < places; place++) {
      const address = addressAt(range, place);
      if (isFree(address)) return address;
    }
  }
  throw new Error(`no ${family} address of the pool is free: ${fitting.map(({ text }) => text).join(', ')}`);
}
