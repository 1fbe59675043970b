import { isAvailable, isReady, isTerminal, type Pod, statefulSet } from '@navarch/api';
import { equalJson, keyOf } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { isOfRevision } from './identity.ts';
import type { StatefulSet } from './names.ts';

export interface Named {
  readonly metadata: { readonly name: string };
}

interface Standing {
  readonly set: StatefulSet;
  readonly pods: readonly Pod[];
  readonly current: Named;
  readonly update: Named;
  readonly collisions: number;
  /** Pods that were just taken away for others of the next revision. */
  readonly replaced: readonly Pod[];
  readonly nowMs: number;
}

export const isUp = (set: StatefulSet, p: Pod, nowMs: number): boolean =>
  p.status.phase === 'Running' && isAvailable(p, set.spec.minReadySeconds ?? 0, nowMs) && !p.metadata.deletionTimestamp;

export function statusOf({ set, pods, current, update, collisions, replaced, nowMs }: Standing): StatefulSet['status'] {
  const wanted = set.spec.replicas ?? 1;
  const living = pods.filter((p) => !p.metadata.deletionTimestamp && !isTerminal(p));
  const count = (matches: (p: Pod) => boolean): number => living.filter(matches).length;
  const updated = count((p) => isOfRevision(p, update));
  const isRolledOut =
    set.spec.updateStrategy?.type !== 'OnDelete' &&
    updated === wanted &&
    living.length === wanted &&
    living.every((p) => isUp(set, p, nowMs));
  const currentRevision = isRolledOut ? update : current;
  const optional = {
    readyReplicas: count((p) => p.status.phase === 'Running' && isReady(p)),
    // The next to be made in its place is of the update, however soon it is gone: that is read from here (revisionFor).
    currentReplicas: count((p) => !replaced.includes(p) && isOfRevision(p, currentRevision)),
    updatedReplicas: updated,
  };
  return {
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    replicas: pods.filter((p) => !isTerminal(p)).length,
    ...Object.fromEntries(Object.entries(optional).filter(([, n]) => n > 0)),
    currentRevision: currentRevision.metadata.name,
    updateRevision: update.metadata.name,
    collisionCount: collisions,
    availableReplicas: count((p) => isUp(set, p, nowMs)),
  } as StatefulSet['status'];
}

export async function writeStatus(set: StatefulSet, status: StatefulSet['status'], { api }: Context): Promise<void> {
  if (equalJson(status, set.status)) return;
  await api
    .of(statefulSet)
    .update(keyOf(set), (held) => (held.metadata.uid === set.metadata.uid ? { ...held, status } : held), {
      subresource: 'status',
    });
}
