import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '@navarch/api';
import { findCondition, withCondition, withoutCondition } from '../shared/conditions.ts';
import { timestamp } from '../shared/time.ts';
import { bounds, desiredOf, sizeOf, sum } from './replica-counts.ts';
import { allOf, type Sets } from './rolling.ts';

type Conditions = readonly DeploymentCondition[];

const NO_DEADLINE = 2 ** 31 - 1;

export const deadlineSeconds = ({ spec }: Deployment): number | undefined =>
  spec.progressDeadlineSeconds === undefined || spec.progressDeadlineSeconds === NO_DEADLINE
    ? undefined
    : spec.progressDeadlineSeconds;

export function condition(
  type: 'Available' | 'Progressing' | 'ReplicaFailure',
  status: 'True' | 'False' | 'Unknown',
  reason: string,
  message: string,
  nowMs: number,
): DeploymentCondition {
  const now = timestamp(nowMs);
  return { type, status, lastUpdateTime: now, lastTransitionTime: now, reason, message } as DeploymentCondition;
}

export const progressOf = (conditions: Conditions | undefined): DeploymentCondition | undefined =>
  findCondition(conditions, 'Progressing');

/** The status that the replica sets add up to, with the conditions given and availability judged. */
export function statusOf(deployment: Deployment, sets: Sets, conditions: Conditions, nowMs: number): DeploymentStatus {
  const all = allOf(sets);
  const desired = desiredOf(deployment);
  const available = sum(all, (set) => set.status.availableReplicas);
  const numbers = {
    replicas: sum(all, (set) => set.status.replicas),
    updatedReplicas: sets.newest?.status.replicas ?? 0,
    readyReplicas: sum(all, (set) => set.status.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(all, sizeOf) - available),
  };
  const isAvailable = available >= desired - bounds(deployment).maxUnavailable;
  const verdict = isAvailable
    ? condition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.', nowMs)
    : condition(
        'Available',
        'False',
        'MinimumReplicasUnavailable',
        'Deployment does not have minimum availability.',
        nowMs,
      );
  return {
    ...(deployment.metadata.generation === undefined ? {} : { observedGeneration: deployment.metadata.generation }),
    ...Object.fromEntries(Object.entries(numbers).filter(([, n]) => n > 0)),
    terminatingReplicas: sum(all, (set) => set.status.terminatingReplicas),
    conditions: withCondition(conditions, verdict),
    ...(deployment.status.collisionCount === undefined ? {} : { collisionCount: deployment.status.collisionCount }),
  };
}

/** The status during a rollout: also how it is getting on, and what keeps replicas from being made. */
export function rolloutStatus(
  deployment: Deployment,
  sets: Sets,
  conditions: Conditions,
  nowMs: number,
): DeploymentStatus {
  const status = statusOf(deployment, sets, conditions, nowMs);
  return { ...status, conditions: withFailures(withProgress(deployment, sets, status, nowMs), sets) };
}

function withProgress(deployment: Deployment, sets: Sets, status: DeploymentStatus, nowMs: number): Conditions {
  const conditions = status.conditions ?? [];
  if (deadlineSeconds(deployment) === undefined) return withoutCondition(conditions, 'Progressing');
  const current = progressOf(conditions);
  // A finished rollout stays finished, also when pods come and go later.
  if ((status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === 'NewReplicaSetAvailable')
    return conditions;
  const subject = sets.newest
    ? `ReplicaSet ${JSON.stringify(sets.newest.metadata.name)}`
    : `Deployment ${JSON.stringify(deployment.metadata.name)}`;
  if (isComplete(deployment, status)) {
    return withCondition(
      conditions,
      condition('Progressing', 'True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`, nowMs),
    );
  }
  if (hasProgressed(deployment.status, status)) {
    const next = condition('Progressing', 'True', 'ReplicaSetUpdated', `${subject} is progressing.`, nowMs);
    const since = current?.status === 'True' ? current.lastTransitionTime : undefined;
    // Said anew each time: the deadline counts from the last progress.
    return [
      ...withoutCondition(conditions, 'Progressing'),
      { ...next, ...(since === undefined ? {} : { lastTransitionTime: since }) },
    ];
  }
  if (hasTimedOut(deployment, status, nowMs)) {
    return withCondition(
      conditions,
      condition('Progressing', 'False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`, nowMs),
    );
  }
  return conditions;
}

/** The newest set's trouble, else another's. */
function withFailures(conditions: Conditions, { newest, old }: Sets): Conditions {
  const failureOf = (set: ReplicaSet) => findCondition(set.status.conditions, 'ReplicaFailure');
  const found = (newest && failureOf(newest)) ?? old.map(failureOf).find((failure) => failure !== undefined);
  const others = withoutCondition(conditions, 'ReplicaFailure');
  if (!found) return others;
  const current = findCondition(conditions, 'ReplicaFailure');
  if (current?.status === found.status && current.reason === found.reason) return conditions;
  return [
    ...others,
    {
      ...found,
      ...(found.lastTransitionTime ? { lastUpdateTime: found.lastTransitionTime } : {}),
    } as DeploymentCondition,
  ];
}

export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = desiredOf(deployment);
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  const grew = (name: 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'): boolean =>
    (after[name] ?? 0) > (before[name] ?? 0);
  return grew('updatedReplicas') || old(after) < old(before) || grew('readyReplicas') || grew('availableReplicas');
}

function hasTimedOut(deployment: Deployment, status: DeploymentStatus, nowMs: number): boolean {
  const left = deadlineLeftMs(deployment, status, nowMs);
  return left !== undefined && left < 0;
}

/** Milliseconds until the rollout has taken too long; undefined when nothing is waited for. */
export function deadlineLeftMs(deployment: Deployment, status: DeploymentStatus, nowMs: number): number | undefined {
  const seconds = deadlineSeconds(deployment);
  const current = progressOf(status.conditions);
  if (seconds === undefined || !current || current.reason === 'NewReplicaSetAvailable') return undefined;
  if (current.reason === 'ProgressDeadlineExceeded') return -1;
  return Date.parse(current.lastUpdateTime ?? current.lastTransitionTime ?? timestamp(nowMs)) + seconds * 1000 - nowMs;
}
