import type { Pod } from '@navarch/api';
import type { Action } from './action.ts';
import type { Memory } from './memory.ts';
import { isAlive, isCreated, isRunning, type Observed, type ObservedContainer } from './observed.ts';
import { alive, IMAGE, type PodContainer } from './pod-container.ts';

export interface Steps {
  readonly actions: readonly Action[];
  /** Milliseconds of the wall clock. */
  readonly lookAgainAt?: number;
}

/** How long a container is asked to end before it is made to, at least: less would make every deletion a violent one. */
const GRACE_SECONDS_MIN = 2;

export const graceOf = (pod: Pod): number => Number(pod.spec.terminationGracePeriodSeconds ?? 30);

/**
 * Ends everything that runs: app containers side by side, then sidecars one by one, the last of the spec first, since
 * whoever was started after a sidecar may need it to the end (KEP-753). preStop hooks of all begin at once.
 */
export function endContainers(
  pod: Pod,
  containers: readonly PodContainer[],
  memory: Memory,
  now: number,
  endBy: number,
): Steps {
  const isForced = pod.metadata.deletionTimestamp !== undefined && pod.metadata.deletionGracePeriodSeconds === 0;
  const { deletionTimestamp } = pod.metadata;
  const killBy = Math.min(
    deletionTimestamp === undefined ? endBy : (memory.killBy ?? Date.parse(deletionTimestamp)),
    memory.eviction ? endBy : Number.POSITIVE_INFINITY,
  );
  return merged(
    containers.flatMap((container, i) => {
      const isItsTurn =
        container.role !== 'sidecar' ||
        !containers.some((other, j) => alive(other) && (other.role !== 'sidecar' || j > i));
      return container.instances.map((instance): Steps => {
        if (isCreated(instance)) return { actions: [removal(instance)] };
        if (!isAlive(instance)) return { actions: [] };
        return end(
          container,
          instance,
          { killBy, isForced, isItsTurn, message: `Stopping container ${instance.name}` },
          memory,
          now,
        );
      });
    }),
  );
}

interface End {
  readonly killBy: number;
  readonly isForced?: boolean;
  readonly isItsTurn?: boolean;
  /** Of the Killing event. */
  readonly message: string;
}

/** Ends one container: its preStop hook first, then it is asked, then it is made to, all within its grace. */
export function end(
  { spec }: PodContainer,
  instance: ObservedContainer,
  wanted: End,
  memory: Memory,
  now: number,
): Steps {
  const { id, name } = instance;
  const { message, isForced = false, isItsTurn = true } = wanted;
  const killBy = Math.min(wanted.killBy, memory.killing.get(id) ?? Number.POSITIVE_INFINITY);
  const hasTime = now < killBy && !isForced;
  if (hasTime && spec.lifecycle?.preStop && isRunning(instance) && !memory.preStopped.has(id)) {
    return { actions: [{ type: 'pre-stop', container: spec, id, killBy, message }], lookAgainAt: killBy };
  }
  if (hasTime && !isItsTurn) return { actions: [], lookAgainAt: killBy };
  const graceSeconds = isForced ? 0 : Math.max(GRACE_SECONDS_MIN, Math.ceil((killBy - now) / 1000));
  return { actions: [{ type: 'stop-container', name, id, killBy, graceSeconds, message }] };
}

/** Containers that may not go on while their pod does. */
export function endUnwanted(
  pod: Pod,
  containers: readonly PodContainer[],
  sandboxId: string | undefined,
  memory: Memory,
  now: number,
): Steps {
  return merged(
    containers.flatMap((container) =>
      container.instances.filter(isAlive).map((instance) => {
        const wanted = unwanted(pod, container, instance, sandboxId, memory);
        return wanted
          ? end(container, instance, { killBy: now + wanted.graceSeconds * 1000, message: wanted.message }, memory, now)
          : { actions: [] };
      }),
    ),
  );
}

function unwanted(
  pod: Pod,
  { spec, role, instances, isSuperseded }: PodContainer,
  instance: ObservedContainer,
  sandboxId: string | undefined,
  memory: Memory,
): { readonly graceSeconds: number; readonly message: string } | undefined {
  const graceSeconds = graceOf(pod);
  if (isSuperseded || instance.sandboxId !== sandboxId || instance !== instances[0])
    return { graceSeconds, message: `Stopping container ${spec.name}` };
  if (!isRunning(instance))
    return { graceSeconds, message: 'Container is in unknown state, try killing it before restart' };
  const afterwards = pod.spec.restartPolicy === 'Never' ? '' : ', will be restarted';
  const image = instance.status.annotations[IMAGE];
  if (image !== undefined && image !== spec.image)
    return { graceSeconds, message: `Container ${spec.name} definition changed${afterwards}` };
  const doom = memory.doomed.get(instance.id);
  if (doom !== undefined) return { graceSeconds, message: doom };
  const results = memory.probes.get(instance.id);
  if (results?.isAlive !== false) return undefined;
  const isStartup = results.isStarted === false && spec.startupProbe !== undefined;
  const probe = isStartup ? spec.startupProbe : spec.livenessProbe;
  const failed = `${spec.name} failed ${isStartup ? 'startup' : 'liveness'} probe`;
  const message = role === 'sidecar' ? `Init container ${failed}` : `Container ${failed}${afterwards}`;
  return { graceSeconds: Number(probe?.terminationGracePeriodSeconds ?? graceSeconds), message };
}

/**
 * What is kept of a container is its newest instance and one dead one before it: its last state, and its log. What is
 * kept of a sandbox that was replaced is nothing, once its containers are gone.
 */
export function leftovers(
  containers: readonly PodContainer[],
  { sandboxes: [sandbox, ...older], containers: instances }: Observed,
): readonly Action[] {
  const removals = containers.flatMap(({ instances: [newest, ...others] }) => {
    const dead = others.filter((i) => !isAlive(i));
    return dead.slice(newest && (isAlive(newest) || isCreated(newest)) ? 1 : 0).map(removal);
  });
  const unknown = instances.filter((i) => !isAlive(i) && !containers.some((c) => c.spec.name === i.name)).map(removal);
  const sandboxes = older.flatMap((old): readonly Action[] => {
    const own = instances.filter((c) => c.sandboxId === old.id);
    if (old.isReady) return own.some(isAlive) ? [] : [{ type: 'stop-sandbox', id: old.id }];
    return sandbox?.isReady && own.length === 0 ? [{ type: 'remove-sandbox', id: old.id }] : [];
  });
  return [...removals, ...unknown, ...sandboxes];
}

export const removal = ({ id, name, attempt }: ObservedContainer): Action => ({
  type: 'remove-container',
  id,
  name,
  attempt,
});

export function merged(parts: readonly Steps[]): Steps {
  const waits = parts.map((p) => p.lookAgainAt).filter((at) => at !== undefined);
  return { actions: parts.flatMap((p) => p.actions), ...(waits.length > 0 ? { lookAgainAt: Math.min(...waits) } : {}) };
}
