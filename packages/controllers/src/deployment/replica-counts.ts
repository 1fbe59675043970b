import type { Deployment, ReplicaSet } from '@navarch/api';

export const desiredOf = (deployment: Deployment): number => deployment.spec.replicas ?? 1;
export const sizeOf = (set: ReplicaSet): number => set.spec.replicas ?? 1;
export const sum = (sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number | undefined): number =>
  sets.reduce((total, set) => total + (count(set) ?? 0), 0);

export const isRolling = (deployment: Deployment): boolean => deployment.spec.strategy.type !== 'Recreate';

/** A count, or a share of `total`. */
function resolve(value: number | string | undefined, total: number, round: (n: number) => number): number {
  if (value === undefined) return 0;
  return typeof value === 'number' ? value : round((Number.parseInt(value, 10) * total) / 100);
}

/**
 * How far a rolling update may go above and below the wanted number. Surge is rounded up, unavailability down; where
 * both come to nothing, one may be unavailable, since nothing could ever move.
 */
export function bounds(deployment: Deployment): { readonly maxSurge: number; readonly maxUnavailable: number } {
  const desired = desiredOf(deployment);
  if (!isRolling(deployment) || desired === 0)
    return { maxSurge: isRolling(deployment) ? surgeOf(deployment) : 0, maxUnavailable: 0 };
  const maxSurge = surgeOf(deployment);
  const unavailable = resolve(deployment.spec.strategy.rollingUpdate?.maxUnavailable ?? '25%', desired, Math.floor);
  return { maxSurge, maxUnavailable: Math.min(maxSurge === 0 && unavailable === 0 ? 1 : unavailable, desired) };
}

const surgeOf = (deployment: Deployment): number =>
  resolve(deployment.spec.strategy.rollingUpdate?.maxSurge ?? '25%', desiredOf(deployment), Math.ceil);

/** Oldest first. */
export const byAge = (sets: readonly ReplicaSet[]): readonly ReplicaSet[] => [...sets].sort(compareAge);

export function compareAge(a: ReplicaSet, b: ReplicaSet): number {
  const [one, two] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (one !== two) return one < two ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
