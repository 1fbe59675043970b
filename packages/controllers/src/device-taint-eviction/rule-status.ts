import { pod, resourceClaim, resourceSlice } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { usersOf } from '../resource-claim/consumers.ts';
import { allocatedTo, chooses, isEvicting, newestSlices, podEviction, poolOf, type Rule } from './taints.ts';

export const CONDITION = 'EvictionInProgress';

export interface RuleCondition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
}

const some = (count: number, one: string, many: string): string => (count === 1 ? `1 ${one}` : `${count} ${many}`);
const places = (count: number): string => some(count, 'namespace', 'different namespaces');

/** What a rule does now, or would do. `evicted`: how many pods it has evicted since the controller began. */
export function ruleCondition(rule: Rule, evicted: number, cache: CacheReader): RuleCondition {
  const { status, reason, message } = sentence(rule, evicted, cache);
  const past = evicted > 0 ? `${some(evicted, 'pod', 'pods')} evicted since starting the controller.` : '';
  return {
    type: CONDITION,
    status,
    reason,
    message: [message, past].filter((text) => text !== '').join(' '),
    observedGeneration: Number(rule.metadata.generation ?? 0),
  };
}

function sentence(
  rule: Rule,
  evicted: number,
  cache: CacheReader,
): Pick<RuleCondition, 'status' | 'reason' | 'message'> {
  const { taint } = rule.spec;
  if (isEvicting(taint)) {
    const { pods, namespaces } = pending(rule, cache);
    if (pods === 0) return { status: 'False', reason: evicted > 0 ? 'Completed' : 'NotStarted', message: '' };
    const message = `${some(pods, 'pod needs', 'pods need')} to be evicted in ${places(namespaces)}.`;
    return { status: 'True', reason: 'PodsPendingEviction', message };
  }
  if (taint.effect !== 'None')
    return { status: 'False', reason: 'OtherEffect', message: 'Eviction only happens for the NoExecute effect.' };
  const { pods, namespaces } = pending(
    { ...rule, spec: { ...rule.spec, taint: { ...taint, effect: 'NoExecute' } } },
    cache,
  );
  const published = publishedDevices(rule, cache);
  const allocated = cache
    .list(resourceClaim)
    .flatMap(allocatedTo)
    .filter((device) => chooses(rule, device)).length;
  return {
    status: 'False',
    reason: 'NoEffect',
    message: [
      some(published, 'published device', 'published devices'),
      'selected.',
      some(allocated, 'allocated device', 'allocated devices'),
      'selected.',
      some(pods, 'pod', 'pods'),
      `would be evicted in ${places(namespaces)} if the effect was NoExecute.`,
      'This information will not be updated again. Recreate the DeviceTaintRule to trigger an update.',
    ].join(' '),
  };
}

function publishedDevices(rule: Rule, cache: CacheReader): number {
  const pools = new Set(cache.list(resourceSlice).map(poolOf));
  return [...pools].flatMap((pool) =>
    newestSlices(cache, pool).flatMap(({ spec }) =>
      (spec.devices ?? []).filter(({ name }) =>
        chooses(rule, { driver: spec.driver, pool: spec.pool.name, device: name }),
      ),
    ),
  ).length;
}

/** Pods that this rule, alone among rules, makes go. */
function pending(rule: Rule, cache: CacheReader): { readonly pods: number; readonly namespaces: number } {
  const found = new Map<string, string>();
  for (const claim of cache.list(resourceClaim)) {
    if (!allocatedTo(claim).some((device) => chooses(rule, device))) continue;
    for (const key of usersOf(claim, cache)) {
      const user = cache.get(pod, key);
      if (!user || user.metadata.deletionTimestamp) continue;
      if (podEviction(user, cache, [rule])?.rules.has(rule.metadata.uid))
        found.set(user.metadata.uid, user.metadata.namespace ?? '');
    }
  }
  return { pods: found.size, namespaces: new Set(found.values()).size };
}
