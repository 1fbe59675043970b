import { type Container, isSidecar, type Pod, type PodStatus } from '@navarch/api';
import type { Memory } from './memory.ts';
import { isExited, isRunning, newest, type Observed, type ObservedContainer } from './observed.ts';
import { backOffUntil, hasStarted, restarts } from './restart.ts';
import { statusOf } from './status.ts';

/** One step towards what the pod should be. Any of them may be repeated after a crash. */
export type Action =
  | { readonly type: 'prepare-volumes' }
  | { readonly type: 'start-sandbox'; readonly attempt: number }
  | { readonly type: 'stop-sandbox'; readonly id: string }
  | { readonly type: 'start-container'; readonly container: Container; readonly attempt: number; readonly sandboxId: string }
  | { readonly type: 'kill-containers'; readonly containers: readonly ObservedContainer[]; readonly graceSeconds: number; readonly message: string }
  | { readonly type: 'remove-containers'; readonly ids: readonly string[] }
  | { readonly type: 'finish' };

export interface Decision {
  readonly actions: readonly Action[];
  readonly status: PodStatus;
  /** Wall clock, milliseconds. */
  readonly lookAgainAt?: number;
}

/** The whole kubelet in one pure function: what is wanted and what is, to what to do next and what to say of it. */
export function decide(pod: Pod, observed: Observed, memory: Memory, now: number): Decision {
  if (pod.metadata.deletionTimestamp) return end(pod, observed, memory, now, undefined);
  const deadline = deadlineOf(pod);
  if (deadline !== undefined && deadline <= now) {
    return end(pod, observed, memory, now, { phase: 'Failed', reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' });
  }
  const status = statusOf(pod, observed, memory, now);
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return over(observed, status);
  const [sandbox, ...older] = observed.sandboxes;
  const kills = unwanted(pod, observed, memory);
  if (kills.length > 0) return { status, actions: kills };
  if (!sandbox?.isReady) return startSandbox(observed, memory, now, status);
  const actions: Action[] = older.filter((s) => s.isReady).map((s) => ({ type: 'stop-sandbox', id: s.id }));
  const next = nextContainers(pod, observed, memory, now, sandbox.id);
  actions.push(...next.actions, ...leftovers(observed));
  const waits = [next.lookAgainAt, deadline].filter((at) => at !== undefined);
  return { status, actions, ...(waits.length > 0 ? { lookAgainAt: Math.min(...waits) } : {}) };
}

function deadlineOf(pod: Pod): number | undefined {
  const seconds = pod.spec.activeDeadlineSeconds;
  const start = pod.status.startTime;
  return seconds === undefined || start === undefined ? undefined : Date.parse(start) + seconds * 1000;
}

/** Everything of a pod that is going is ended; when nothing runs any more, nothing may be left. */
function end(pod: Pod, observed: Observed, memory: Memory, now: number, verdict: Partial<PodStatus> | undefined): Decision {
  const status = { ...statusOf(pod, observed, memory, now), ...verdict };
  const running = observed.containers.filter((c) => !isExited(c));
  if (running.length > 0) {
    const due = pod.metadata.deletionTimestamp ? Date.parse(pod.metadata.deletionTimestamp) : now + (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
    const graceSeconds = Math.max(1, Math.ceil((due - now) / 1000));
    return { status, actions: [{ type: 'kill-containers', containers: running, graceSeconds, message: 'Stopping container' }] };
  }
  const ready = observed.sandboxes.filter((s) => s.isReady);
  if (ready.length > 0) return { status, actions: ready.map((s) => ({ type: 'stop-sandbox', id: s.id })) };
  return { status, actions: pod.metadata.deletionTimestamp ? [{ type: 'finish' }] : [] };
}

const over = (observed: Observed, status: PodStatus): Decision =>
  ({ status, actions: observed.sandboxes.filter((s) => s.isReady).map((s) => ({ type: 'stop-sandbox', id: s.id })) });

function startSandbox(observed: Observed, memory: Memory, now: number, status: PodStatus): Decision {
  const running = observed.containers.filter((c) => !isExited(c));
  // Containers of a sandbox that died cannot go on.
  if (running.length > 0) return { status, actions: [{ type: 'kill-containers', containers: running, graceSeconds: 1, message: 'Pod sandbox changed, it will be killed and re-created.' }] };
  if (!memory.areVolumesReady) return { status, actions: [{ type: 'prepare-volumes' }] };
  if (memory.sandboxRetryAt !== undefined && memory.sandboxRetryAt > now) return { status, actions: [], lookAgainAt: memory.sandboxRetryAt };
  return { status, actions: [{ type: 'start-sandbox', attempt: (observed.sandboxes[0]?.attempt ?? -1) + 1 }] };
}

/** Running containers whose liveness or startup probe has given up. */
function unwanted(pod: Pod, observed: Observed, memory: Memory): readonly Action[] {
  const doomed = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].flatMap((spec): readonly Action[] => {
    const current = newest(observed, spec.name);
    const results = current && memory.probes.get(current.id);
    if (!current || !isRunning(current) || (results?.isAlive !== false)) return [];
    const probe = results.isStarted === false && spec.startupProbe ? spec.startupProbe : spec.livenessProbe;
    const graceSeconds = probe?.terminationGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
    const what = probe === spec.startupProbe ? 'startup' : 'liveness';
    return [{ type: 'kill-containers', containers: [current], graceSeconds, message: `Container ${spec.name} failed ${what} probe, will be restarted` }];
  });
  return doomed;
}

interface Next {
  readonly actions: readonly Action[];
  readonly lookAgainAt?: number;
}

function nextContainers(pod: Pod, observed: Observed, memory: Memory, now: number, sandboxId: string): Next {
  if (!memory.areVolumesReady) return { actions: [{ type: 'prepare-volumes' }] };
  const starts = (containers: readonly Container[]): Next => merged(containers.map((c) => start(pod, c, observed, memory, now, sandboxId)));
  const init = pod.spec.initContainers ?? [];
  // Once an app container has run, initialization is over for this sandbox.
  const isInitialized = pod.spec.containers.some((c) => newest(observed, c.name)?.sandboxId === sandboxId);
  const sidecars = init.filter(isSidecar);
  if (isInitialized) return merged([starts(sidecars), starts(pod.spec.containers)]);
  for (const [i, container] of init.entries()) {
    const current = newest(observed, container.name);
    const isHere = current?.sandboxId === sandboxId;
    if (isSidecar(container)) {
      if (isHere && current && isRunning(current) && hasStarted(container, current, memory)) continue;
      return merged([starts(init.slice(0, i).filter(isSidecar)), starts([container])]);
    }
    if (isHere && current && isExited(current) && current.status.exitCode === 0) continue;
    return merged([starts(init.slice(0, i).filter(isSidecar)), starts([container])]);
  }
  return merged([starts(sidecars), starts(pod.spec.containers)]);
}

function merged(parts: readonly Next[]): Next {
  const waits = parts.map((p) => p.lookAgainAt).filter((at) => at !== undefined);
  return { actions: parts.flatMap((p) => p.actions), ...(waits.length > 0 ? { lookAgainAt: Math.min(...waits) } : {}) };
}

function start(pod: Pod, container: Container, observed: Observed, memory: Memory, now: number, sandboxId: string): Next {
  const current = newest(observed, container.name);
  if (current && !isExited(current) && current.sandboxId === sandboxId) return { actions: [] };
  if (current && isExited(current) && current.sandboxId === sandboxId && !restarts(pod, container, current)) return { actions: [] };
  const due = Math.max(memory.waiting.get(container.name)?.retryAt ?? 0, current ? backOffUntil(current) : 0);
  if (due > now) return { actions: [], lookAgainAt: due };
  const attempt = current ? current.attempt + 1 : 0;
  return { actions: [{ type: 'start-container', container, attempt, sandboxId }] };
}

/** Dead instances beyond the last one of each container: only that one is shown as the last state. */
function leftovers(observed: Observed): readonly Action[] {
  const seen = new Map<string, number>();
  const ids = observed.containers.filter((c) => {
    const count = (seen.get(c.name) ?? 0) + 1;
    seen.set(c.name, count);
    return count > 2 && isExited(c);
  }).map((c) => c.id);
  return ids.length > 0 ? [{ type: 'remove-containers', ids }] : [];
}
