import { isReady, isTerminal, pod, type Pod, podDisruptionBudget } from '@navarch/api';
import {
  type ApiObject,
  badRequest,
  compileLabelSelector,
  done,
  failure,
  forbidden,
  hasReason,
  type LabelSelector,
  tooManyRequests,
} from '@navarch/machinery';
import { systemUser } from '../auth/user.ts';
import type { DeleteOptions } from '../registry/deletion.ts';
import { timestamp } from '../registry/meta.ts';
import { bodyReader } from './body.ts';
import { unexplained } from './unexplained.ts';
import { defineSubresource, type Subresource, type SubresourceContext } from './subresource.ts';

interface Eviction {
  readonly metadata: { readonly name?: string };
  readonly deleteOptions?: DeleteOptions & { readonly dryRun?: readonly string[] };
}
/** Budgets are no longer served as v1beta1; evictions are still taken in it. */
const read = bodyReader<Eviction>('io.k8s.api.policy.v1.Eviction', 'policy/v1', 'Eviction', ['v1beta1']);

interface Budget extends ApiObject {
  readonly spec: { readonly selector?: LabelSelector; readonly unhealthyPodEvictionPolicy?: string };
  readonly status: {
    readonly disruptionsAllowed: number;
    readonly currentHealthy: number;
    readonly desiredHealthy: number;
    readonly observedGeneration?: number;
    readonly disruptedPods?: Readonly<Record<string, string>>;
    readonly conditions?: Conditions;
  };
}

type Conditions = readonly {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime: string;
  readonly reason?: string;
  readonly message?: string;
}[];
const ALLOWED = 'DisruptionAllowed';

/** As upstream names them in refusals. */
const BUDGETS = { group: 'policy', plural: 'poddisruptionbudget' };
/** Pods that a budget's controller has not yet seen go; more means that it is down. */
const DISRUPTED_MAX = 2000;
const OBSERVE_SECONDS = 10;
const RETRIES_MAX = 10;

/** Deletes the pod unless a disruption budget forbids it (policy/v1 Eviction). */
const eviction: Subresource['answer'] = async (body, context) => {
  const { registry, info, call } = context;
  const { metadata, deleteOptions = {} } = read(body, call);
  if (metadata.name !== info.name) throw badRequest('name in URL does not match name in Eviction object');
  const isDryRun = call.isDryRun || deleteOptions.dryRun?.includes('All') === true;
  await registry
    .of(pod)
    .admitOther(
      'CREATE',
      { namespace: info.namespace, name: info.name, subresource: 'eviction' },
      body as object,
      call,
    );
  const target = registry.of(pod).get(info.namespace, info.name);
  // Nobody else's pod of the same name may go in its place.
  let preconditions = { uid: target.metadata.uid, ...deleteOptions.preconditions };
  const { resourceVersion } = preconditions;
  if (isHeld(target)) {
    await spend(context, target, isDryRun);
    // A pod that its evicter knows no more stays as it is: the deletion is refused below.
    const isKnown = resourceVersion === undefined || resourceVersion === target.metadata.resourceVersion;
    const marked = isKnown && !isDryRun ? await markDisrupted(context, target) : undefined;
    if (marked && resourceVersion !== undefined)
      preconditions = { ...preconditions, resourceVersion: marked.metadata.resourceVersion };
  }
  await registry.of(pod).delete(info.namespace, info.name, { ...deleteOptions, preconditions }, { ...call, isDryRun });
  return { status: 201, value: done() };
};

/** Pods that are over, not begun or going already cost no budget. */
const isHeld = (target: Pod): boolean =>
  !isTerminal(target) && target.status.phase !== 'Pending' && target.metadata.deletionTimestamp === undefined;

/** Takes one disruption from the pod's budget, and writes down for whom, before the pod goes. */
async function spend({ registry, info }: SubresourceContext, target: Pod, isDryRun: boolean): Promise<void> {
  const budgets = registry.of(podDisruptionBudget);
  for (let attempt = 0; ; attempt++) {
    const matching = [...budgets.shelf.cache.range(budgets.shelf.prefixOf(info.namespace))]
      .map((cached) => budgets.view(cached.object) as unknown as Budget)
      .filter(
        ({ spec }) =>
          spec.selector !== undefined && compileLabelSelector(spec.selector).matches(target.metadata.labels),
      );
    if (matching.length > 1)
      throw unexplained(
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      );
    const [budget] = matching;
    if (!budget || mayGoUnhealthy(budget, target)) return;
    const status = spent(budget, target, timestamp(registry.deps.clock.now()));
    if (isDryRun) return;
    try {
      // It is the server that keeps the books, whoever evicts.
      const call = { user: systemUser, isDryRun: false };
      await budgets.replace(info.namespace, budget.metadata.name, { ...budget, status }, call, 'status');
      return;
    } catch (error) {
      if (!hasReason(error, 'Conflict') || attempt >= RETRIES_MAX) throw error;
    }
  }
}

