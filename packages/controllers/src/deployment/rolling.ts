import type { Deployment, ReplicaSet } from '@navarch/api';
import { desiredAnnotation, maxAnnotation } from './annotations.ts';
import { bounds, byAge, compareAge, desiredOf, isRolling, sizeOf, sum } from './replica-counts.ts';

// How large each replica set should be: numbers in, numbers out.

export interface Scale {
  readonly set: ReplicaSet;
  readonly replicas: number;
}

export interface Sets {
  /** The replica set of the template as it is now. */
  readonly newest: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
}

export const allOf = ({ newest, old }: Sets): readonly ReplicaSet[] => (newest ? [...old, newest] : old);

/** The size of a newest replica set of `current` replicas: what it wants, as far as the surge leaves room. */
export function newestSize(deployment: Deployment, all: readonly ReplicaSet[], current: number): number {
  const desired = desiredOf(deployment);
  if (!isRolling(deployment)) return desired;
  // What has not seen its own size may have more pods than it and its status say together.
  if (!all.every(knowsItsSize)) return current;
  // A set that was made smaller counts as it was until its pods have been told to go: the surge is of pods, not of plans.
  const room = desired + bounds(deployment).maxSurge - sum(all, (set) => Math.max(sizeOf(set), set.status.replicas));
  return room <= 0 ? current : current + Math.min(room, desired - current);
}

const knowsItsSize = ({ metadata, status }: ReplicaSet): boolean =>
  (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);

/** The next step of a rolling update upwards; undefined when there is none. */
export function scaleNewest(deployment: Deployment, sets: Sets): Scale | undefined {
  const { newest } = sets;
  if (!newest) return undefined;
  const desired = desiredOf(deployment);
  const replicas = sizeOf(newest) >= desired ? desired : newestSize(deployment, allOf(sets), sizeOf(newest));
  return replicas === sizeOf(newest) ? undefined : { set: newest, replicas };
}

/**
 * The next step downwards. Pods that do not serve anyway go first, wherever they are; then the oldest sets give up as
 * many as there are available pods to spare.
 */
export function scaleOld(deployment: Deployment, { newest, old }: Sets): readonly Scale[] {
  const all = newest ? [...old, newest] : old;
  if (sum(old, sizeOf) === 0) return [];
  const minAvailable = desiredOf(deployment) - bounds(deployment).maxUnavailable;
  // Pods of the newest set that do not serve yet may still fail: they are not spent on scaling others down.
  const newestUnavailable = newest ? sizeOf(newest) - (newest.status.availableReplicas ?? 0) : 0;
  let spare = sum(all, sizeOf) - minAvailable - newestUnavailable;
  if (spare <= 0) return [];
  const sizes = new Map(byAge(old).map((set) => [set, sizeOf(set)]));
  for (const [set, size] of sizes) {
    // A status from before the last scaling may be from before the pods were up: nothing is known to be unhealthy.
    const unhealthy = knowsItsSize(set) ? Math.max(0, size - (set.status.availableReplicas ?? 0)) : 0;
    const down = Math.min(unhealthy, spare);
    sizes.set(set, size - down);
    spare -= down;
  }
  // A status from before the last scaling counts pods that are on their way out: no more than the size stay.
  let left =
    sum(all, (set) => Math.min(set.status.availableReplicas ?? 0, sizes.get(set) ?? sizeOf(set))) - minAvailable;
  for (const [set, size] of sizes) {
    const down = Math.max(0, Math.min(size, left));
    sizes.set(set, size - down);
    left -= down;
  }
  return [...sizes].filter(([set, size]) => size !== sizeOf(set)).map(([set, replicas]) => ({ set, replicas }));
}

/** Whether `spec.replicas` has changed since the replica sets were last sized. */
export const wasScaled = (deployment: Deployment, sets: Sets): boolean =>
  allOf(sets).some(
    (set) => sizeOf(set) > 0 && (desiredAnnotation(set) ?? desiredOf(deployment)) !== desiredOf(deployment),
  );

/**
 * Sizes after a change of `spec.replicas`, also in the middle of a rollout or a pause: shared out in proportion, so that
 * the risk of the new version stays what it was.
 */
export function scaleAll(deployment: Deployment, sets: Sets): readonly Scale[] {
  const desired = desiredOf(deployment);
  const active = allOf(sets).filter((set) => sizeOf(set) > 0);
  if (active.length <= 1) {
    const only = active[0] ?? sets.newest ?? byAge(sets.old).at(-1);
    return only && sizeOf(only) !== desired ? [{ set: only, replicas: desired }] : [];
  }
  if (isSaturated(deployment, sets.newest))
    return sets.old.filter((set) => sizeOf(set) > 0).map((set) => ({ set, replicas: 0 }));
  return isRolling(deployment) ? proportional(deployment, active) : [];
}

function isSaturated(deployment: Deployment, newest: ReplicaSet | undefined): boolean {
  const desired = desiredOf(deployment);
  return (
    newest !== undefined &&
    sizeOf(newest) === desired &&
    desiredAnnotation(newest) === desired &&
    (newest.status.availableReplicas ?? 0) === desired
  );
}

function proportional(deployment: Deployment, active: readonly ReplicaSet[]): readonly Scale[] {
  const desired = desiredOf(deployment);
  const allowed = desired > 0 ? desired + bounds(deployment).maxSurge : 0;
  const toAdd = allowed - sum(active, sizeOf);
  const bySize = (a: ReplicaSet, b: ReplicaSet): number =>
    sizeOf(b) - sizeOf(a) || (toAdd > 0 ? compareAge(b, a) : compareAge(a, b));
  let added = 0;
  const scales = [...active].sort(bySize).map((set) => {
    const share = toAdd === 0 || added === toAdd ? 0 : shareOf(deployment, set);
    const part = toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added);
    added += part;
    return { set, replicas: sizeOf(set) + part };
  });
  // What rounding left over goes to the largest.
  return scales.map((scale, i) =>
    i === 0 ? { ...scale, replicas: Math.max(0, scale.replicas + toAdd - added) } : scale,
  );
}

/** By how much one set grows when the whole grows from what it was to what it may be now. */
function shareOf(deployment: Deployment, set: ReplicaSet): number {
  const desired = desiredOf(deployment);
  if (desired === 0) return -sizeOf(set);
  const before = maxAnnotation(set) ?? deployment.status.replicas ?? 0;
  if (before === 0) return 0;
  return Math.round((sizeOf(set) * (desired + bounds(deployment).maxSurge)) / before) - sizeOf(set);
}
