import type { EndpointSlice } from '@navarch/api';

const SERVICE_NAME = 'kubernetes.io/service-name';

/** IPv4 slices by `namespace/name` of their service. */
export function groupSlices(slices: Iterable<EndpointSlice>): ReadonlyMap<string, readonly EndpointSlice[]> {
  const groups = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const name = slice.metadata.labels?.[SERVICE_NAME];
    if (!name || slice.addressType !== 'IPv4') continue;
    const key = `${slice.metadata.namespace}/${name}`;
    const list = groups.get(key);
    if (list) list.push(slice);
    else groups.set(key, [slice]);
  }
  return groups;
}
