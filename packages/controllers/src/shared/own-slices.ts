import { type EndpointSlice, endpointSlice } from '@navarch/api';
import { type CacheReader, indexByLabel } from '@navarch/client';
import type { Key } from '@navarch/machinery';
import type { Watch } from '../controller.ts';

export const SERVICE_NAME = 'kubernetes.io/service-name';
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';

const byService = indexByLabel(SERVICE_NAME);

/** The slices that say they are managed by one controller. */
export interface OwnSlices {
  /** One that someone changed or deleted is put right. */
  readonly watch: Watch<EndpointSlice>;
  /** Those of a service that are there to stay. */
  of(serviceKey: Key, cache: CacheReader): readonly EndpointSlice[];
}

export function ownSlices(manager: string): OwnSlices {
  const isOurs = (slice: EndpointSlice): boolean => slice.metadata.labels?.[MANAGED_BY] === manager;
  return {
    watch: {
      kind: endpointSlice,
      *keys({ current, previous }) {
        const slice = current ?? previous;
        const name = slice?.metadata.labels?.[SERVICE_NAME];
        if (slice && name && isOurs(slice)) yield `${slice.metadata.namespace}/${name}`;
      },
    },
    of: (serviceKey, cache) =>
      cache
        .find(endpointSlice, byService, serviceKey)
        .filter((slice) => isOurs(slice) && !slice.metadata.deletionTimestamp),
  };
}
