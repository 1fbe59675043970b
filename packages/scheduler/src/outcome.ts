import { type Pod, pod as podKind } from '@navarch/api';
import type { Clock, Logger } from '@navarch/base';
import type { Api, Recorder } from '@navarch/client';
import { formatTime, hasReason, type Key, keyOf, StatusError } from '@navarch/machinery';

export interface OutcomeDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly log: Logger;
  readonly recorder: Recorder;
}

/** Tells the server where a pod runs, once it is decided. Rejects where the server refuses or does not answer. */
export async function bind(pod: Pod, nodeName: string, { api, recorder }: OutcomeDeps): Promise<void> {
  const key = keyOf(pod);
  const { name, namespace, uid } = pod.metadata;
  await api.of(podKind).post(key, 'binding', {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace, uid },
    target: { kind: 'Node', name: nodeName },
  });
  recordScheduled(pod, nodeName, { recorder });
}

export const recordScheduled = (pod: Pod, nodeName: string, { recorder }: Pick<OutcomeDeps, 'recorder'>): void =>
  recorder.record(pod, {
    type: 'Normal',
    reason: 'Scheduled',
    action: 'Binding',
    message: `Successfully assigned ${keyOf(pod)} to ${nodeName}`,
  });

/** How long until a server that does not say what became of a binding is asked again. */
const ASK_AGAIN_MS = 1000;

/**
 * The pod as the server has it: where an answer was lost, what the cache shows may be older than what was done, and the
 * room of a pod that is bound must not be given to another.
 */
export async function storedPod(
  key: Key,
  { api, clock }: Pick<OutcomeDeps, 'api' | 'clock'>,
  signal: AbortSignal,
): Promise<Pod | undefined> {
  while (!signal.aborted) {
    try {
      return await api.of(podKind).get(key);
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      await clock.sleep(ASK_AGAIN_MS, signal).catch(() => undefined);
    }
  }
  return undefined;
}

export interface FailureReport {
  readonly pod: Pod;
  /** The pod fits nowhere; or something went wrong that has nothing to do with where it fits. */
  readonly reason: 'Unschedulable' | 'SchedulerError';
  readonly message: string;
  /** A node it is promised from now on; null: it has lost the promise of one; absent: nothing changes. */
  readonly nominatedNodeName?: string | null;
}

/** Events have no room for more (NoteLengthLimit of upstream's event validation). */
const NOTE_MAX = 1024;
const CUT = ' ...';

const note = (message: string): string =>
  message.length <= NOTE_MAX ? message : `${message.slice(0, NOTE_MAX - CUT.length)}${CUT}`;

/** Says why a pod has no node, as event and as condition; the condition only where it says something new. */
export async function reportFailure(
  { pod, reason, message, nominatedNodeName }: FailureReport,
  deps: OutcomeDeps,
  signal: AbortSignal,
): Promise<void> {
  deps.recorder.record(pod, {
    type: 'Warning',
    reason: 'FailedScheduling',
    action: 'Scheduling',
    message: note(message),
  });
  const known = pod.status.conditions?.find((condition) => condition.type === 'PodScheduled');
  const isKnown = known?.status === 'False' && known.reason === reason && known.message === message;
  if (isKnown && nominatedNodeName === undefined) return;
  const condition = {
    type: 'PodScheduled',
    ...observed(pod),
    status: 'False',
    reason,
    message,
    lastTransitionTime:
      known?.status === 'False' && known.lastTransitionTime ? known.lastTransitionTime : formatTime(deps.clock.now()),
  };
  await patchStatus(
    pod,
    {
      ...(isKnown ? {} : { conditions: [condition] }),
      ...(nominatedNodeName === undefined ? {} : { nominatedNodeName }),
    },
    deps,
    signal,
  );
}

/** Of which spec a condition speaks (KEP-5067). */
export const observed = ({ metadata: { generation } }: Pod): object =>
  generation === undefined ? {} : { observedGeneration: generation };

/** Where the pod is going to be, for those who must know before it is bound (KEP-5278). */
export const tellExpected = (pod: Pod, nodeName: string, deps: OutcomeDeps, signal: AbortSignal): Promise<void> =>
  pod.status.nominatedNodeName === nodeName
    ? Promise.resolve()
    : patchStatus(pod, { nominatedNodeName: nodeName }, deps, signal);

/** The room that a pod was promised goes to a more important one. */
export const losePromise = (pod: Pod, deps: OutcomeDeps, signal: AbortSignal): Promise<void> =>
  patchStatus(pod, { nominatedNodeName: null }, deps, signal);

/** After which times a server in trouble is told again, as upstream: else nobody reads it for minutes why a pod waits. */
const TELL_AGAIN_MS = [10, 50, 250];

async function patchStatus(pod: Pod, status: object, deps: OutcomeDeps, signal: AbortSignal): Promise<void> {
  const pods = deps.api.of(podKind);
  const patch = { type: 'strategic', body: { metadata: { uid: pod.metadata.uid }, status } } as const;
  for (const pauseMs of [...TELL_AGAIN_MS, undefined]) {
    try {
      await pods.patch(keyOf(pod), patch, { subresource: 'status' });
      return;
    } catch (error) {
      if (pauseMs === undefined || signal.aborted || !isInTrouble(error))
        return complainUnlessGone(error, 'cannot write the status of a pod', pod, deps, signal);
    }
    await deps.clock.sleep(pauseMs, signal).catch(() => undefined);
  }
}

const isInTrouble = (error: unknown): boolean =>
  hasReason(error, 'InternalError') || hasReason(error, 'ServiceUnavailable');

/** The pod is gone, or another has its name: there is nothing to say any more. */
function complainUnlessGone(error: unknown, what: string, pod: Pod, { log }: OutcomeDeps, signal: AbortSignal): void {
  const isGone = error instanceof StatusError && (hasReason(error, 'NotFound') || hasReason(error, 'Conflict'));
  if (!isGone && !signal.aborted) log.warn(what, { pod: keyOf(pod), error });
}
