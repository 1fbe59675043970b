import type { Container, ContainerState, ContainerStatus } from '@navarch/api';
import { isForsaken } from './forsaken.ts';
import { isExited, isRunning, type ObservedContainer } from './observed.ts';
import { endingOf, hasStarted, isLost, isReadyNow, lastAttempt, type PodContainer } from './pod-container.ts';
import { givenText, parseResources } from './resize.ts';
import { backOffSeconds, backOffUntil, pauseShownFrom, restarts } from './restart.ts';
import type { PodView } from './pod-view.ts';
import { duration, nanoTime } from './time.ts';

/** What the API is told about one container. Messages are cut at `bytesMax`. */
export function containerStatus(container: PodContainer, view: PodView, bytesMax: number): ContainerStatus {
  const {
    spec,
    role,
    instances: [newest],
    recorded,
  } = container;
  const { memory } = view;
  const base = { name: spec.name, image: spec.image ?? '', imageID: '', ready: false, started: false };
  const { state, lastState } = states(container, view, bytesMax);
  if (!newest) {
    // The runtime has forgotten it: what the API knows of it is all there is to know.
    const past = recorded?.state.terminated
      ? { containerID: recorded.containerID, image: recorded.image, imageID: recorded.imageID, ready: recorded.ready }
      : {};
    return {
      ...base,
      ...defined(past),
      state,
      lastState,
      restartCount: lastAttempt(container) ?? recorded?.restartCount ?? 0,
    };
  }
  const { status } = newest;
  const isInit = role === 'init';
  return {
    ...base,
    state,
    lastState,
    restartCount: Math.max(newest.attempt, recorded?.restartCount ?? 0),
    image: status.image?.image || base.image,
    imageID: status.imageRef,
    containerID: containerId(view, newest),
    started: hasStarted(container, memory),
    ready: isInit ? isExited(newest) && status.exitCode === 0 : isReadyNow(container, memory),
    ...resources(container, newest, view),
    ...devices(spec, view),
    ...mounts(spec, view),
    ...user(newest),
  };
}

