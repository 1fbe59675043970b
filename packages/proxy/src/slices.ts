import type { EndpointSlice, IpFamily } from '@navarch/api';

const SERVICE_NAME = 'kubernetes.io/service-name';

/** Slices of a family by `namespace/name` of their service. */
export function groupSlices(
  slices: Iterable<EndpointSlice>,
  family: IpFamily,
): ReadonlyMap<string, readonly EndpointSlice[]> {
  const groups = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const name = slice.metadata.labels?.[SERVICE_NAME];
    if (!name || slice.addressType !== family) continue;
    const key = `${slice.metadata.namespace}/${name}`;
    const list = groups.get(key);
    if (list) list.push(slice);
    else groups.set(key, [slice]);
  }
  return groups;
}
