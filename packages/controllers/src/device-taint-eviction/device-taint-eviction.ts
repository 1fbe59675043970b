import { deviceTaintRule, pod, type Pod, resourceClaim, resourceSlice } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { apiVersionOf, equalJson, formatTime, hasReason, type Key, keyOf } from '@navarch/machinery';
import {
  type Change,
  type Context,
  type Controller,
  defineController,
  NOBODY,
  type Outcome,
  type Watch,
} from '../controller.ts';
import { count, EVICTION_SECONDS, spread } from '../shared/measure.ts';
import { disrupt } from '../shared/disruption.ts';
import { findCondition } from '../shared/conditions.ts';
import { claimsUsedBy, usersOf } from '../resource-claim/consumers.ts';
import { CONDITION, ruleCondition } from './rule-status.ts';
import {
  allocatedTo,
  chooses,
  type Claim,
  claimsByPool,
  isEvicting,
  podEviction,
  poolOf,
  type Rule,
  type Slice,
  slicesByPool,
} from './taints.ts';

const NAME = 'device-taint-eviction-controller';
/** A rule's status is written no more often than this, in milliseconds. */
const STATUS_MS = 10_000;
const EVICTION = 'DeviceTaintManagerEviction';

const evictingRules = (cache: CacheReader): readonly Rule[] =>
  cache.list(deviceTaintRule).filter(({ spec }) => isEvicting(spec.taint));

/** Rules whose taint makes somebody go that has the devices of these claims. */
function* rulesOf(claims: readonly Claim[], cache: CacheReader): Iterable<Key> {
  const devices = claims.flatMap(allocatedTo);
  for (const rule of devices.length > 0 ? evictingRules(cache) : [])
    if (devices.some((device) => chooses(rule, device))) yield keyOf(rule);
}

const pods: Watch<Pod> = {
  kind: pod,
  keys(change, cache) {
    const object = change.current ?? change.previous;
    // Most pods have no devices.
    return object?.spec.resourceClaims?.length || object?.status.extendedResourceClaimStatus
      ? wokenBy(object, change, cache)
      : NOBODY;
  },
};

function* wokenBy(object: Pod, { current, previous }: Change<Pod>, cache: CacheReader): Iterable<Key> {
  const isNews =
    current?.spec.nodeName !== previous?.spec.nodeName ||
    !equalJson(current?.status.extendedResourceClaimStatus, previous?.status.extendedResourceClaimStatus) ||
    !equalJson(current?.status.resourceClaimStatuses, previous?.status.resourceClaimStatuses);
  if (!isNews && current) return;
  yield keyOf(object);
  // It may be seen later than the claim that is reserved for it: then nobody has counted it yet.
  yield* rulesOf(claimsUsedBy(object, cache), cache);
}

const claims: Watch<Claim> = {
  kind: resourceClaim,
  *keys({ current, previous }, cache) {
    const isSame =
      equalJson(current?.status.reservedFor, previous?.status.reservedFor) &&
      equalJson(current?.status.allocation, previous?.status.allocation);
    if (isSame) return;
    const both = [current, previous].filter((claim) => claim !== undefined);
    yield* both.flatMap((claim) => usersOf(claim, cache));
    yield* rulesOf(both, cache);
  },
};

const DELETIONS = count(
  'device_taint_eviction_controller_pod_deletions_total',
  '[ALPHA] Pods deleted because of tainted devices',
);
const DELETION_SECONDS = spread(
  'device_taint_eviction_controller_pod_deletion_duration_seconds',
  '[ALPHA] From when the taint of a device was to take effect on a pod until the pod was deleted',
  EVICTION_SECONDS,
);

const isTainted = ({ spec }: Slice): boolean => (spec.devices ?? []).some(({ taints = [] }) => taints.some(isEvicting));

const slices: Watch<Slice> = {
  kind: resourceSlice,
  *keys({ current, previous }, cache) {
    for (const slice of [current, previous]) {
      if (!slice) continue;
      // A new generation of a pool makes what older slices say void.
      const pool = poolOf(slice);
      if (![slice, ...(previous ? [previous] : []), ...cache.find(resourceSlice, slicesByPool, pool)].some(isTainted))
        continue;
      for (const claim of cache.find(resourceClaim, claimsByPool, pool)) yield* usersOf(claim, cache);
    }
  },
};

