import { type Container, type ContainerState, type ContainerStatus, isSidecar, type Pod, type PodCondition, type PodStatus } from '@navarch/api';
import { backOffSeconds, backOffUntil, hasStarted, restarts } from './restart.ts';
import type { Memory } from './memory.ts';
import { isExited, isRunning, newest, type Observed, type ObservedContainer } from './observed.ts';

/** What the API is told about a pod: containers, phase, conditions, in upstream's words. */
export function statusOf(pod: Pod, observed: Observed, memory: Memory, now: number): PodStatus {
  const { spec } = pod;
  const init = spec.initContainers ?? [];
  const before = pod.status;
  const containers = spec.containers.map((c) => containerStatus(pod, c, observed, memory, now, 'ContainerCreating'));
  const initContainers = init.map((c) => containerStatus(pod, c, observed, memory, now, 'PodInitializing'));
  const phase = phaseOf(pod, containers, initContainers, observed);
  // A pod that is over keeps the address it had, though its sandbox is gone.
  const kept = phase === 'Succeeded' || phase === 'Failed' ? (memory.podIP ?? before.podIP) : undefined;
  const ip = observed.sandboxes[0]?.ip || (spec.hostNetwork ? before.hostIP : kept) || undefined;
  const conditions = conditionsOf(pod, { containers, initContainers, observed, phase }, now);
  return {
    observedGeneration: pod.metadata.generation ?? 0, phase, conditions,
    ...(before.hostIP ? { hostIP: before.hostIP, hostIPs: [{ ip: before.hostIP }] } : {}),
    ...(ip ? { podIP: ip, podIPs: [{ ip }] } : {}),
    startTime: before.startTime ?? time(now),
    ...(initContainers.length > 0 ? { initContainerStatuses: initContainers } : {}),
    containerStatuses: containers, ...(before.qosClass ? { qosClass: before.qosClass } : {}),
  };
}

/** RFC 3339 seconds from milliseconds. */
export const time = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
const nanoTime = (nanoseconds: number): string => time(nanoseconds / 1e6);

function containerStatus(pod: Pod, container: Container, observed: Observed, memory: Memory, now: number, waitingReason: string): ContainerStatus {
  const current = newest(observed, container.name);
  const last = observed.containers.filter((c) => c.name === container.name)[1];
  const waiting = memory.waiting.get(container.name);
  const base = { name: container.name, image: container.image ?? '', imageID: '', restartCount: 0, ready: false, started: false, lastState: {} };
  if (!current) {
    const state = { waiting: { reason: waiting?.reason ?? waitingReasonOf(pod, observed, waitingReason), ...(waiting ? { message: waiting.message } : {}) } };
    return { ...base, state } as ContainerStatus;
  }
  const started = isRunning(current) && hasStarted(container, current, memory);
  const isInit = pod.spec.initContainers?.includes(container) === true && !isSidecar(container);
  const ready = isInit ? isExited(current) && current.status.exitCode === 0 : started && isReadyByProbe(container, current, memory);
  const { state, lastState } = statesOf(pod, container, current, last, waiting, now);
  return {
    ...base, state, lastState, ready, restartCount: current.attempt, image: current.status.image?.image ?? base.image, imageID: current.status.imageRef,
    containerID: `containerd://${current.id}`, started,
  } as ContainerStatus;
}

function waitingReasonOf(pod: Pod, observed: Observed, reason: string): string {
  const hasInit = (pod.spec.initContainers?.length ?? 0) > 0;
  return hasInit && observed.sandboxes[0]?.isReady ? 'PodInitializing' : reason;
}

const isReadyByProbe = (container: Container, current: ObservedContainer, memory: Memory): boolean =>
  !container.readinessProbe || memory.probes.get(current.id)?.isReady === true;

function statesOf(
  pod: Pod, container: Container, current: ObservedContainer, last: ObservedContainer | undefined, waiting: { readonly reason: string; readonly message: string } | undefined, now: number,
): { readonly state: ContainerState; readonly lastState: ContainerState } {
  const lastState = last && isExited(last) ? terminated(last) : {};
  if (isRunning(current)) return { state: { running: { startedAt: nanoTime(current.status.startedAt) } }, lastState };
  if (!isExited(current)) return { state: { waiting: { reason: 'ContainerCreating' } }, lastState };
  const ended = terminated(current);
  if (waiting) return { state: { waiting: { reason: waiting.reason, message: waiting.message } }, lastState: ended };
  if (!pod.metadata.deletionTimestamp && restarts(pod, container, current) && backOffUntil(current) > now) {
    const message = `back-off ${duration(backOffSeconds(current))} restarting failed container=${container.name} pod=${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
    return { state: { waiting: { reason: 'CrashLoopBackOff', message } }, lastState: ended };
  }
  return { state: ended, lastState };
}

/** 10 s is 10s, 80 s is 1m20s, as Go prints durations. */
function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}

function terminated({ id, status, terminationMessage }: ObservedContainer): ContainerState {
  const { exitCode } = status;
  const reason = status.reason || (exitCode === 0 ? 'Completed' : 'Error');
  const message = terminationMessage || (exitCode !== 0 ? status.message : '');
  return {
    terminated: {
      exitCode, reason, ...(message ? { message } : {}), startedAt: nanoTime(status.startedAt), finishedAt: nanoTime(status.finishedAt), containerID: `containerd://${id}`,
    },
  };
}

