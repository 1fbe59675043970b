import type { Labels, MetricFamily } from '@navarch/base';
import type { PodQueue, QueuePart } from '../queue/pod-queue.ts';

const PARTS = ['active', 'backoff', 'unschedulable', 'gated'] as const satisfies readonly QueuePart[];

/**
 * What waits where: pods that go by themselves, and groups, each once, in the part that is nearest to a try of those that
 * its pods are in. Without groups nothing is looked through.
 */
export function queuedEntities(
  queue: PodQueue,
  groupOf: ((key: string) => string | undefined) | undefined,
): MetricFamily {
  const samples: { readonly labels: Labels; readonly value: number }[] = [];
  const seen = new Set<string>();
  for (const part of PARTS) {
    const [pods, groups] = groupOf ? counted(queue.keysIn(part), groupOf, seen) : [queue.sizes[part], undefined];
    samples.push({ labels: { queue: part, type: 'pod' }, value: pods });
    if (groups !== undefined) samples.push({ labels: { queue: part, type: 'podgroup' }, value: groups });
  }
  return {
    name: 'scheduler_queued_entities',
    help: "[ALPHA] Number of queued scheduling entities ('pod' or 'podgroup'; 'pod' stands for individual pods that are not members of any podgroup) by the queue type. 'active' means number of entities in activeQ; 'backoff' means number of entities in backoffQ; 'unschedulable' means number of entities in unschedulableEntities that the scheduler attempted to schedule and failed; 'gated' is the number of unschedulable entities that the scheduler never attempted to schedule because they are gated.",
    type: 'gauge',
    samples,
  };
}

/** Pods without a group, and groups that were not seen before. */
function counted(
  keys: Iterable<string>,
  groupOf: (key: string) => string | undefined,
  seen: Set<string>,
): readonly [pods: number, groups: number] {
  let [pods, groups] = [0, 0];
  for (const key of keys) {
    const group = groupOf(key);
    if (group === undefined) pods += 1;
    else if (!seen.has(group)) {
      seen.add(group);
      groups += 1;
    }
  }
  return [pods, groups];
}
