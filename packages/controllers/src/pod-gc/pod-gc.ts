import { isTerminal, node, pod, type Pod } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { hasReason, keyOf } from '@navarch/machinery';
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
      const unscheduled = context.cache.find(pod, podsByNode, '').filter((p) => p.metadata.deletionTimestamp);
      await removeAll(terminatedBeyond(pods, terminatedMax), 'terminated', context);
      await removeAll(outOfService(context.cache), 'out-of-service', context);
      await removeAll(await orphans(pods, missed, context), 'orphaned', context);
      await removeAll(unscheduled, 'unscheduled', context);
      return { requeueAfterMs: PERIOD_MS };
    },
  });
};

function terminatedBeyond(pods: readonly Pod[], max: number): readonly Pod[] {
  if (max <= 0) return [];
  const terminated = pods.filter(isTerminal);
  return terminated.length <= max ? [] : terminated.sort(oldestFirst).slice(0, terminated.length - max);
}

/** What its node put out goes before all others: those tell what workloads have done. */
const oldestFirst = (a: Pod, b: Pod): number => (ageOf(a) < ageOf(b) ? -1 : 1);
const ageOf = ({ metadata: { creationTimestamp, name }, status: { phase, reason } }: Pod): string =>
  `${phase === 'Failed' && reason === 'Evicted' ? 0 : 1} ${creationTimestamp} ${name}`;

/** Someone declared the node lost for good (KEP-2268): its terminating pods need not wait for it. */
function outOfService(cache: CacheReader): readonly Pod[] {
  const lost = cache
    .list(node)
    .filter(
      ({ spec, status }) =>
        spec.taints?.some(({ key }) => key === OUT_OF_SERVICE) &&
        !status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'),
    );
  return lost
    .flatMap(({ metadata }) => cache.find(pod, podsByNode, metadata.name))
    .filter((p) => p.metadata.deletionTimestamp)
    .sort(oldestFirst);
}

async function orphans(pods: readonly Pod[], missed: Map<string, number>, context: Context): Promise<readonly Pod[]> {
  const { cache, clock } = context;
  const missing = new Set(
    pods.map((p) => p.spec.nodeName ?? '').filter((name) => name !== '' && !cache.get(node, name)),
  );
  for (const name of missed.keys()) if (!missing.has(name)) missed.delete(name);
  const found: Pod[] = [];
  for (const name of missing) {
    const since = missed.get(name) ?? clock.monotonic();
    missed.set(name, since);
    if (clock.monotonic() - since >= QUARANTINE_MS && !(await exists(name, context)))
      found.push(...cache.find(pod, podsByNode, name));
  }
  return found;
}

/** Who cannot say so now is asked again in the next round. */
async function exists(name: string, { api, log }: Context): Promise<boolean> {
  try {
    await api.of(node).get(name);
    return true;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false;
    log.warn('Cannot tell whether a node is gone', { node: name, error });
    return true;
  }
}

type Why = 'terminated' | 'out-of-service' | 'orphaned' | 'unscheduled';

/** One that somebody holds fast is tried again in the next round, and keeps no other. */
async function removeAll(pods: readonly Pod[], why: Why, context: Context): Promise<void> {
  for (const p of pods) {
    const labels = { namespace: p.metadata.namespace ?? '', reason: why };
    DELETED.add(context.metrics, labels);
    try {
      await remove(p, why, context);
    } catch (error) {
      context.signal.throwIfAborted();
      FAILED.add(context.metrics, labels);
      context.log.warn('Cannot remove a pod', { pod: keyOf(p), why, error });
    }
  }
}

/** Whatever has not ended has failed: nobody is left who could say how it ended. */
const remove = (p: Pod, why: Why, context: Context): Promise<void> =>
  disrupt(
    p,
    {
      ...(why === 'orphaned' ? { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' } : {}),
      fails: true,
      gracePeriodSeconds: 0,
    },
    context,
  );
