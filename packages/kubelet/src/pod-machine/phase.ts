import type { PodStatus } from '@navarch/api';
import { isExited, isRunning } from './observed.ts';
import { current, endingOf, lastAttempt, type PodContainer } from './pod-container.ts';

/** What a container is to the phase of its pod. */
type Standing = 'waiting' | 'running' | 'stopped';

function standing(container: PodContainer): Standing {
  const newest = current(container);
  if (newest && isRunning(newest)) return 'running';
  return (endingOf(container) ?? ((lastAttempt(container) ?? 0) > 0 ? true : undefined)) ? 'stopped' : 'waiting';
}

/** The phase of a pod that goes on: Pending until it is initialized and every container has run once, then Running. */
export function runningPhase(containers: readonly PodContainer[]): NonNullable<PodStatus['phase']> {
  const apps = containers.filter((c) => c.role === 'app');
  if (containers.some((c) => c.role === 'init' && !hasSucceeded(c))) return 'Pending';
  const hasInitialized = apps.some((c) => c.instances.length > 0);
  if (!hasInitialized && containers.some((c) => c.role === 'sidecar' && standing(c) !== 'running')) return 'Pending';
  return apps.some((c) => standing(c) === 'waiting') ? 'Pending' : 'Running';
}

const hasSucceeded = (container: PodContainer): boolean => {
  const newest = current(container);
  return (newest === undefined || isExited(newest)) && endingOf(container)?.exitCode === 0;
};
