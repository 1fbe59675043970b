import { containsAddress, ipAddress, serviceCIDR, type IPAddress, type ServiceCIDR } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { equalJson, formatTime, hasReason, keyOf } from '@navarch/machinery';
import { type Context, type Controller, defineController, type Watch } from '../controller.ts';
import { findCondition, withCondition } from '../shared/conditions.ts';

/** Keeps a range while services have addresses of it (KEP-1880). */
const FINALIZER = 'networking.k8s.io/service-cidr-finalizer';

/** Ranges may hold each other up or let each other go: whatever happens to one matters to all. */
const ranges: Watch<ServiceCIDR> = {
  kind: serviceCIDR,
  *keys(_change, cache) {
    for (const range of cache.list(serviceCIDR)) yield keyOf(range);
  },
};

const addresses: Watch<IPAddress> = {
  kind: ipAddress,
  *keys({ current }, cache) {
    if (current) return;
    for (const range of cache.list(serviceCIDR)) if (range.metadata.deletionTimestamp) yield keyOf(range);
  },
};

/** Says of every range of service addresses whether it may be used, and lets one go when nothing needs it. */
export const serviceCidrsController: Controller = defineController({
  name: 'service-cidr-controller',
  queueName: 'servicecidrs',
  eventSource: 'service-cidrs-controller',
  watches: [ranges, addresses],

  async reconcile(key, context) {
    const found = context.cache.get(serviceCIDR, key);
    if (!found) return undefined;
    if (!found.metadata.deletionTimestamp) {
      await hold(found, context);
      await tell(found, { status: 'True', message: 'Kubernetes Service CIDR is ready' }, context);
    } else if (isNeeded(found, context.cache)) {
      const message =
        'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR';
      await tell(found, { status: 'False', reason: 'Terminating', message }, context);
    } else await release(found, context);
    return undefined;
  },
});

/** An address in the range that no other range covers. */
function isNeeded(range: ServiceCIDR, cache: CacheReader): boolean {
  const others = [...cache.list(serviceCIDR)].filter(
    (other) => other.metadata.uid !== range.metadata.uid && !other.metadata.deletionTimestamp,
  );
  const covers = (of: ServiceCIDR, address: string): boolean =>
    (of.spec.cidrs ?? []).some((cidr) => containsAddress(cidr, address));
  return [...cache.list(ipAddress)].some(
    ({ metadata: { name } }) => covers(range, name) && !others.some((other) => covers(other, name)),
  );
}

const hold = (range: ServiceCIDR, context: Context): Promise<void> =>
  write(range, context, (finalizers) => (finalizers.includes(FINALIZER) ? finalizers : [...finalizers, FINALIZER]));

const release = (range: ServiceCIDR, context: Context): Promise<void> =>
  write(range, context, (finalizers) => finalizers.filter((name) => name !== FINALIZER));

async function write(
  range: ServiceCIDR,
  { api }: Context,
  change: (finalizers: readonly string[]) => readonly string[],
): Promise<void> {
  const before = range.metadata.finalizers ?? [];
  if (equalJson(before, change(before))) return;
  await quietly(
    api.of(serviceCIDR).update(keyOf(range), (current) => ({
      ...current,
      metadata: { ...current.metadata, finalizers: change(current.metadata.finalizers ?? []) },
    })),
  );
}

async function tell(
  range: ServiceCIDR,
  {
    status,
    reason = '',
    message,
  }: { readonly status: 'True' | 'False'; readonly reason?: string; readonly message: string },
  { api, clock }: Context,
): Promise<void> {
  const condition = { type: 'Ready', status, reason, message, lastTransitionTime: formatTime(clock.now()) };
  const known = findCondition(range.status.conditions, 'Ready');
  if (known?.status === status && (known.reason ?? '') === reason) return;
  await quietly(
    api.of(serviceCIDR).update(
      keyOf(range),
      (current) => ({
        ...current,
        status: { ...current.status, conditions: withCondition(current.status.conditions ?? [], condition) },
      }),
      { subresource: 'status' },
    ),
  );
}

async function quietly(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
