import {
  isActive,
  isAvailable,
  isReady,
  isTerminal,
  type Pod,
  pod,
  type PodTemplateSpec,
  type ReplicaSet,
  replicaSet,
  type ReplicationController,
  replicationController,
} from '@navarch/api';
import { exponential } from '@navarch/base';
import { byController, type CacheReader } from '@navarch/client';
import {
  type ApiObject,
  compileLabelSelector,
  controllerOf,
  equalJson,
  keyOf,
  type Kind,
  type Selector,
  selectorFromMap,
} from '@navarch/machinery';
import { type Context, type Controller, defineController, type Outcome, owned, self } from '../controller.ts';
import { claim } from '../shared/claim.ts';
import { type Condition, findCondition, withCondition, withoutCondition } from '../shared/conditions.ts';
import { type Count, spread, staleLooks } from '../shared/measure.ts';
import { createPod, deletePod, messageOf } from '../shared/pods.ts';
import { slowStart } from '../shared/slow-start.ts';
import { timestamp } from '../shared/time.ts';
import { firstToGo } from './victims.ts';

/** At most this many pods are made or removed in one pass, so that one object cannot starve the rest. */
const BURST = 500;

const AGE_RATIO = spread(
  'replicaset_controller_sorting_deletion_age_ratio',
  '[ALPHA] Ages of ready pods that were chosen to go, beside that of the youngest ready pod; below 2 by what upstream intends',
  exponential(0.25, 2, 6),
);

/** What replica sets and replication controllers differ in. */
interface Flavour<O extends ApiObject> {
  readonly name: string;
  readonly eventSource?: string;
  readonly queueName: string;
  readonly stale?: Count;
  readonly kind: Kind<O>;
  selectorOf(object: O): Selector;
  /** Active pods that share the fate of this owner's: a node is crowded by all of them. */
  related(object: O, own: readonly Pod[], cache: CacheReader): readonly Pod[];
}

type Replicated = ApiObject & {
  readonly spec: { readonly replicas?: number; readonly minReadySeconds?: number; readonly template?: PodTemplateSpec };
  readonly status: ReplicaSet['status'];
};

export const replicaSetController: Controller = define<ReplicaSet>({
  name: 'replicaset-controller',
  queueName: 'replicaset',
  stale: staleLooks('replicaset_controller'),
  kind: replicaSet,
  selectorOf: (set) => compileLabelSelector(set.spec.selector),
  related(set, own, cache) {
    const deployment = controllerOf(set);
    if (!deployment) return own;
    return cache
      .find(replicaSet, byController, deployment.uid)
      .flatMap((sibling) => cache.find(pod, byController, sibling.metadata.uid))
      .filter(isActive);
  },
});

export const replicationControllerController: Controller = define<ReplicationController>({
  name: 'replicationcontroller-controller',
  eventSource: 'replication-controller',
  queueName: 'replicationmanager',
  kind: replicationController,
  selectorOf: ({ spec }) => selectorFromMap(spec.selector ?? {}),
  related: (_, own) => own,
});

function define<O extends Replicated>(flavour: Flavour<O>): Controller {
  const { name, eventSource = name, queueName, stale, kind, selectorOf } = flavour;
  return defineController({
    name,
    eventSource,
    queueName,
    ...(stale ? { stale } : {}),
    watches: [
      self(kind),
      owned<Pod, O>({
        dependent: pod,
        owner: kind,
        adopts: (owner, orphan) => selectorOf(owner).matches(orphan.metadata.labels),
        matters: (current, previous) => !countsAlike(current, previous),
      }),
    ],
    async reconcile(key, context) {
      const owner = context.cache.get(kind, key);
      return owner && reconcile(owner, flavour, context);
    },
  });
}

/**
 * Whether a set that looks at a pod again sees what it saw. Where the pod is, and what it costs to lose it, is looked at
 * when one has to go: a set of thousands is not counted anew for each that is bound.
 */
const countsAlike = (a: Pod, b: Pod): boolean =>
  equalJson(findCondition(a.status.conditions, 'Ready'), findCondition(b.status.conditions, 'Ready')) &&
  isTerminal(a) === isTerminal(b) &&
  a.metadata.deletionTimestamp === b.metadata.deletionTimestamp &&
  a.metadata.uid === b.metadata.uid &&
  equalJson(a.metadata.labels, b.metadata.labels) &&
  equalJson(a.metadata.ownerReferences, b.metadata.ownerReferences);

async function reconcile<O extends Replicated>(owner: O, flavour: Flavour<O>, context: Context): Promise<Outcome> {
  const { kind } = flavour;
  const selector = flavour.selectorOf(owner);
  // The status speaks of the pods that were found, as a reader of the cache would see them.
  const pods = await claim({ kind: pod, owner, ownerKind: kind, selector, considers: isActive }, context);
  let failure: Failure | undefined;
  if (!owner.metadata.deletionTimestamp) {
    const missing = (owner.spec.replicas ?? 1) - pods.length;
    try {
      if (missing > 0) await grow(owner, kind, Math.min(missing, BURST), context);
      else if (missing < 0)
        await shrink(
          owner,
          firstToGo(pods, flavour.related(owner, pods, context.cache), context.clock.now()).slice(
            0,
            Math.min(-missing, BURST),
          ),
          pods,
          context,
        );
    } catch (error) {
      failure = { error, reason: missing > 0 ? 'FailedCreate' : 'FailedDelete' };
    }
  }
  await report(owner, kind, { pods, failure, terminating: terminatingPods(owner, selector, context.cache) }, context);
  if (failure) throw failure.error;
  return nextAvailability(pods, owner.spec.minReadySeconds ?? 0, context.clock.now());
}

