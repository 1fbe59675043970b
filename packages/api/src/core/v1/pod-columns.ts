import type { Column } from '@navarch/machinery';
import type { ContainerStatus, Pod } from '../../generated/types/core-v1.ts';
import { columnsOf, humanDuration } from '../../columns.ts';
import { isSidecar } from './pod-resources.ts';

/** What `kubectl get pods` shows. */
export const podColumns: readonly Column<Pod>[] = columnsOf('/Pod', {
  Ready: (pod: Pod) => readyCount(pod),
  Status: (pod) => podStatusText(pod),
  Restarts: (pod, now) => restarts(pod, now),
  IP: (pod) => pod.status.podIPs?.[0]?.ip ?? pod.status.podIP ?? '<none>',
  Node: (pod) => pod.spec.nodeName || '<none>',
  'Nominated Node': (pod) => pod.status.nominatedNodeName || '<none>',
  'Readiness Gates': (pod) => readinessGates(pod),
});

const sidecarNames = (pod: Pod): ReadonlySet<string> =>
  new Set((pod.spec.initContainers ?? []).filter(isSidecar).map((c) => c.name));

const isInitialized = (pod: Pod): boolean =>
  pod.status.conditions?.some((c) => c.type === 'Initialized' && c.status === 'True') ?? false;

/** Statuses of init containers up to the first one that is not through; those after it have not begun. */
function begun(pod: Pod): readonly ContainerStatus[] {
  const sidecars = sidecarNames(pod);
  const statuses = pod.status.initContainerStatuses ?? [];
  const first = statuses.findIndex((container) => !isThrough(container, sidecars));
  return first < 0 ? statuses : statuses.slice(0, first + 1);
}

const isThrough = ({ name, state, started }: ContainerStatus, sidecars: ReadonlySet<string>): boolean =>
  state?.terminated?.exitCode === 0 || (sidecars.has(name) && started === true);

/** Whether the containers of a pod say where it stands, not those that prepare it. */
const isPast = (pod: Pod): boolean => initText(pod) === undefined || isInitialized(pod);

function readyCount(pod: Pod): string {
  const sidecars = sidecarNames(pod);
  const containers = isPast(pod) ? (pod.status.containerStatuses ?? []).filter((c) => c.ready && c.state?.running) : [];
  const prepared = begun(pod).filter(
    (c) => sidecars.has(c.name) && c.ready && c.started && c.state?.terminated?.exitCode !== 0,
  );
  return `${containers.length + prepared.length}/${pod.spec.containers.length + sidecars.size}`;
}

/** One word for where a pod stands; upstream's printer decides it from phase, reasons and container states. */
export function podStatusText(pod: Pod): string {
  const { status, metadata } = pod;
  let reason = status.reason || status.phase || '';
  if (status.conditions?.some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated'))
    reason = 'SchedulingGated';
  const initializing = initText(pod);
  if (initializing !== undefined) reason = initializing;
  if (initializing === undefined || isInitialized(pod)) {
    reason = containersText(pod, initializing ?? reason);
  }
  if (!metadata.deletionTimestamp) return reason;
  return status.reason === 'NodeLost'
    ? 'Unknown'
    : status.phase === 'Succeeded' || status.phase === 'Failed'
      ? reason
      : 'Terminating';
}

function initText(pod: Pod): string | undefined {
  const sidecars = sidecarNames(pod);
  const statuses = pod.status.initContainerStatuses ?? [];
  for (const [i, container] of statuses.entries()) {
    if (isThrough(container, sidecars)) continue;
    const { terminated, waiting } = container.state ?? {};
    if (terminated) return `Init:${terminated.reason || exitText(terminated)}`;
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
    return `Init:${i}/${pod.spec.initContainers?.length ?? 0}`;
  }
  return undefined;
}

const exitText = (terminated: { readonly signal?: number; readonly exitCode: number }): string =>
  terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;

function containersText(pod: Pod, initial: string): string {
  let reason = initial;
  let failure: string | undefined;
  let hasRunning = false;
  for (const container of (pod.status.containerStatuses ?? []).toReversed()) {
    const { waiting, terminated } = container.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated) {
      reason = terminated.reason || exitText(terminated);
      if (terminated.exitCode !== 0) failure = reason;
    } else if (container.ready && container.state?.running) hasRunning = true;
  }
  if (reason !== 'Completed') return reason;
  // Some containers have ended well while others run or failed: the pod as a whole is not completed.
  if (hasRunning && pod.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')) return 'Running';
  return failure ?? (hasRunning ? 'NotReady' : reason);
}

function restarts(pod: Pod, now: number): string {
  const sidecars = sidecarNames(pod);
  const counted = isPast(pod)
    ? [...begun(pod).filter((c) => sidecars.has(c.name)), ...(pod.status.containerStatuses ?? [])]
    : begun(pod);
  const count = counted.reduce((sum, c) => sum + c.restartCount, 0);
  const last = Math.max(0, ...counted.map((c) => Date.parse(c.lastState?.terminated?.finishedAt ?? '') || 0));
  return last > 0 ? `${count} (${humanDuration(now - last)} ago)` : String(count);
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const ready = gates.filter((gate) =>
    pod.status.conditions?.some((c) => c.type === gate.conditionType && c.status === 'True'),
  ).length;
  return `${ready}/${gates.length}`;
}
