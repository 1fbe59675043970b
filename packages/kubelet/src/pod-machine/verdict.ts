import { isTerminal, type Pod } from '@navarch/api';
import type { Memory } from './memory.ts';
import { endingOf, type PodContainer } from './pod-container.ts';
import { isOver } from './restart.ts';

/** A pod is over: nothing of it is started any more, what still runs is ended. */
export interface Verdict {
  readonly phase: 'Succeeded' | 'Failed';
  readonly reason?: string;
  readonly message?: string;
  /** When it became so, milliseconds of the wall clock: graces are counted from here. */
  readonly since: number;
  /** Instead of the pod's own. */
  readonly graceSeconds?: number;
}

/** Upstream's word for a pod that was active for longer than it may be. */
export const OVERDUE = 'DeadlineExceeded';

/** undefined while the pod goes on. A pod that the API calls over stays so, whatever the runtime has forgotten. */
export function verdictOf(
  pod: Pod,
  containers: readonly PodContainer[],
  { rejection, eviction }: Pick<Memory, 'rejection' | 'eviction'>,
  now: number,
): Verdict | undefined {
  const { phase, reason, message } = pod.status;
  if (isTerminal(pod))
    return {
      phase: phase as Verdict['phase'],
      ...(reason ? { reason } : {}),
      ...(message ? { message } : {}),
      since: now,
    };
  if (rejection)
    return { phase: 'Failed', reason: rejection.reason, message: `Pod was rejected: ${rejection.message}`, since: now };
  if (eviction) {
    const { reason: word, message: why, since, graceSeconds } = eviction;
    return { phase: 'Failed', reason: word, message: why, since, graceSeconds };
  }
  const deadline = deadlineOf(pod);
  if (deadline !== undefined && deadline <= now) {
    return {
      phase: 'Failed',
      reason: OVERDUE,
      message: 'Pod was active on the node longer than the specified deadline',
      since: deadline,
    };
  }
  if (containers.some((c) => c.role === 'init' && isOver(pod, c) && endingOf(c)?.exitCode !== 0))
    return { phase: 'Failed', since: lastEnd(containers) };
  const apps = containers.filter((c) => c.role === 'app');
  if (!apps.every((c) => isOver(pod, c))) return undefined;
  return { phase: outcomeOf(containers), since: lastEnd(containers) };
}

/** What a pod is called of which nothing runs any more: only containers that all ran to a good end are a success. */
export const outcomeOf = (containers: readonly PodContainer[]): Verdict['phase'] =>
  containers.filter((c) => c.role === 'app').every((c) => endingOf(c)?.exitCode === 0) ? 'Succeeded' : 'Failed';

const lastEnd = (containers: readonly PodContainer[]): number =>
  Math.max(
    0,
    ...containers.filter((c) => c.role === 'app' || c.role === 'init').map((c) => endingOf(c)?.finishedAt ?? 0),
  );

/** Milliseconds of the wall clock. */
export function deadlineOf(pod: Pod): number | undefined {
  const seconds = pod.spec.activeDeadlineSeconds;
  const start = pod.status.startTime;
  return seconds === undefined || start === undefined ? undefined : Date.parse(start) + Number(seconds) * 1000;
}
