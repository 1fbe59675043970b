import { type Pod, pod, podDisruptionBudget } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { compileLabelSelector, equalJson, formatSelector, type Key, keyOf, type Kind } from '@navarch/machinery';
import {
  type Context,
  type Controller,
  defineController,
  NOBODY,
  type Outcome,
  self,
  type Watch,
} from '../controller.ts';
import { findCondition } from '../shared/conditions.ts';
import { messageOf } from '../shared/pods.ts';
import { timestamp } from '../shared/time.ts';
import { type Budget, disruptedPods, expectation, healthyCount } from './budget.ts';
import { ownerScale } from './owner-scale.ts';

type Status = Budget['status'];
type Condition = NonNullable<Status['conditions']>[number];

const CONDITION = 'DisruptionAllowed';

/** Says how many pods of each disruption budget may go by choice. What evicts takes from it (subresources/eviction.ts). */
export function disruptionController(kinds: readonly Kind<any>[]): Controller {
  const scaled = kinds.filter((kind) => kind.scale && !kind.isAlternate);
  return defineController({
    name: 'disruption-controller',
    queueName: 'disruption',
    eventSource: 'controllermanager',
    watches: [
      self(podDisruptionBudget),
      {
        kind: pod,
        keys({ current, previous }, cache) {
          const after = current ? budgetsOf(current, cache) : NOBODY;
          const before = previous ? budgetsOf(previous, cache) : NOBODY;
          return before.length > 0 ? [...after, ...before] : after;
        },
      },
      ...scaled.map(wakesShares),
    ],
    async reconcile(key, context) {
      const budget = context.cache.get(podDisruptionBudget, key);
      if (!budget) return undefined;
      try {
        return await sync(budget, kinds, context);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        await close(budget, error, context);
        return undefined;
      }
    },
  });
}

/** Owners that come, go or want another number wake the budgets of their namespace that are shares of it. */
const wakesShares = (kind: Kind<any>): Watch => ({
  kind,
  keys({ current, previous }, cache) {
    if (current?.metadata.generation === previous?.metadata.generation) return [];
    const { namespace } = (current ?? previous)?.metadata ?? {};
    return cache
      .list(podDisruptionBudget, namespace)
      .filter(({ spec }) => typeof spec.minAvailable !== 'number')
      .map(keyOf);
  },
});

const matches = ({ spec }: Budget, p: Pod): boolean =>
  spec.selector !== undefined && compileLabelSelector(spec.selector).matches(p.metadata.labels);

function budgetsOf(p: Pod, cache: CacheReader): readonly Key[] {
  const budgets = cache.list(podDisruptionBudget, p.metadata.namespace);
  return budgets.length > 0 ? budgets.filter((budget) => matches(budget, p)).map(keyOf) : NOBODY;
}

async function sync(budget: Budget, kinds: readonly Kind<any>[], context: Context): Promise<Outcome> {
  const { cache, clock, events } = context;
  const pods = cache.list(pod, budget.metadata.namespace).filter((p) => matches(budget, p));
  if (pods.length === 0) events.record(budget, { type: 'Normal', reason: 'NoPods', message: 'No matching pods found' });
  const expected = expectation(budget, pods, () => {
    const { replicas, unmanaged } = ownerScale(pods, kinds, cache);
    if (unmanaged.length > 0) warnOfUnmanaged(budget, context);
    return replicas;
  });
  const areCurrent = cache.hasSeen(pod, budget.metadata.resourceVersion);
  const disrupted = disruptedPods(budget, { pods, areCurrent }, clock.now());
  for (const p of disrupted.stayed) {
    const message = `Pod was expected by PDB ${keyOf(budget)} to be deleted but it wasn't`;
    events.record(p, { type: 'Warning', reason: 'NotDeleted', message });
  }
  const currentHealthy = healthyCount(pods, disrupted.pods);
  // Where none is expected none may go: the first pods may be there before the next look.
  const disruptionsAllowed = expected.expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - expected.desiredHealthy);
  const isSufficient = disruptionsAllowed > 0;
  await report(
    budget,
    {
      ...(Object.keys(disrupted.pods).length > 0 ? { disruptedPods: disrupted.pods } : {}),
      disruptionsAllowed,
      currentHealthy,
      ...expected,
    },
    {
      status: isSufficient ? 'True' : 'False',
      reason: isSufficient ? 'SufficientPods' : 'InsufficientPods',
      message: '',
    },
    context,
  );
  return disrupted.recheckAt === undefined
    ? undefined
    : { requeueAfterMs: Math.max(1, disrupted.recheckAt + 1 - clock.now()) };
}

function warnOfUnmanaged(budget: Budget, { events }: Context): void {
  const selector = formatSelector(compileLabelSelector(budget.spec.selector ?? {}));
  const message = `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
  events.record(budget, { type: 'Warning', reason: 'UnmanagedPods', message });
}

/** Nothing may go while nobody knows how many there should be. */
async function close(budget: Budget, error: RangeError, context: Context): Promise<void> {
  const message = messageOf(error);
  context.events.record(budget, {
    type: 'Warning',
    reason: 'CalculateExpectedPodCountFailed',
    message: `Failed to calculate the number of expected pods: ${message}`,
  });
  await report(
    budget,
    { ...budget.status, disruptionsAllowed: 0 },
    { status: 'False', reason: 'SyncFailed', message },
    context,
  );
}

type Said = Pick<Condition, 'status' | 'reason' | 'message'>;

/** The API server writes the same status when it evicts: Conflict means counting again, not writing over it. */
async function report(
  budget: Budget,
  counts: Omit<Status, 'conditions' | 'observedGeneration'>,
  said: Said,
  { api, clock }: Context,
): Promise<void> {
  const { generation } = budget.metadata;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const before = findCondition(budget.status.conditions, CONDITION);
  const lastTransitionTime = before?.status === said.status ? before.lastTransitionTime : timestamp(clock.now());
  const condition: Condition = { type: CONDITION, ...observed, lastTransitionTime, ...said };
  const others = (budget.status.conditions ?? []).filter(({ type }) => type !== CONDITION);
  const status: Status = { ...counts, ...observed, conditions: [...others, condition] };
  if (equalJson(status, budget.status)) return;
  await api.of(podDisruptionBudget).replace({ ...budget, status }, { subresource: 'status' });
}
