import { isActive, isAvailable, isReady, type Pod, pod, type PodTemplateSpec, type ReplicaSet, replicaSet } from '@navarch/api';
import { settleAll } from '@navarch/base';
import { compileLabelSelector, controllerReference, type Draft, equalJson, keyOf } from '@navarch/machinery';
import { byController, type Context, defineController, type Outcome, owned, self } from '../controller.ts';
import { claim } from '../shared/claim.ts';
import { withCondition, withoutCondition } from '../shared/conditions.ts';
import { deletionOrder } from './deletion-order.ts';

/** Pods made or deleted in one go. */
const BURST = 500;

/** Keeps as many pods of a template as were asked for. */
export const replicaSetController = defineController({
  name: 'replicaset',
  watches: [
    self(replicaSet),
    owned(pod, replicaSet, (owner, orphan) => compileLabelSelector(owner.spec.selector).matches(orphan.metadata.labels)),
  ],
  indexes: [{ kind: pod, index: byController }],
  async reconcile(key, context) {
    const owner = context.cache.get(replicaSet, key);
    if (!owner) return undefined;
    const selector = compileLabelSelector(owner.spec.selector);
    const orphans = [...context.cache.in(pod, owner.metadata.namespace ?? '')].filter((p) => !p.metadata.ownerReferences?.some((r) => r.controller) && selector.matches(p.metadata.labels));
    const candidates = [...context.cache.by(pod, byController.name, owner.metadata.uid), ...orphans].filter(isActive);
    const mine = await claim(owner, replicaSet, candidates, pod, selector, context);
    const failure = owner.metadata.deletionTimestamp ? undefined : await manage(owner, mine, context);
    return report(owner, mine, failure, context);
  },
});

interface Failure {
  readonly reason: 'FailedCreate' | 'FailedDelete';
  readonly error: Error;
}

async function manage(owner: ReplicaSet, mine: readonly Pod[], context: Context): Promise<Failure | undefined> {
  const missing = (owner.spec.replicas ?? 1) - mine.length;
  if (missing > 0) return create(owner, Math.min(missing, BURST), context);
  if (missing < 0) return remove(owner, deletionOrder(mine).slice(0, Math.min(-missing, BURST)), context);
  return undefined;
}

/** One, then two, then four: when creating is refused, few tries are wasted. */
async function create(owner: ReplicaSet, count: number, context: Context): Promise<Failure | undefined> {
  const draft = podFrom(owner.spec.template as PodTemplateSpec, owner);
  for (let left = count, batch = 1; left > 0; left -= batch, batch = Math.min(batch * 2, left)) {
    const results = await Promise.allSettled(Array.from({ length: Math.min(batch, left) }, () => context.api.of(pod).create(draft)));
    for (const result of results) {
      if (result.status === 'fulfilled') context.recorder.record(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${result.value.metadata.name}`);
    }
    const refused = results.find((result) => result.status === 'rejected');
    if (refused) {
      const error = refused.reason as Error;
      context.recorder.record(owner, 'Warning', 'FailedCreate', `Error creating: ${error.message}`);
      return { reason: 'FailedCreate', error };
    }
  }
  return undefined;
}

async function remove(owner: ReplicaSet, doomed: readonly Pod[], context: Context): Promise<Failure | undefined> {
  try {
    await settleAll(doomed.map(async (p) => {
      await context.api.of(pod).delete(keyOf(p), { preconditions: { uid: p.metadata.uid } });
      context.recorder.record(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${p.metadata.name}`);
    }));
    return undefined;
  } catch (error) {
    context.recorder.record(owner, 'Warning', 'FailedDelete', `Error deleting: ${(error as Error).message}`);
    return { reason: 'FailedDelete', error: error as Error };
  }
}

function podFrom(template: PodTemplateSpec, owner: ReplicaSet): Draft<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    metadata: {
      generateName: `${owner.metadata.name}-`, namespace: owner.metadata.namespace, ownerReferences: [controllerReference(replicaSet, owner)],
      ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}), ...(finalizers ? { finalizers } : {}),
    },
    spec: template.spec as Draft<Pod['spec']>,
  };
}

async function report(owner: ReplicaSet, mine: readonly Pod[], failure: Failure | undefined, { api, clock }: Context): Promise<Outcome> {
  const now = clock.now();
  const minReady = owner.spec.minReadySeconds ?? 0;
  const ready = mine.filter(isReady);
  const available = ready.filter((p) => isAvailable(p, minReady, now));
  const templateLabels = Object.entries(owner.spec.template?.metadata?.labels ?? {});
  const labeled = mine.filter((p) => templateLabels.every(([key, value]) => p.metadata.labels?.[key] === value));
  const conditions = failure
    ? withCondition(owner.status.conditions, { type: 'ReplicaFailure', status: 'True', reason: failure.reason, message: failure.error.message }, now)
    : withoutCondition(owner.status.conditions, 'ReplicaFailure');
  const status: ReplicaSet['status'] = {
    replicas: mine.length, ...counted('fullyLabeledReplicas', labeled.length), ...counted('readyReplicas', ready.length),
    ...counted('availableReplicas', available.length), observedGeneration: owner.metadata.generation ?? 0,
    ...(conditions.length > 0 ? { conditions } : {}),
  };
  if (!equalJson(status, owner.status)) {
    await api.of(replicaSet).update(keyOf(owner), (current) => ({ ...current, status }), { subresource: 'status' });
  }
  if (failure) throw failure.error;
  // A pod becomes available by the mere passing of time: look again then.
  return ready.length > available.length && minReady > 0 ? { requeueAfterMs: minReady * 1000 } : undefined;
}

const counted = (name: string, count: number): object => (count > 0 ? { [name]: count } : {});
