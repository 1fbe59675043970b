import { type EndpointSlice, endpointSlice } from '@navarch/api';
import { exponential, type MetricFamily, type Metrics } from '@navarch/base';
import type { CacheReader } from '@navarch/client';
import { ENDPOINTS_MAX } from '../endpoint-slice/pack.ts';
import { count, gauge, spread } from './measure.ts';
import { MANAGED_BY, SERVICE_NAME } from './own-slices.ts';

/** What both controllers of slices count: the one by services, the other by Endpoints. */
export interface SliceMeasures {
  changed(metrics: Metrics, operation: 'create' | 'update' | 'delete'): void;
  /** Endpoints that came and went in one look. */
  moved(metrics: Metrics, added: number, removed: number): void;
  gauges(cache: CacheReader): readonly MetricFamily[];
}

/** By powers of two from 2 to 32768. */
export const ENDPOINTS: readonly number[] = exponential(2, 2, 15);

/** `level`: upstream's stability of all but the changes. */
export function sliceMeasures(subsystem: string, manager: string, level: 'ALPHA' | 'BETA'): SliceMeasures {
  const changes = count(`${subsystem}_changes`, '[ALPHA] Number of EndpointSlice changes');
  const added = spread(`${subsystem}_endpoints_added_per_sync`, `[${level}] Endpoints added on each sync`, ENDPOINTS);
  const removed = spread(
    `${subsystem}_endpoints_removed_per_sync`,
    `[${level}] Endpoints removed on each sync`,
    ENDPOINTS,
  );
  return {
    changed: (metrics, operation) => changes.add(metrics, { operation }),
    moved(metrics, more, less) {
      added.observe(metrics, more);
      removed.observe(metrics, less);
    },
    gauges(cache) {
      const own = cache.list(endpointSlice).filter(({ metadata }) => metadata.labels?.[MANAGED_BY] === manager);
      const sizes = sizesOf(own);
      const slices = sizes.reduce((sum, size) => sum + Math.max(1, Math.ceil(size / ENDPOINTS_MAX)), 0);
      const told = (name: string, help: string, value: number): MetricFamily =>
        gauge(`${subsystem}_${name}`, `[${level}] ${help}`, [{ value }]);
      return [
        told(
          'endpoints_desired',
          'Number of endpoints desired',
          sizes.reduce((sum, size) => sum + size, 0),
        ),
        told('num_endpoint_slices', 'Number of EndpointSlices', own.length),
        told('desired_endpoint_slices', 'EndpointSlices that there would be were each but the last full', slices),
      ];
    },
  };
}

/** How many endpoints each service has in slices of one family and set of ports. */
function sizesOf(slices: readonly EndpointSlice[]): readonly number[] {
  const sizes = new Map<string, number>();
  for (const { metadata, addressType, ports, endpoints } of slices) {
    const key = JSON.stringify([metadata.namespace, metadata.labels?.[SERVICE_NAME], addressType, ports]);
    sizes.set(key, (sizes.get(key) ?? 0) + (endpoints?.length ?? 0));
  }
  return [...sizes.values()];
}
