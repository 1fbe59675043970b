import { isTerminal, node, pod, type Pod } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { type Context, type Controller, defineController } from '../controller.ts';
import { count } from '../shared/measure.ts';
import { disrupt } from '../shared/disruption.ts';
import { podsByNode } from '../shared/pods-on-node.ts';

const PERIOD_MS = 20_000;
/** A node that is not there may only be not there yet. */
const QUARANTINE_MS = 40_000;
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

const DELETED = count('pod_gc_collector_force_delete_pods_total', '[ALPHA] Pods that were forcefully deleted');
const FAILED = count(
  'pod_gc_collector_force_delete_pod_errors_total',
  '[ALPHA] Pods that could not be forcefully deleted',
);

export interface PodGcOptions {
  /** Terminated pods kept in the cluster; the oldest beyond go. Upstream: 12500. */
  readonly terminatedMax?: number;
}

/** Removes pods that nobody else will: of nodes that are gone, deleted before they were scheduled, or simply too many. */
export const podGcController = ({ terminatedMax = 12_500 }: PodGcOptions = {}): Controller => {
  /** When each missing node was first missed, in monotonic ms. Nodes that are back, or have no pods left, are dropped. */
  const missed = new Map<string, number>();
  return defineController({
    name: 'pod-garbage-collector-controller',
    queueName: 'orphaned_pods_nodes',
    watches: [],
    reads: [pod, node],
    initialKeys: ['pods'],
    workers: 1,
    async reconcile(_, context) {
      const pods = context.cache.list(pod);
      await removeTerminated(pods, terminatedMax, context);
      await removeOutOfService(context);
      await removeOrphans(pods, missed, context);
      for (const p of context.cache.find(pod, podsByNode, ''))
        if (p.metadata.deletionTimestamp) await remove(p, 'unscheduled', context);
      return { requeueAfterMs: PERIOD_MS };
    },
  });
};

async function removeTerminated(pods: readonly Pod[], max: number, context: Context): Promise<void> {
  if (max <= 0) return;
  const terminated = pods.filter((p) => isTerminal(p) && !p.metadata.deletionTimestamp);
  if (terminated.length <= max) return;
  const oldest = terminated
    .sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1))
    .slice(0, terminated.length - max);
  for (const p of oldest) await remove(p, 'terminated', context);
}

/** Someone declared the node lost for good (KEP-2268): its terminating pods need not wait for it. */
async function removeOutOfService(context: Context): Promise<void> {
  for (const n of context.cache.list(node)) {
    const isUp = n.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');
    if (isUp || !n.spec.taints?.some((taint) => taint.key === OUT_OF_SERVICE)) continue;
    for (const p of context.cache.find(pod, podsByNode, n.metadata.name))
      if (p.metadata.deletionTimestamp) await remove(p, 'out-of-service', context);
  }
}

async function removeOrphans(pods: readonly Pod[], missed: Map<string, number>, context: Context): Promise<void> {
  const { cache, clock } = context;
  const missing = new Set(
    pods.map((p) => p.spec.nodeName ?? '').filter((name) => name !== '' && !cache.get(node, name)),
  );
  for (const name of missed.keys()) if (!missing.has(name)) missed.delete(name);
  for (const name of missing) {
    const since = missed.get(name) ?? clock.monotonic();
    missed.set(name, since);
    if (clock.monotonic() - since < QUARANTINE_MS || (await exists(name, context))) continue;
    for (const p of cache.find(pod, podsByNode, name)) await remove(p, 'orphaned', context);
  }
}

async function exists(name: string, { api }: Context): Promise<boolean> {
  try {
    await api.of(node).get(name);
    return true;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false;
    throw error;
  }
}

type Why = 'terminated' | 'out-of-service' | 'orphaned' | 'unscheduled';

/** Whatever has not ended has failed: nobody is left who could say how it ended. */
async function remove(p: Pod, why: Why, context: Context): Promise<void> {
  const labels = { namespace: p.metadata.namespace ?? '', reason: why };
  DELETED.add(context.metrics, labels);
  const said = why === 'orphaned' ? { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' } : {};
  try {
    await disrupt(p, { ...said, fails: true, gracePeriodSeconds: 0 }, context);
  } catch (error) {
    FAILED.add(context.metrics, labels);
    throw error;
  }
}
