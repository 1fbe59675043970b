import { isTerminal, pod, type Pod } from '@navarch/api';
import { hasReason, keyOf } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { timestamp } from './time.ts';

export interface Disruption {
  /** Of the condition DisruptionTarget; absent: nothing is said but that it failed. */
  readonly reason?: string;
  readonly message?: string;
  /** The pod's node cannot say any more how it ended: it counts as failed. */
  readonly fails: boolean;
  readonly gracePeriodSeconds?: number;
}

/**
 * Deletes a pod after saying in its status why (KEP-3329). A pod that is gone already is what was wanted; a conflict is for the
 * next try, which sees what is there by then.
 */
export async function disrupt(
  target: Pod,
  { reason, message, fails, gracePeriodSeconds }: Disruption,
  { api, clock }: Context,
): Promise<void> {
  const now = timestamp(clock.now());
  try {
    await api.of(pod).update(
      keyOf(target),
      (current) => {
        if (current.metadata.uid !== target.metadata.uid || isTerminal(current)) return current;
        const failed = fails ? { phase: 'Failed' as const } : {};
        if (reason === undefined) return { ...current, status: { ...current.status, ...failed } };
        const others = (current.status.conditions ?? []).filter((condition) => condition.type !== 'DisruptionTarget');
        const generation =
          current.metadata.generation === undefined ? {} : { observedGeneration: current.metadata.generation };
        const condition = {
          type: 'DisruptionTarget',
          ...generation,
          status: 'True',
          lastTransitionTime: now,
          reason,
          ...(message === undefined ? {} : { message }),
        };
        return {
          ...current,
          status: {
            ...current.status,
            ...failed,
            conditions: [...others, condition],
          },
        };
      },
      { subresource: 'status' },
    );
    await api.of(pod).delete(keyOf(target), {
      preconditions: { uid: target.metadata.uid },
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
