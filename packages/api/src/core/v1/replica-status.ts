import type { Field, Integer } from '@navarch/machinery';
import { notNegative } from '../../checks/values.ts';

interface ReplicaStatus {
  readonly replicas?: number;
  readonly fullyLabeledReplicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly terminatingReplicas?: number;
  readonly observedGeneration?: Integer;
  readonly collisionCount?: number;
}

const COUNTS: readonly (keyof ReplicaStatus)[] = [
  'replicas',
  'fullyLabeledReplicas',
  'readyReplicas',
  'availableReplicas',
  'terminatingReplicas',
  'observedGeneration',
];

/** No count is negative; no part is more than the whole. */
export function validateReplicaStatus(status: ReplicaStatus, at: Field, counts = COUNTS): void {
  for (const name of counts) notNegative(status[name], at.at(name));
  for (const name of ['fullyLabeledReplicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas'] as const) {
    if ((status[name] ?? 0) > (status.replicas ?? 0))
      at.at(name).invalid(status[name], 'cannot be greater than status.replicas');
  }
  if ((status.availableReplicas ?? 0) > (status.readyReplicas ?? 0)) {
    at.at('availableReplicas').invalid(status.availableReplicas, 'cannot be greater than readyReplicas');
  }
}
