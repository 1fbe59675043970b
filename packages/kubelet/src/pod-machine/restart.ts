import { type Container, isSidecar, type Pod } from '@navarch/api';
import type { Memory } from './memory.ts';
import type { ObservedContainer } from './observed.ts';

const BACK_OFF_SECONDS_MIN = 10;
const BACK_OFF_SECONDS_MAX = 300;
/** A container that ran this long has recovered: its next end is the first one. */
const RECOVERED_MS = 10 * 60_000;

export const hasStarted = (container: Container, current: ObservedContainer, memory: Memory): boolean =>
  !container.startupProbe || memory.probes.get(current.id)?.isStarted === true;

export function restarts(pod: Pod, container: Container, ended: ObservedContainer): boolean {
  if (isSidecar(container)) return true;
  const policy = container.restartPolicy ?? pod.spec.restartPolicy ?? 'Always';
  const isInit = pod.spec.initContainers?.some((c) => c.name === container.name) ?? false;
  if (policy === 'Never') return false;
  return policy === 'OnFailure' || isInit ? ended.status.exitCode !== 0 : true;
}

/** Seconds to wait before an ended container runs again: none the first time, then 10, 20, 40 ... 300. */
export function backOffSeconds(ended: ObservedContainer): number {
  if (ended.attempt === 0 || (ended.status.finishedAt - ended.status.startedAt) / 1e6 >= RECOVERED_MS) return 0;
  return Math.min(BACK_OFF_SECONDS_MIN * 2 ** Math.min(ended.attempt - 1, 10), BACK_OFF_SECONDS_MAX);
}

/** Wall clock, milliseconds. */
export const backOffUntil = (ended: ObservedContainer): number => Math.ceil(ended.status.finishedAt / 1e6) + backOffSeconds(ended) * 1000;
