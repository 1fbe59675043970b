import type { ContainerStatus, Pod, PodCondition, PodStatus } from '@navarch/api';
import type { Memory } from './memory.ts';
import type { PodContainer } from './pod-container.ts';
import { wantsResize } from './resize.ts';
import type { PodView } from './pod-view.ts';
import { time } from './time.ts';

interface Claim {
  readonly isTrue: boolean;
  readonly reason?: string;
  readonly message?: string;
}

const holds: Claim = { isTrue: true };

/** The kubelet's own conditions, then those that others keep on the pod. */
export function conditionsOf(
  { pod, containers, observed, memory, now }: PodView,
  phase: PodStatus['phase'],
  statuses: readonly ContainerStatus[],
): readonly PodCondition[] {
  const roles = new Map(containers.map((c) => [c.spec.name, c.role]));
  const unready = statuses.filter((c) => roles.get(c.name) !== 'init' && !c.ready).map((c) => c.name);
  const uninitialized = statuses
    .filter((c) => (roles.get(c.name) === 'sidecar' && !c.started) || (roles.get(c.name) === 'init' && !c.ready))
    .map((c) => c.name);
  const sandbox = observed.sandboxes[0];
  const canStart = sandbox?.isReady === true && (sandbox.ip !== '' || pod.spec.hostNetwork === true);
  const containersReady = overOr(phase, () =>
    unready.length > 0
      ? {
          isTrue: false,
          reason: 'ContainersNotReady',
          message: `containers with unready status: [${unready.join(' ')}]`,
        }
      : holds,
  );
  const own: readonly (readonly [string, Claim])[] = [
    ['PodReadyToStartContainers', { isTrue: canStart }],
    ['Initialized', initialized(phase, uninitialized, statuses, roles)],
    ['Ready', containersReady.isTrue ? gatesOpen(pod) : containersReady],
    ['ContainersReady', containersReady],
  ];
  const kept = (pod.status.conditions ?? []).filter(
    (c) =>
      !PASSING.includes(c.type) &&
      !own.some(([type]) => type === c.type) &&
      !(c.type === DISRUPTION && c.status !== 'True' && memory.eviction?.isDisruption),
  );
  // Whoever was bound without a scheduler is scheduled all the same.
  const isScheduled = kept.some((c) => c.type === 'PodScheduled');
  return [
    ...[...own, ...resizing(containers, memory), ...restarting(containers)].map(([type, claim]) =>
      condition(pod, type, claim, now),
    ),
    ...kept,
    ...(isScheduled ? [] : [condition(pod, 'PodScheduled', holds, now)]),
    ...disrupted(kept, memory).map((claim) => condition(pod, DISRUPTION, claim, now)),
  ];
}

/** Conditions that are there only while they hold. */
export const PASSING: readonly string[] = ['PodResizePending', 'PodResizeInProgress', 'AllContainersRestarting'];

function resizing(containers: readonly PodContainer[], memory: Memory): readonly (readonly [string, Claim])[] {
  if (!containers.some((c) => wantsResize(c, memory))) return [];
  const { resizeRefusal } = memory;
  return [resizeRefusal ? ['PodResizePending', { isTrue: true, ...resizeRefusal }] : ['PodResizeInProgress', holds]];
}

const restarting = (containers: readonly PodContainer[]): readonly (readonly [string, Claim])[] =>
  containers.some((c) => c.isSuperseded) ? [['AllContainersRestarting', holds]] : [];

const DISRUPTION = 'DisruptionTarget';

/** Once it is told it is kept with what others say. */
const disrupted = (kept: readonly PodCondition[], { eviction }: Memory): readonly Claim[] =>
  eviction?.isDisruption && !kept.some((c) => c.type === DISRUPTION && c.status === 'True')
    ? [{ isTrue: true, reason: 'TerminationByKubelet', message: eviction.message }]
    : [];

function overOr(phase: PodStatus['phase'], otherwise: () => Claim): Claim {
  if (phase === 'Succeeded') return { isTrue: false, reason: 'PodCompleted' };
  return phase === 'Failed' ? { isTrue: false, reason: 'PodFailed' } : otherwise();
}

function initialized(
  phase: PodStatus['phase'],
  missing: readonly string[],
  statuses: readonly ContainerStatus[],
  roles: ReadonlyMap<string, string>,
): Claim {
  if (phase === 'Succeeded') return { isTrue: true, reason: 'PodCompleted' };
  // Sidecars of a pod that has been initialized may start again without undoing that.
  const hasInitialized = statuses.some(
    (c) => roles.get(c.name) === 'app' && (c.started || c.state.terminated || c.lastState.terminated),
  );
  const isMissing = missing.some((name) => roles.get(name) === 'init' || !hasInitialized);
  return isMissing
    ? {
        isTrue: false,
        reason: 'ContainersNotInitialized',
        message: `containers with incomplete status: [${missing.join(' ')}]`,
      }
    : holds;
}

/** KEP-580: others may have a say in whether a pod is ready. */
function gatesOpen({ spec, status }: Pod): Claim {
  const problems = (spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const found = status.conditions?.find((c) => c.type === conditionType);
    if (!found)
      return [`corresponding condition of pod readiness gate ${JSON.stringify(conditionType)} does not exist.`];
    return found.status === 'True'
      ? []
      : [`the status of pod readiness gate ${JSON.stringify(conditionType)} is not "True", but ${found.status}`];
  });
  return problems.length > 0
    ? { isTrue: false, reason: 'ReadinessGatesNotReady', message: problems.join(', ') }
    : holds;
}

function condition(pod: Pod, type: string, { isTrue, reason, message }: Claim, now: number): PodCondition {
  const before = pod.status.conditions?.find((c) => c.type === type);
  const status = isTrue ? 'True' : 'False';
  const lastTransitionTime =
    before?.status === status && before.lastTransitionTime ? before.lastTransitionTime : time(now);
  return {
    type,
    observedGeneration: pod.metadata.generation ?? 0,
    status,
    lastTransitionTime,
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
  };
}
