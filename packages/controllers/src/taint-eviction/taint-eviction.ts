import { node, pod, type Pod, type Taint, type Toleration } from '@navarch/api';
import { equalJson, keyOf } from '@navarch/machinery';
import { type Context, type Controller, defineController, NOBODY, type Outcome, type Watch } from '../controller.ts';
import { disrupt } from '../shared/disruption.ts';
import { count, EVICTION_SECONDS, spread } from '../shared/measure.ts';
import { podsByNode } from '../shared/pods-on-node.ts';
import { tolerates } from '../shared/tolerations.ts';

const DELETIONS = count('taint_eviction_controller_pod_deletions_total', '[ALPHA] Pods deleted because of taints');
const DELETION_SECONDS = spread(
  'taint_eviction_controller_pod_deletion_duration_seconds',
  '[ALPHA] From when a taint was to take effect on a pod until the pod was deleted',
  EVICTION_SECONDS,
);

const noExecute = (taints: readonly Taint[] | undefined): readonly Taint[] =>
  (taints ?? []).filter((taint) => taint.effect === 'NoExecute');

const pods: Watch<Pod> = {
  kind: pod,
  keys({ current, previous }) {
    const isNews =
      current?.spec.nodeName !== previous?.spec.nodeName ||
      !equalJson(current?.spec.tolerations, previous?.spec.tolerations);
    return isNews || !current ? [keyOf((current ?? previous) as Pod)] : NOBODY;
  },
};

const nodes: Watch = {
  kind: node,
  *keys({ current, previous }, cache) {
    const name = (current ?? previous)?.metadata.name ?? '';
    if (equalJson(noExecute(current?.spec.taints), noExecute(previous?.spec.taints))) return;
    for (const p of cache.find(pod, podsByNode, name)) yield keyOf(p);
  },
};

/** Evicts pods from nodes with NoExecute taints, at once or as long after as they tolerate them. */
export const taintEvictionController = (): Controller => {
  /** When each waiting pod (by uid) was first seen on its tainted node, in monotonic ms; an entry goes with the wait. */
  const since = new Map<string, { readonly key: string; readonly atMs: number }>();
  return defineController({
    name: 'taint-eviction-controller',
    queueName: 'noexec_taint_pod',
    watches: [pods, nodes],
    workers: 8,
    async reconcile(key, context) {
      const found = context.cache.get(pod, key);
      const taints = noExecute(
        found?.spec.nodeName ? context.cache.get(node, found.spec.nodeName)?.spec.taints : undefined,
      );
      if (!found || found.metadata.deletionTimestamp || taints.length === 0) {
        forget(key, found, since, context);
        return undefined;
      }
      return evict(found, taints, since, context);
    },
  });
};

type Since = Map<string, { readonly key: string; readonly atMs: number }>;

async function evict(found: Pod, taints: readonly Taint[], since: Since, context: Context): Promise<Outcome> {
  const { clock, events } = context;
  const { uid, namespace, name } = found.metadata;
  const seconds = toleratedSeconds(taints, found.spec.tolerations ?? []);
  if (seconds === Number.POSITIVE_INFINITY) {
    forget(keyOf(found), found, since, context);
    return undefined;
  }
  const start = since.get(uid)?.atMs ?? clock.monotonic();
  const left = start + seconds * 1000 - clock.monotonic();
  if (left > 0) {
    since.set(uid, { key: keyOf(found), atMs: start });
    return { requeueAfterMs: left };
  }
  since.delete(uid);
  events.record(found, {
    type: 'Normal',
    reason: 'TaintManagerEviction',
    message: `Marking for deletion Pod ${namespace}/${name}`,
  });
  await disrupt(
    found,
    { reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint', fails: false },
    context,
  );
  DELETIONS.add(context.metrics);
  DELETION_SECONDS.observe(context.metrics, Math.max(0, -left) / 1000);
  return undefined;
}

function forget(key: string, found: Pod | undefined, since: Since, { events }: Context): void {
  for (const [uid, waiting] of since) {
    // At most the pods that wait on tainted nodes.
    if (waiting.key !== key) continue;
    since.delete(uid);
    if (found?.metadata.uid !== uid || found.metadata.deletionTimestamp) continue;
    events.record(found, {
      type: 'Normal',
      reason: 'TaintManagerEviction',
      message: `Cancelling deletion of Pod ${key}`,
    });
  }
}

/** The shortest time that is tolerated; 0 when a taint is not tolerated at all, infinity when all are for good. */
function toleratedSeconds(taints: readonly Taint[], tolerations: readonly Toleration[]): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    const fitting = tolerations.filter((toleration) => tolerates(toleration, taint));
    if (fitting.length === 0) return 0;
    for (const { tolerationSeconds } of fitting)
      if (tolerationSeconds !== undefined) shortest = Math.min(shortest, Math.max(0, Number(tolerationSeconds)));
  }
  return shortest;
}
