import type { Pod } from '@navarch/api';
import { actionKey, type StartContainer } from './action.ts';
import { merged, type Steps } from './ending.ts';
import type { Memory } from './memory.ts';
import { isAlive, isCreated, isExited, type ObservedSandbox } from './observed.ts';
import { alive, current, endingOf, hasStarted, lastAttempt, type PodContainer } from './pod-container.ts';
import { asGiven } from './resize.ts';
import { backOffUntil, failuresAfter, pauseShownFrom, restarts } from './restart.ts';

/**
 * Starts what should run in this sandbox, one container at a time in the order of the spec: a container's postStart
 * hook is over before the next one begins.
 */
export function startContainers(
  pod: Pod,
  containers: readonly PodContainer[],
  sandbox: ObservedSandbox,
  memory: Memory,
  now: number,
): Steps {
  const hooks = containers.flatMap((c) =>
    c.instances
      .filter((i) => isAlive(i) && memory.postStarting.has(i.id))
      .map(({ id }) => ({ type: 'post-start', container: c.spec, id }) as const),
  );
  // All end before any begins anew.
  const isEnding = containers.some((c) => c.isSuperseded && alive(c));
  const starts = isEnding
    ? []
    : dueContainers(containers, sandbox.id, memory).map((c) => start(pod, c, sandbox.id, memory, now));
  const ready = starts.flatMap((s) => s.actions);
  // What is being started is not given up for another that became due meanwhile.
  const next =
    ready.find((action) => memory.underWay.has(actionKey(action))) ?? (hooks.length > 0 ? undefined : ready[0]);
  const { lookAgainAt } = merged(starts);
  return { actions: [...hooks, ...(next ? [next] : [])], ...(lookAgainAt === undefined ? {} : { lookAgainAt }) };
}

/** What may run by now: init containers one after the other, each after the sidecars before it, then all app containers. */
function dueContainers(
  containers: readonly PodContainer[],
  sandboxId: string,
  memory: Memory,
): readonly PodContainer[] {
  const apps = containers.filter((c) => c.role === 'app');
  const ephemeral = containers.filter((c) => c.role === 'ephemeral');
  const sidecars = containers.filter((c) => c.role === 'sidecar');
  if (isInitialized(containers, sandboxId)) return [...ephemeral, ...sidecars, ...apps];
  const due: PodContainer[] = [...ephemeral];
  for (const container of containers.filter((c) => c.role === 'init' || c.role === 'sidecar')) {
    due.push(container);
    const newest = current(container);
    const isDone =
      container.role === 'sidecar'
        ? hasStarted(container, memory)
        : newest !== undefined && isExited(newest) && newest.status.exitCode === 0;
    if (newest?.sandboxId !== sandboxId || !isDone || container.isSuperseded) return due;
  }
  return [...due, ...apps];
}

/** Once an app container has been made in a sandbox, initialization is over for it. */
const isInitialized = (containers: readonly PodContainer[], sandboxId: string | undefined): boolean =>
  containers.some(
    (c) => c.role === 'app' && !c.isSuperseded && current(c)?.sandboxId === sandboxId && sandboxId !== undefined,
  );

interface Start extends Steps {
  readonly actions: readonly StartContainer[];
}

function start(pod: Pod, container: PodContainer, sandboxId: string, memory: Memory, now: number): Start {
  const newest = current(container);
  if (newest && isAlive(newest)) return { actions: [] };
  const ending = endingOf(container);
  // A new sandbox begins with initialization, whatever came of it in the one before.
  const isAnew = container.role === 'init' && (container.isSuperseded || newest?.sandboxId !== sandboxId);
  if (ending && !isAnew && !restarts(pod, container, ending)) return { actions: [] };
  const isPenalized = ending !== undefined && !(isAnew && ending.exitCode === 0);
  const due = Math.max(
    memory.waiting.get(container.spec.name)?.retryAt ?? 0,
    isPenalized ? backOffUntil(ending, memory.node, now) : 0,
  );
  if (due > now) {
    const shownFrom = isPenalized ? pauseShownFrom(ending, memory.node) : due;
    return { actions: [], lookAgainAt: shownFrom > now ? Math.min(shownFrom, due) : due };
  }
  const replaces = newest && isCreated(newest) ? newest : undefined;
  const attempt = replaces ? replaces.attempt : (lastAttempt(container) ?? -1) + 1;
  const past = replaces ? endingOf({ ...container, instances: container.instances.slice(1) }) : ending;
  return {
    actions: [
      {
        type: 'start-container',
        container: asGiven(container, memory),
        attempt,
        sandboxId,
        failures: failuresAfter(past),
        replaces: replaces?.id,
      },
    ],
  };
}