const defined = <T extends object>(value: T): { readonly [K in keyof T]: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as {
    readonly [K in keyof T]: NonNullable<T[K]>;
  };

const containerId = ({ memory }: PodView, { id }: ObservedContainer): string => `${memory.node.runtimeName}://${id}`;

/** What a running container was given (KEP-1287). */
function resources(
  container: PodContainer,
  instance: ObservedContainer,
  { memory }: PodView,
): Pick<ContainerStatus, 'allocatedResources' | 'resources'> {
  if (!isRunning(instance)) return {};
  const { pod: _, ...given } = parseResources(givenText(container, instance, memory));
  const { requests } = memory.resizeRefusal ? given : (container.spec.resources ?? {});
  return {
    ...(requests && Object.keys(requests).length > 0 ? { allocatedResources: requests } : {}),
    resources: Object.fromEntries(Object.entries(given).filter(([, list]) => Object.keys(list ?? {}).length > 0)),
  };
}

function devices({ name }: Container, { memory }: PodView): Pick<ContainerStatus, 'allocatedResourcesStatus'> {
  const allocatedResourcesStatus = memory.devices.get(name);
  return allocatedResourcesStatus ? { allocatedResourcesStatus } : {};
}

/** A container that could not be given what it wants to be enabled does not run. */
function mounts(
  { volumeMounts = [] }: Container,
  { memory: { node } }: PodView,
): Pick<ContainerStatus, 'volumeMounts'> {
  if (volumeMounts.length === 0) return {};
  const isAll = (wanted: string | undefined): boolean =>
    wanted === 'Enabled' || (wanted === 'IfPossible' && node.hasRecursiveReadOnlyMounts === true);
  return {
    volumeMounts: volumeMounts.map(({ name, mountPath, readOnly, recursiveReadOnly }) => ({
      name,
      mountPath,
      ...(readOnly ? { readOnly, recursiveReadOnly: isAll(recursiveReadOnly) ? 'Enabled' : 'Disabled' } : {}),
    })),
  };
}

function user({ status }: ObservedContainer): Pick<ContainerStatus, 'user'> {
  const { linux } = status.user ?? {};
  return linux
    ? { user: { linux: { uid: linux.uid, gid: linux.gid, supplementalGroups: linux.supplementalGroups } } }
    : {};
}

interface States {
  readonly state: ContainerState;
  readonly lastState: ContainerState;
}

function states(container: PodContainer, view: PodView, bytesMax: number): States {
  const {
    instances: [newest],
    recorded,
  } = container;
  const past = lastState(container, view, bytesMax);
  if (newest && isRunning(newest))
    return { state: { running: { startedAt: nanoTime(newest.status.startedAt) } }, lastState: past };
  if (newest && !isExited(newest)) return { state: waiting(container, view) ?? creating(view), lastState: past };
  const ended = newest
    ? terminated(newest, view, bytesMax)
    : isLost(container) || isForsaken(container, view)
      ? lost
      : recorded?.state.terminated
        ? recorded.state
        : undefined;
  if (!ended) return { state: waiting(container, view) ?? creating(view), lastState: past };
  const pause = waitsToRestart(container, view);
  return pause ? { state: pause, lastState: ended } : { state: ended, lastState: past };
}

const lost: ContainerState = {
  terminated: {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
  },
};

/** The end before the newest instance: the runtime's word, or what the API was told of one that is removed by now. */
function lastState(
  { instances: [newest, ...others], recorded }: PodContainer,
  view: PodView,
  bytesMax: number,
): ContainerState {
  const previous = others.find(isExited);
  if (previous) return terminated(previous, view, bytesMax);
  if (!recorded) return {};
  const isNewest = newest === undefined || recorded.containerID === containerId(view, newest);
  // In a back-off the instance itself is shown as the last state.
  const shown = isNewest || !recorded.state.terminated ? recorded.lastState : recorded.state;
  return newest && shown.terminated?.containerID === containerId(view, newest) ? {} : shown;
}

/** Why it does not run, when it could not be started. */
function waiting({ spec }: PodContainer, { memory }: PodView): ContainerState | undefined {
  const known = memory.waiting.get(spec.name);
  return known && { waiting: { reason: known.reason, ...(known.message ? { message: known.message } : {}) } };
}

const creating = ({ pod }: PodView): ContainerState => ({
  waiting: { reason: (pod.spec.initContainers?.length ?? 0) > 0 ? 'PodInitializing' : 'ContainerCreating' },
});

/** Ended, but to be run again: not now, since it ended before; or it could not be started. */
function waitsToRestart(container: PodContainer, view: PodView): ContainerState | undefined {
  const {
    pod,
    verdict,
    now,
    memory: { node },
  } = view;
  const ending = endingOf(container);
  if (!ending || verdict || pod.metadata.deletionTimestamp || !restarts(pod, container, ending)) return undefined;
  if (backOffUntil(ending, node, now) <= now) return waiting(container, view);
  if (pauseShownFrom(ending, node) > now) return waiting(container, view);
  const { name, namespace, uid } = pod.metadata;
  const message = `back-off ${duration(backOffSeconds(ending, node))} restarting failed container=${container.spec.name} pod=${name}_${namespace}(${uid})`;
  return { waiting: { reason: 'CrashLoopBackOff', message } };
}

function terminated(instance: ObservedContainer, view: PodView, bytesMax: number): ContainerState {
  const { status, terminationMessage } = instance;
  const { exitCode, startedAt, finishedAt } = status;
  const message = cut([status.message, terminationMessage].filter((text) => text !== '').join(': '), bytesMax);
  return {
    terminated: {
      exitCode,
      reason: status.reason || (exitCode === 0 ? 'Completed' : 'Error'),
      ...(message ? { message } : {}),
      startedAt: nanoTime(startedAt),
      finishedAt: nanoTime(finishedAt),
      containerID: containerId(view, instance),
    },
  };
}

function cut(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax) return text;
  return new TextDecoder().decode(new TextEncoder().encode(text).slice(0, bytesMax)).replace(/\uFFFD$/, '');
}
