import { isReady, isTerminal, type job, type Pod } from '@navarch/api';
import type { ObjectOf } from '@navarch/machinery';

export type Job = ObjectOf<typeof job>;

/** On every pod whose end is not yet counted: none goes before it is. */
export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';
export const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index';

export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(TRACKING_FINALIZER) ?? false;
export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === 'Indexed';
export const isSuspended = ({ spec }: Job): boolean => spec.suspend === true;
/** A pod that is going is replaced only when it has ended (KEP-3939). */
export const replacesOnlyFailed = ({ spec }: Job): boolean => spec.podReplacementPolicy === 'Failed';
export const hasLimitPerIndex = (owner: Job): boolean =>
  isIndexed(owner) && owner.spec.backoffLimitPerIndex !== undefined;
export const hasSucceeded = ({ status }: Pod): boolean => status.phase === 'Succeeded';
export const isTerminating = (p: Pod): boolean => p.metadata.deletionTimestamp !== undefined && !isTerminal(p);
export const isFinished = ({ status }: Job): boolean =>
  conditionOf(status, 'Complete') !== undefined || conditionOf(status, 'Failed') !== undefined;

/** The condition, where it holds. */
export const conditionOf = (
  { conditions }: Job['status'],
  type: string,
): NonNullable<Job['status']['conditions']>[number] | undefined =>
  conditions?.find((condition) => condition.type === type && condition.status === 'True');

/** The completion index of a pod where the job has such an index. */
export function indexOf(p: Pod, { spec }: Job): number | undefined {
  const text = p.metadata.annotations?.[COMPLETION_INDEX] ?? '';
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const index = Number(text);
  return index < (spec.completions ?? 0) ? index : undefined;
}

/** A pod that was deleted may never get to say how it ended: it counts as failed, unless the job waits for its end. */
export function hasFailed(p: Pod, owner: Job): boolean {
  if (p.status.phase === 'Failed') return true;
  return !replacesOnlyFailed(owner) && p.metadata.deletionTimestamp !== undefined && !hasSucceeded(p);
}

export const readyCount = (pods: readonly Pod[]): number => pods.filter(isReady).length;

/** When a pod ended, in ms since the epoch: the best that is known. */
export function finishedAt({ metadata, status, spec }: Pod, nowMs: number): number {
  const ends = (status.containerStatuses ?? []).map(({ state }) => state?.terminated?.finishedAt);
  if (ends.length > 0 && ends.every((end) => end !== undefined))
    return Math.max(...ends.map((end) => Date.parse(end ?? '')));
  const ready = status.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
  if (status.phase === 'Failed' && ready) return Date.parse(ready);
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp)
    return (
      Date.parse(deletionTimestamp) -
      Number(deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 0) * 1000
    );
  return ready ? Date.parse(ready) : nowMs;
}
