import { isTerminal, type Pod, pod } from '@navarch/api';
import { type Controller, defineController, self } from '../controller.ts';
import { findCondition } from '../shared/conditions.ts';
import { timestamp } from '../shared/time.ts';

/** Whoever said that a pod is to be disrupted deletes it soon after, or has crashed in between. */
const STALE_MS = 2 * 60_000;

/** Takes back the word that a pod is being disrupted, where nobody deleted it (KEP-3329). */
export const staleDisruptionController: Controller = defineController({
  name: 'stale-pod-disruption',
  queueName: 'stale_pod_disruption',
  partOf: 'disruption-controller',
  eventSource: 'controllermanager',
  watches: [self(pod, ({ current }) => current !== undefined && targetedAt(current) !== undefined)],
  async reconcile(key, { api, cache, clock }) {
    const known = cache.get(pod, key);
    const since = known && targetedAt(known);
    if (since === undefined) return undefined;
    const waitMs = since + STALE_MS - clock.now();
    if (waitMs > 0) return { requeueAfterMs: waitMs };
    const now = timestamp(clock.now());
    await api.of(pod).update(
      key,
      (current) => {
        if (current.metadata.uid !== known?.metadata.uid || targetedAt(current) !== since) return current;
        const { metadata, status } = current;
        const observed = metadata.generation === undefined ? {} : { observedGeneration: metadata.generation };
        const conditions = (status.conditions ?? []).map((condition) =>
          condition.type === 'DisruptionTarget'
            ? { type: condition.type, status: 'False', lastTransitionTime: now, ...observed }
            : condition,
        );
        return { ...current, status: { ...status, conditions } };
      },
      { subresource: 'status' },
    );
    return undefined;
  },
});

/** In ms since the epoch; undefined for pods that go, have ended, or whose kubelet takes its time to stop them. */
function targetedAt(p: Pod): number | undefined {
  const target = findCondition(p.status.conditions, 'DisruptionTarget');
  if (target?.status !== 'True' || target.reason === 'TerminationByKubelet') return undefined;
  if (p.metadata.deletionTimestamp || isTerminal(p) || !target.lastTransitionTime) return undefined;
  return Date.parse(target.lastTransitionTime);
}
