import type { Pod, PodStatus } from '@navarch/api';
import type { Action } from './action.ts';
import { endContainers, endUnwanted, graceOf, leftovers, merged, removal, type Steps } from './ending.ts';
import type { Memory } from './memory.ts';
import type { Observed } from './observed.ts';
import { alive, containersOf, type PodContainer } from './pod-container.ts';
import { resizeContainers } from './resize.ts';
import { startContainers } from './starting.ts';
import { statusOf } from './status.ts';
import { deadlineOf, verdictOf } from './verdict.ts';

export interface Decision extends Steps {
  /** Every step that is wanted now: also those that are under way and are to go on. */
  readonly actions: readonly Action[];
  readonly status: PodStatus;
}

/** The whole kubelet in one pure function: what is wanted and what is, to what to do next and what to say of it. */
export function decide(pod: Pod, observed: Observed, memory: Memory, now: number): Decision {
  const isDeleted = pod.metadata.deletionTimestamp !== undefined;
  const containers = containersOf(pod, observed);
  const verdict = verdictOf(pod, containers, memory, now);
  const status = statusOf({ pod, containers, observed, memory, now, verdict });
  if (isDeleted || verdict) {
    const killBy = (verdict?.since ?? now) + (verdict?.graceSeconds ?? graceOf(pod)) * 1000;
    return { status, ...endPod(pod, containers, observed, memory, now, killBy) };
  }
  const steps = merged([
    goOn(pod, containers, observed, memory, now),
    { actions: leftovers(containers, observed) },
    waitFor(deadlineOf(pod)),
  ]);
  return { status, ...steps };
}

const waitFor = (at: number | undefined): Steps => ({ actions: [], ...(at === undefined ? {} : { lookAgainAt: at }) });

function goOn(pod: Pod, containers: readonly PodContainer[], observed: Observed, memory: Memory, now: number): Steps {
  const [sandbox] = observed.sandboxes;
  // Containers of a sandbox that died cannot go on.
  const ends = endUnwanted(pod, containers, sandbox?.isReady ? sandbox.id : undefined, memory, now);
  if (memory.volumes !== 'ready') return merged([ends, volumes(memory, now)]);
  if (sandbox?.isReady)
    return merged([
      ends,
      startContainers(pod, containers, sandbox, memory, now),
      resizeContainers(pod, containers, memory, now),
    ]);
  if (ends.actions.length > 0) return ends;
  if (memory.sandboxRetryAt !== undefined && memory.sandboxRetryAt > now) return waitFor(memory.sandboxRetryAt);
  return { actions: [{ type: 'start-sandbox', attempt: sandbox ? sandbox.attempt + 1 : 0, after: sandbox?.id }] };
}

const volumes = ({ volumesRetryAt }: Memory, now: number): Steps =>
  volumesRetryAt !== undefined && volumesRetryAt > now
    ? waitFor(volumesRetryAt)
    : { actions: [{ type: 'prepare-volumes' }] };

/** Everything of a pod that is going or over is ended; of one that is going nothing may be left. */
function endPod(
  pod: Pod,
  containers: readonly PodContainer[],
  observed: Observed,
  memory: Memory,
  now: number,
  killBy: number,
): Steps {
  const ends = endContainers(pod, containers, memory, now, killBy);
  if (containers.some((c) => alive(c))) return ends;
  const ready = observed.sandboxes.filter((s) => s.isReady);
  if (ready.length > 0) return merged([ends, { actions: ready.map((s) => ({ type: 'stop-sandbox', id: s.id })) }]);
  if (pod.metadata.deletionTimestamp) return { actions: [{ type: 'finish' }] };
  return merged([
    ends,
    { actions: memory.isBare ? observed.containers.map(removal) : leftovers(containers, observed) },
    { actions: memory.volumes === 'gone' ? [] : [{ type: 'tear-down-volumes' }] },
  ]);
}
