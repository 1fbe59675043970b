import {
  type AddressRange,
  canonicalAddress,
  type EndpointSlice,
  holdsAddress,
  ipFamilyOf,
  type Node,
  type Service,
} from '@navarch/api';
import { digest } from './digest.ts';
import { groupSlices } from './slices.ts';

export interface ClusterView {
  readonly nodes: readonly Node[];
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
}

const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';

/**
 * Addresses of load balancers that this node answers for on its network, and no other node does. Every node works it
 * out by itself from the same objects: of those that may, the one that its digest with the address ranks highest, so
 * that addresses spread, and only those of a node move that comes or goes. Only addresses of the pool: any other is
 * announced by whoever gave it.
 */
export function announcements(
  { nodes, services, slices }: ClusterView,
  pool: readonly AddressRange[],
  ownName: string,
): ReadonlySet<string> {
  const able = nodes.filter(isAble).map(({ metadata }) => metadata.name);
  const slicesOf = { IPv4: groupSlices(slices, 'IPv4'), IPv6: groupSlices(slices, 'IPv6') };
  const own = new Set<string>();
  for (const { spec, status, metadata } of services) {
    if (spec.type !== 'LoadBalancer') continue;
    for (const { ip = '' } of status.loadBalancer.ingress ?? []) {
      const address = canonicalAddress(ip);
      if (address === undefined || !pool.some((range) => holdsAddress(range, address))) continue;
      // A node without a pod would drop what it gets.
      const candidates =
        spec.externalTrafficPolicy === 'Local'
          ? withEndpoints(able, slicesOf[ipFamilyOf(address)].get(`${metadata.namespace}/${metadata.name}`) ?? [])
          : able;
      if (speaker(candidates, address) === ownName) own.add(address);
    }
  }
  return own;
}

const isAble = ({ metadata, status }: Node): boolean =>
  !metadata.deletionTimestamp &&
  metadata.labels?.[EXCLUDED] === undefined &&
  (status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false);

function withEndpoints(names: readonly string[], slices: readonly EndpointSlice[]): readonly string[] {
  const there = new Set(
    slices.flatMap(({ endpoints }) =>
      (endpoints ?? []).flatMap(({ nodeName, conditions }) =>
        nodeName !== undefined && conditions.ready !== false ? [nodeName] : [],
      ),
    ),
  );
  return names.filter((name) => there.has(name));
}

function speaker(names: readonly string[], address: string): string | undefined {
  let best: { readonly name: string; readonly rank: number } | undefined;
  for (const name of names) {
    const rank = digest(`${address} ${name}`);
    if (!best || rank > best.rank || (rank === best.rank && name < best.name)) best = { name, rank };
  }
  return best?.name;
}
