import { type Container, type ContainerStatus, isSidecar, type Pod } from '@navarch/api';
import type { Memory } from './memory.ts';
import { isAlive, isCreated, isExited, isRunning, type Observed, type ObservedContainer } from './observed.ts';
import { ruleFor } from './restart-rules.ts';

type Role = 'init' | 'sidecar' | 'app' | 'ephemeral';

/** One container of a pod: what is wanted of it, and everything known of what became of it. */
export interface PodContainer {
  readonly spec: Container;
  readonly role: Role;
  /** What the runtime holds, newest first. */
  readonly instances: readonly ObservedContainer[];
  /** What the API was told last: all that is left where the runtime has forgotten. */
  readonly recorded: ContainerStatus | undefined;
  /** Since its newest instance began, a rule of some container asked for all of them to run anew (KEP-5532). */
  readonly isSuperseded: boolean;
  /** What its pod as a whole asks for and may have, where that is said (KEP-2837). */
  readonly ofPod: Pod['spec']['resources'];
}

/** The end of a container's newest instance. Times are milliseconds of the wall clock. */
export interface Ending {
  readonly exitCode: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** How many times in a row it had been started again when it began. */
  readonly failures: number;
}

/** Annotations of a container in the runtime: what the kubelet must know again after its own restart. */
export const FAILURES = 'navarch.dev/failures';
export const IMAGE = 'navarch.dev/image';

/** Every container of the pod in the order of its spec: init containers and sidecars, app containers, ephemeral ones. */
export function containersOf(pod: Pod, observed: Observed): readonly PodContainer[] {
  const { spec, status } = pod;
  const known = new Map(
    [
      ...(status.initContainerStatuses ?? []),
      ...(status.containerStatuses ?? []),
      ...(status.ephemeralContainerStatuses ?? []),
    ].map((c) => [c.name, c]),
  );
  const of = (container: Container, role: Role): PodContainer => ({
    spec: container,
    role,
    instances: observed.containers.filter((c) => c.name === container.name),
    recorded: known.get(container.name),
    isSuperseded: false,
    ofPod: spec.resources,
  });
  const all = [
    ...(spec.initContainers ?? []).map((c) => of(c, isSidecar(c) ? 'sidecar' : 'init')),
    ...spec.containers.map((c) => of(c, 'app')),
    ...(spec.ephemeralContainers ?? []).map((c) => of(c as unknown as Container, 'ephemeral')),
  ];
  const anewSince = restartedAllAt(all);
  return all.map((c) => ({ ...c, isSuperseded: c.role !== 'ephemeral' && startOf(c) < anewSince }));
}

/** When a container ended last whose rules then asked for all to run anew, nanoseconds; 0 when none did. */
const restartedAllAt = (containers: readonly PodContainer[]): number =>
  Math.max(
    0,
    ...containers.flatMap(({ spec, instances }) =>
      instances
        .filter((i) => isExited(i) && ruleFor(spec, i.status.exitCode) === 'RestartAllContainers')
        .map((i) => i.status.finishedAt),
    ),
  );

const startOf = ({ instances: [newest] }: PodContainer): number =>
  newest && !isCreated(newest) ? newest.status.startedAt : Number.POSITIVE_INFINITY;

export const current = ({ instances }: PodContainer): ObservedContainer | undefined => instances[0];

/** A live instance, whichever: there is at most one. */
export const alive = ({ instances }: PodContainer): ObservedContainer | undefined => instances.find(isAlive);

const LOST_EXIT_CODE = 137;

/** How its last run ended; undefined while it runs, and when it never ran. */
export function endingOf({ instances: [newest], recorded }: PodContainer): Ending | undefined {
  if (newest) {
    const { exitCode, startedAt, finishedAt, annotations } = newest.status;
    if (!isExited(newest)) return undefined;
    // Before this annotation there was none: every start but the first was one after a failure.
    const failures = Number(annotations[FAILURES] ?? newest.attempt);
    return { exitCode, startedAt: startedAt / 1e6, finishedAt: finishedAt / 1e6, failures };
  }
  const past = recorded?.state.terminated ?? recorded?.lastState.terminated;
  if (recorded?.state.running)
    return {
      exitCode: LOST_EXIT_CODE,
      startedAt: timeOf(recorded.state.running.startedAt),
      finishedAt: 0,
      failures: recorded.restartCount,
    };
  return (
    past && {
      exitCode: past.exitCode,
      startedAt: timeOf(past.startedAt),
      finishedAt: timeOf(past.finishedAt),
      failures: recorded?.restartCount ?? 0,
    }
  );
}

const timeOf = (text: string | undefined): number => Date.parse(text ?? '') || 0;

/** The number of its newest instance, from 0; undefined when it never ran. */
export function lastAttempt(container: PodContainer): number | undefined {
  const newest = current(container);
  if (newest) return newest.attempt;
  return endingOf(container) && container.recorded?.restartCount;
}

/** Was running when the API was told last, and the runtime knows nothing of it. */
export const isLost = ({ instances, recorded }: PodContainer): boolean =>
  instances.length === 0 && recorded?.state.running !== undefined;

/** Runs, its postStart hook is over and well, and its startup probe has succeeded: what comes after it may begin. */
export function hasStarted(
  { spec, instances: [newest], recorded }: PodContainer,
  { probes, postStarting, doomed }: Memory,
): boolean {
  if (!newest || !isRunning(newest) || postStarting.has(newest.id) || doomed.has(newest.id)) return false;
  if (!spec.startupProbe) return true;
  return probes.get(newest.id)?.isStarted ?? (isSame(recorded, newest) && recorded?.started === true);
}

/** As its readiness probe says; until it has said anything, as the API was told of this very instance. */
export function isReadyNow(container: PodContainer, memory: Memory): boolean {
  const {
    spec,
    instances: [newest],
    recorded,
  } = container;
  if (!newest || !hasStarted(container, memory)) return false;
  if (!spec.readinessProbe) return true;
  return memory.probes.get(newest.id)?.isReady ?? (isSame(recorded, newest) && recorded?.ready === true);
}

const isSame = (recorded: ContainerStatus | undefined, { id }: ObservedContainer): boolean =>
  recorded?.containerID?.endsWith(`://${id}`) ?? false;
