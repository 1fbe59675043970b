import { statefulSet } from '@navarch/api';
import type { Labels, MetricFamily } from '@navarch/base';
import type { CacheReader } from '@navarch/client';
import { scaledValue } from '@navarch/machinery';
import { gauge } from '../shared/measure.ts';
import type { StatefulSet } from './names.ts';

/** How many pods of a set of so many may be missing during a rolling update (KEP-961); at least one. */
export const maxUnavailableOf = ({ spec }: StatefulSet): number =>
  Math.max(1, scaledValue(spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, spec.replicas ?? 1, 'up') ?? 1);

/** How many pods of each set that rolls may be missing, and how many are. */
export function setGauges(cache: CacheReader): readonly MetricFamily[] {
  const rolling = cache.list(statefulSet).filter(({ spec }) => spec.updateStrategy?.type !== 'OnDelete');
  return [
    gauge(
      'statefulset_controller_statefulset_max_unavailable',
      '[BETA] Maximum number of unavailable pods allowed during StatefulSet rolling updates',
      rolling.map((set) => ({ labels: labelsOf(set), value: maxUnavailableOf(set) })),
    ),
    gauge(
      'statefulset_controller_statefulset_unavailable_replicas',
      '[BETA] Current number of unavailable pods in StatefulSet',
      rolling.map((set) => ({
        labels: labelsOf(set),
        value: Math.max(0, (set.spec.replicas ?? 1) - (set.status.availableReplicas ?? 0)),
      })),
    ),
  ];
}

const labelsOf = ({ metadata, spec }: StatefulSet): Labels => ({
  statefulset_namespace: metadata.namespace ?? '',
  statefulset_name: metadata.name,
  pod_management_policy: spec.podManagementPolicy ?? 'OrderedReady',
});