const rules: Watch<Rule> = {
  kind: deviceTaintRule,
  *keys({ current, previous }, cache) {
    if (current && previous?.metadata.uid === current.metadata.uid && equalJson(current.spec, previous.spec)) return;
    // First the status: what is going to happen is told before it does.
    yield keyOf((current ?? previous) as Rule);
    const both = [current, previous].filter(
      (rule) => rule !== undefined && isEvicting(rule.spec.taint),
    ) as readonly Rule[];
    if (both.length === 0) return;
    for (const claim of cache.list(resourceClaim))
      if (allocatedTo(claim).some((device) => both.some((rule) => chooses(rule, device)))) yield* usersOf(claim, cache);
  },
};

/**
 * Deletes pods whose devices are tainted with NoExecute, by the driver's slices or by a rule, at once or as long after as
 * their claims tolerate it; and says in each rule's status what it does (KEP-5055). Keys of pods have a slash, those of
 * rules none.
 */
export const deviceTaintEvictionController = (): Controller => {
  /** Pods that are going to be evicted, by key their uid: what is called off is told. An entry goes with the wait. */
  const waiting = new Map<Key, string>();
  /** How many pods each rule has evicted, by its uid; an entry goes with the rule. */
  const evicted = new Map<string, number>();

  return defineController({
    name: NAME,
    watches: [rules, pods, claims, slices],
    workers: 10,
    reconcile: (key, context) => (key.includes('/') ? evict(key, context) : tellRule(key, context)),
  });

  async function evict(key: Key, context: Context): Promise<Outcome> {
    const { cache, clock, events } = context;
    const found = cache.get(pod, key);
    const eviction = found && !found.metadata.deletionTimestamp ? podEviction(found, cache) : undefined;
    if (!found || !eviction) {
      if (waiting.get(key) === found?.metadata.uid && found && !found.metadata.deletionTimestamp)
        events.record(found, { type: 'Normal', reason: EVICTION, message: 'Cancelling deletion' });
      waiting.delete(key);
      return undefined;
    }
    const leftMs = eviction.atMs - clock.now();
    waiting.set(key, found.metadata.uid);
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    events.record(found, { type: 'Normal', reason: EVICTION, message: 'Marking for deletion' });
    const message = 'Device Taint manager: deleting due to NoExecute taint';
    await disrupt(found, { reason: 'DeletionByDeviceTaintManager', message, fails: false }, context);
    waiting.delete(key);
    DELETIONS.add(context.metrics);
    DELETION_SECONDS.observe(context.metrics, -leftMs / 1000);
    for (const uid of eviction.rules) evicted.set(uid, (evicted.get(uid) ?? 0) + 1);
    return undefined;
  }

  async function tellRule(name: string, { api, cache, clock }: Context): Promise<Outcome> {
    const rule = cache.get(deviceTaintRule, name);
    const known = new Set(cache.list(deviceTaintRule).map(({ metadata }) => metadata.uid));
    for (const uid of evicted.keys()) if (!known.has(uid)) evicted.delete(uid);
    if (!rule) return undefined;
    const { uid, generation } = rule.metadata;
    const before = findCondition(rule.status.conditions, CONDITION);
    const restMs = Date.parse(before?.lastTransitionTime ?? '') + STATUS_MS - clock.now();
    if (before?.observedGeneration === generation && restMs > 0) return { requeueAfterMs: restMs };
    const condition = ruleCondition(rule, evicted.get(uid) ?? 0, cache);
    const { lastTransitionTime: _, ...told } = before ?? {};
    if (!equalJson(told, condition)) {
      const status = { conditions: [{ ...condition, lastTransitionTime: formatTime(clock.now()) }] };
      const body = {
        apiVersion: apiVersionOf(deviceTaintRule),
        kind: 'DeviceTaintRule',
        metadata: { name, uid },
        status,
      };
      try {
        const apply = { type: 'apply', body, fieldManager: NAME, force: true } as const;
        await api.of(deviceTaintRule).patch(name, apply, { subresource: 'status' });
      } catch (error) {
        // What is not told once would never be told: a rule without pods to evict wakes nobody again.
        if (!hasReason(error, 'NotFound')) throw error;
      }
    }
    // While pods go, how many are left is told again and again.
    return condition.status === 'True' ? { requeueAfterMs: STATUS_MS } : undefined;
  }
};
