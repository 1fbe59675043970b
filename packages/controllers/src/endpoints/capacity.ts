import type { EndpointSubset } from '@navarch/api';
import { subsetOf } from '../shared/repack-subsets.ts';

/** Addresses in one Endpoints object; what is beyond is left out and said so by an annotation. */
const ADDRESSES_MAX = 1000;

/** Whoever is ready comes before all others; what has to be left out is of all subsets in proportion, as upstream. */
export function capped(subsets: readonly EndpointSubset[]): readonly EndpointSubset[] {
  const ready = sum(subsets, ({ addresses }) => addresses);
  const notReady = sum(subsets, ({ notReadyAddresses }) => notReadyAddresses);
  if (ready + notReady <= ADDRESSES_MAX) return subsets;
  const isReadyTooMany = ready > ADDRESSES_MAX;
  const [room, total] = isReadyTooMany ? [ADDRESSES_MAX, ready] : [ADDRESSES_MAX - ready, notReady];
  let left = room;
  return subsets.map(({ addresses = [], notReadyAddresses = [], ports }) => {
    const all = isReadyTooMany ? addresses : notReadyAddresses;
    const taken = all.slice(0, Math.min(left, Math.ceil((all.length / total) * room)));
    left -= taken.length;
    return isReadyTooMany ? subsetOf(taken, [], ports) : subsetOf(addresses, taken, ports);
  });
}

const sum = (
  subsets: readonly EndpointSubset[],
  of: (subset: EndpointSubset) => readonly unknown[] | undefined,
): number => subsets.reduce((total, subset) => total + (of(subset)?.length ?? 0), 0);