function phaseOf(pod: Pod, containers: readonly ContainerStatus[], initContainers: readonly ContainerStatus[], observed: Observed): NonNullable<PodStatus['phase']> {
  const init = pod.spec.initContainers ?? [];
  const policy = pod.spec.restartPolicy;
  for (const [i, container] of init.entries()) {
    const current = newest(observed, container.name);
    if (isSidecar(container) || !current || !isExited(current)) continue;
    if (current.status.exitCode !== 0 && policy === 'Never') return 'Failed';
    if (current.status.exitCode !== 0 && i < init.length) return 'Pending';
  }
  const isInitializing = initContainers.some((c, i) => !isSidecar(init[i] as Container) && !c.ready);
  if (isInitializing) return 'Pending';
  const current = pod.spec.containers.map((c) => newest(observed, c.name));
  if (current.some((c) => c === undefined)) return current.some((c) => c && (isRunning(c) || isExited(c))) && !containers.every((c) => c.state?.waiting) ? 'Running' : 'Pending';
  if (current.some((c) => c && !isExited(c))) return current.some((c) => c && isRunning(c)) ? 'Running' : 'Pending';
  const willRestart = pod.spec.containers.some((c, i) => !pod.metadata.deletionTimestamp && restarts(pod, c, current[i] as ObservedContainer));
  if (willRestart) return 'Running';
  return current.every((c) => c?.status.exitCode === 0) ? 'Succeeded' : 'Failed';
}

interface Facts {
  readonly containers: readonly ContainerStatus[];
  readonly initContainers: readonly ContainerStatus[];
  readonly observed: Observed;
  readonly phase: PodStatus['phase'];
}

type Verdict = readonly [status: boolean, reason?: string, message?: string];

function conditionsOf(pod: Pod, facts: Facts, now: number): readonly PodCondition[] {
  const { containers, initContainers, observed, phase } = facts;
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map((c) => c.name));
  const unready = [...containers, ...initContainers.filter((c) => sidecars.has(c.name))].filter((c) => !c.ready).map((c) => c.name);
  const uninitialized = initContainers.filter((c) => (sidecars.has(c.name) ? !c.started : !c.ready)).map((c) => c.name);
  const listed = (names: readonly string[], what: string): string => `containers with ${what} status: [${names.join(' ')}]`;
  const isReady: Verdict = phase === 'Succeeded' ? [false, 'PodCompleted'] : phase === 'Failed' ? [false, 'PodFailed']
    : unready.length > 0 ? [false, 'ContainersNotReady', listed(unready, 'unready')] : [true];
  const gates = (pod.spec.readinessGates ?? []).filter((g) => !pod.status.conditions?.some((c) => c.type === g.conditionType && c.status === 'True'));
  const ready: Verdict = isReady[0] && gates.length > 0 ? [false, 'ReadinessGatesNotReady', `the status of pod readiness gate "${gates[0]?.conditionType}" is not "True", but False`] : isReady;
  const initialized: Verdict = phase === 'Succeeded' ? [true, 'PodCompleted'] : uninitialized.length > 0 ? [false, 'ContainersNotInitialized', listed(uninitialized, 'incomplete')] : [true];
  const own: readonly (readonly [string, Verdict])[] = [
    ['PodReadyToStartContainers', [observed.sandboxes[0]?.isReady === true]], ['Initialized', initialized], ['Ready', ready], ['ContainersReady', isReady],
  ];
  const kept = (pod.status.conditions ?? []).filter((c) => !own.some(([type]) => type === c.type));
  return [...own.map(([type, verdict]) => condition(pod, type, verdict, now)), ...kept];
}

function condition(pod: Pod, type: string, [isTrue, reason, message]: Verdict, now: number): PodCondition {
  const before = pod.status.conditions?.find((c) => c.type === type);
  const status = isTrue ? 'True' : 'False';
  const lastTransitionTime = before?.status === status && before.lastTransitionTime ? before.lastTransitionTime : time(now);
  return { type, observedGeneration: pod.metadata.generation ?? 0, status, lastTransitionTime, ...(reason ? { reason } : {}), ...(message ? { message } : {}) };
}