/** Says in the pod's status why it goes (KEP-3329): a job may not count it as failed. Undefined for a pod that goes already. */
async function markDisrupted({ registry, info }: SubresourceContext, target: Pod): Promise<Pod | undefined> {
  const pods = registry.of(pod);
  for (;;) {
    const cached = pods.cached(info.namespace, info.name);
    const current = cached.object as Pod;
    if (current.metadata.uid !== target.metadata.uid || current.metadata.deletionTimestamp) return undefined;
    const { generation } = current.metadata;
    const condition = {
      type: 'DisruptionTarget',
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      status: 'True',
      lastProbeTime: null,
      lastTransitionTime: timestamp(registry.deps.clock.now()),
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
    };
    const others = (current.status.conditions ?? []).filter(({ type }) => type !== condition.type);
    const conditions = [...others, condition] as unknown as Pod['status']['conditions'];
    const status = { ...current.status, ...(conditions ? { conditions } : {}) };
    const written = await pods.overwrite(cached, { ...current, status } as Pod);
    if (written) return written.object as Pod;
  }
}

/** A pod that is not ready keeps nobody's budget (KEP-3017). */
function mayGoUnhealthy({ spec, status }: Budget, target: Pod): boolean {
  if (isReady(target)) return false;
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return status.currentHealthy >= status.desiredHealthy && status.desiredHealthy > 0;
}

/** Throws TooManyRequests where nothing is left to spend. */
function spent({ metadata, status }: Budget, target: Pod, now: string): Budget['status'] {
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    const refused = tooManyRequests(
      "Cannot evict pod as it would violate the pod's disruption budget.",
      OBSERVE_SECONDS,
    );
    throw failure('TooManyRequests', refused.message, {
      ...refused.status.details,
      causes: [
        {
          reason: 'DisruptionBudget',
          message: `The disruption budget ${metadata.name} is still being processed by the server.`,
        },
      ],
    });
  }
  const disrupted = status.disruptedPods ?? {};
  if (status.disruptionsAllowed < 0) throw forbidden(BUDGETS, metadata.name, 'pdb disruptions allowed is negative');
  if (Object.keys(disrupted).length > DISRUPTED_MAX)
    throw forbidden(
      BUDGETS,
      metadata.name,
      'DisruptedPods map too big - too many evictions not confirmed by PDB controller',
    );
  if (status.disruptionsAllowed === 0) {
    const failed = status.conditions?.find(({ type, reason }) => type === ALLOWED && reason === 'SyncFailed');
    const why = failed
      ? `The disruption budget ${metadata.name} does not allow evicting pods currently because it failed sync: ${failed.message ?? ''}`
      : `The disruption budget ${metadata.name} needs ${status.desiredHealthy} healthy pods and has ${status.currentHealthy} currently`;
    throw failure('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
      causes: [
        {
          reason: 'DisruptionBudget',
          message: why,
        },
      ],
    });
  }
  return {
    ...status,
    ...(status.disruptionsAllowed === 1 ? { conditions: usedUp(status, now) } : {}),
    disruptionsAllowed: status.disruptionsAllowed - 1,
    disruptedPods: { ...disrupted, [target.metadata.name]: now },
  };
}

/** Says that nothing is left, before the budget's controller does. */
function usedUp({ conditions = [], observedGeneration }: Budget['status'], now: string): Conditions {
  const before = conditions.find(({ type }) => type === ALLOWED);
  const condition = {
    type: ALLOWED,
    status: 'False',
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
    lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : now,
    reason: 'InsufficientPods',
    message: '',
  };
  return before ? conditions.map((one) => (one === before ? condition : one)) : [...conditions, condition];
}

export const evictPod: Subresource = defineSubresource({ at: '/pods/eviction', answer: eviction });
