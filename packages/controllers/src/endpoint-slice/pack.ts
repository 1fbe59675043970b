import type { Endpoint, EndpointSlice, EndpointSlicePort } from '@navarch/api';
import { equalJson } from '@navarch/machinery';

/** Upstream's default; a change to one endpoint is sent to every node as a whole slice. */
export const ENDPOINTS_MAX = 100;

/** The endpoints that belong in slices with the same ports. */
export interface Group {
  readonly ports: readonly EndpointSlicePort[];
  readonly endpoints: readonly Endpoint[];
}

export interface Packing {
  readonly create: readonly Group[];
  readonly update: readonly { readonly slice: EndpointSlice; readonly endpoints: readonly Endpoint[] }[];
  readonly remove: readonly EndpointSlice[];
  readonly keep: readonly EndpointSlice[];
}

export const identityOf = (endpoint: Endpoint): string => endpoint.targetRef?.uid ?? endpoint.addresses.join(',');

/**
 * Puts endpoints into slices so that few slices change: what is in place stays in place, what is new fills slices that
 * change anyway, then the fullest slice that has room for all of it, then new slices.
 */
export function pack(slices: readonly EndpointSlice[], { ports, endpoints }: Group): Packing {
  const wanted = new Map(endpoints.map((endpoint) => [identityOf(endpoint), endpoint]));
  const rows = slices.map((slice) => {
    const kept = (slice.endpoints ?? []).flatMap((held) => {
      const next = wanted.get(identityOf(held));
      wanted.delete(identityOf(held));
      return next ? [next] : [];
    });
    return { slice, endpoints: kept, isChanged: !equalJson(kept, slice.endpoints ?? []) };
  });
  const fresh = [...wanted.values()];
  for (const row of rows)
    if (row.isChanged) row.endpoints.push(...fresh.splice(0, ENDPOINTS_MAX - row.endpoints.length));
  if (fresh.length > 0) {
    const roomy = rows
      .filter((row) => !row.isChanged && row.endpoints.length + fresh.length <= ENDPOINTS_MAX)
      .sort((a, b) => b.endpoints.length - a.endpoints.length)[0];
    if (roomy) {
      roomy.endpoints.push(...fresh.splice(0));
      roomy.isChanged = true;
    }
  }
  const create: Group[] = [];
  while (fresh.length > 0) create.push({ ports, endpoints: fresh.splice(0, ENDPOINTS_MAX) });
  const filled = rows.filter((row) => row.endpoints.length > 0);
  return {
    create,
    update: filled.filter((row) => row.isChanged),
    keep: filled.filter((row) => !row.isChanged).map((row) => row.slice),
    remove: rows.filter((row) => row.endpoints.length === 0).map((row) => row.slice),
  };
}
