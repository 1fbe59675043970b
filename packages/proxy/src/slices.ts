import type { EndpointSlice, IpFamily } from '@navarch/api';

const SERVICE_NAME = 'kubernetes.io/service-name';

/** `namespace/name` of the service that the slice is of. */
export function serviceOf({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[SERVICE_NAME];
  return name ? `${metadata.namespace}/${name}` : undefined;
}

/** Slices of a family by `namespace/name` of their service. */
export function groupSlices(
  slices: Iterable<EndpointSlice>,
  family: IpFamily,
): ReadonlyMap<string, readonly EndpointSlice[]> {
  const groups = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const key = serviceOf(slice);
    if (key === undefined || slice.addressType !== family) continue;
    const list = groups.get(key);
    if (list) list.push(slice);
    else groups.set(key, [slice]);
  }
  return groups;
}