interface Failure {
  readonly error: unknown;
  readonly reason: 'FailedCreate' | 'FailedDelete';
}

async function grow(owner: Replicated, ownerKind: Kind<any>, count: number, context: Context): Promise<void> {
  const { template } = owner.spec;
  if (!template) return;
  await slowStart(count, async () => {
    context.signal.throwIfAborted();
    await createPod({ template, owner, ownerKind }, context);
  });
}

async function shrink(
  owner: Replicated,
  victims: readonly Pod[],
  all: readonly Pod[],
  context: Context,
): Promise<void> {
  countAges(victims, all, context);
  const results = await Promise.allSettled(victims.map((victim) => deletePod(victim, owner, context)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Of those that are ready: how old what goes is beside the youngest that is there. */
function countAges(victims: readonly Pod[], all: readonly Pod[], { clock, metrics }: Context): void {
  const ageOf = ({ metadata }: Pod): number => clock.now() - Date.parse(metadata.creationTimestamp);
  // No list of them for Math.min(): a set may have more pods than a call takes arguments.
  const youngest = all.reduce((least, p) => (isReady(p) ? Math.min(least, ageOf(p)) : least), Infinity);
  for (const victim of victims)
    if (isReady(victim) && youngest > 0) AGE_RATIO.observe(metrics, ageOf(victim) / youngest);
}

const terminatingPods = (owner: ApiObject, selector: Selector, cache: CacheReader): number =>
  cache
    .find(pod, byController, owner.metadata.uid)
    .filter((p) => p.metadata.deletionTimestamp !== undefined && !isTerminal(p) && selector.matches(p.metadata.labels))
    .length;

interface Seen {
  readonly pods: readonly Pod[];
  readonly failure: Failure | undefined;
  readonly terminating: number;
}

async function report<O extends Replicated>(
  owner: O,
  kind: Kind<O>,
  seen: Seen,
  { api, clock }: Context,
): Promise<void> {
  const status = statusOf(owner, kind, seen, clock.now());
  if (equalJson(status, owner.status)) return;
  await api
    .of<O>(kind)
    .update(
      keyOf(owner),
      (current) => (current.metadata.uid === owner.metadata.uid ? { ...current, status } : current),
      { subresource: 'status' },
    );
}

function statusOf(
  owner: Replicated,
  kind: Kind<any>,
  { pods, failure, terminating }: Seen,
  nowMs: number,
): ReplicaSet['status'] {
  const before = owner.status.conditions ?? [];
  const conditions = failureConditions(before, failure, nowMs);
  const numbers = tally(pods, owner, nowMs);
  return {
    replicas: pods.length,
    // 0 is left out of these on the wire; saying it would make an equal status look different.
    ...Object.fromEntries(Object.entries(numbers).filter(([, n]) => n > 0)),
    ...(kind === replicaSet ? { terminatingReplicas: terminating } : {}),
    ...(owner.metadata.generation === undefined ? {} : { observedGeneration: owner.metadata.generation }),
    ...(conditions.length > 0 ? { conditions } : {}),
  } as ReplicaSet['status'];
}

/** A set may have thousands of pods, and each of them wakes it: one look at each. */
function tally(pods: readonly Pod[], { spec }: Replicated, nowMs: number): Readonly<Record<string, number>> {
  const labels = Object.entries(spec.template?.metadata?.labels ?? {});
  const { minReadySeconds = 0 } = spec;
  let [fullyLabeledReplicas, readyReplicas, availableReplicas] = [0, 0, 0];
  for (const p of pods) {
    if (labels.every(([name, value]) => p.metadata.labels?.[name] === value)) fullyLabeledReplicas += 1;
    if (!isReady(p)) continue;
    readyReplicas += 1;
    if (minReadySeconds === 0 || isAvailable(p, minReadySeconds, nowMs)) availableReplicas += 1;
  }
  return { fullyLabeledReplicas, readyReplicas, availableReplicas };
}

function failureConditions<C extends Condition>(
  before: readonly C[],
  failure: Failure | undefined,
  nowMs: number,
): readonly C[] {
  if (!failure) return withoutCondition(before, 'ReplicaFailure');
  if (findCondition(before, 'ReplicaFailure')) return before;
  const condition: Condition = {
    type: 'ReplicaFailure',
    status: 'True',
    lastTransitionTime: timestamp(nowMs),
    reason: failure.reason,
    message: messageOf(failure.error),
  };
  return withCondition<C>(before, condition as C);
}

/** Nothing changes when a ready pod becomes available but the time: come back then. */
export function nextAvailability(pods: readonly Pod[], minReadySeconds: number, nowMs: number): Outcome {
  if (minReadySeconds === 0) return undefined;
  let waitMs = Infinity;
  for (const p of pods) {
    const ready = findCondition(p.status.conditions, 'Ready');
    if (ready?.status !== 'True') continue;
    const since = ready.lastTransitionTime === undefined ? nowMs : Date.parse(ready.lastTransitionTime);
    const leftMs = since + minReadySeconds * 1000 - nowMs;
    if (leftMs > 0 && leftMs < waitMs) waitMs = leftMs;
  }
  return waitMs === Infinity ? undefined : { requeueAfterMs: Math.max(1, waitMs) };
}
