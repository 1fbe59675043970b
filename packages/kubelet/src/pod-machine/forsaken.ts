import { isExited, isRunning } from './observed.ts';
import { alive, endingOf, type PodContainer } from './pod-container.ts';
import type { PodView } from './pod-view.ts';

/**
 * Never ran, and never will: the pod is over. Nothing waits in such a pod, and nobody can know how it would have gone, so
 * it counts as lost, as upstream has it. Containers that the pod had not come to yet are told of as waiting.
 */
export function isForsaken(container: PodContainer, { pod, containers, verdict }: PodView): boolean {
  const isOver = verdict !== undefined || pod.metadata.deletionTimestamp !== undefined;
  if (!isOver || containers.some((c) => alive(c)) || hasRun(container)) return false;
  const first = containers.filter((c) => c.role === 'init' || c.role === 'sidecar');
  if (container.role === 'app') return isInitialized(first, containers);
  if (container.role === 'ephemeral') return false;
  return first.indexOf(container) <= Math.max(0, first.findLastIndex(hasRun));
}

function isInitialized(first: readonly PodContainer[], containers: readonly PodContainer[]): boolean {
  const last = first.at(-1);
  if (!last || containers.some((c) => c.role === 'app' && hasRun(c))) return true;
  const isUp = last.recorded?.started === true || last.instances.some((i) => isRunning(i));
  return last.role === 'sidecar' ? isUp : endingOf(last)?.exitCode === 0;
}

const hasRun = (container: PodContainer): boolean =>
  container.instances.some((i) => isRunning(i) || isExited(i)) || endingOf(container) !== undefined;
