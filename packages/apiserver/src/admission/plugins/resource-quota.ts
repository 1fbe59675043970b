import {
  type Amounts,
  amountsOf,
  amountsBeyond,
  deviceClass,
  increaseOfAmounts,
  isInQuotaScopes,
  isMeasuredOnUpdate,
  listOfAmounts,
  measuredNames,
  onlyAmounts,
  pod,
  quotaUsage,
  type ResourceQuota,
  resourceQuota,
  sumAmounts,
  unsaidText,
} from '@navarch/api';
import { type ApiObject, forbidden, type Key, type Mutable, splitKey } from '@navarch/machinery';
import { systemUser } from '../../auth/user.ts';
import type { Registry } from '../../registry/registry.ts';
import { type AdmissionContext, defineAdmissionPlugin } from '../admission.ts';
import type { AdmissionRequest } from '../request.ts';

/**
 * Takes what a new or grown object needs from every quota of its namespace before it comes in. The amount is written to
 * the quota's status with the version it was decided on, so that of two requests for the last of something one waits and
 * is refused. What is freed, or was taken for an object that then failed, the quota controller gives back.
 */
export const resourceQuotaPlugin = defineAdmissionPlugin({
  name: 'ResourceQuota',
  on: { operations: ['CREATE', 'UPDATE'], subresources: ['', 'resize'] },
  validate(object, _at, request, context) {
    const { kind, namespace, operation, subresource } = request;
    // So it is in most clusters, and asked at every write.
    if (context.registry.of(resourceQuota).shelf.cache.size === 0) return;
    if (!kind.namespaced || (operation === 'UPDATE' && !isMeasuredOnUpdate(kind))) return;
    // Of pods only what is asked for through `resize` can grow.
    if (operation === 'UPDATE' && kind.group === '' && kind.plural === 'pods' && subresource !== 'resize') return;
    if (operation === 'CREATE' && subresource !== '') return;
    const quotas = quotasOf(context.registry, namespace);
    return quotas.length === 0 ? undefined : take(object, quotas, request, context);
  },
});

function quotasOf(registry: Registry, namespace: string): readonly ResourceQuota[] {
  const quotas = registry.of(resourceQuota);
  return [...quotas.shelf.cache.range(quotas.shelf.prefixOf(namespace))].map(
    (cached) => quotas.view(cached.object) as ResourceQuota,
  );
}

async function take(
  object: ApiObject,
  quotas: readonly ResourceQuota[],
  request: AdmissionRequest,
  { registry, now }: AdmissionContext,
): Promise<void> {
  const { kind, namespace, previous, isDryRun } = request;
  const around = {
    deviceClass: (className: string) => registry.of(deviceClass).find('', className),
    pod: (key: Key) => registry.of(pod).find(namespace, splitKey(key).name),
  };
  const after = quotaUsage(kind, object, now, around);
  const more = previous ? increaseOfAmounts(quotaUsage(kind, previous, now, around), after) : after;
  // What comes under a quota by its change takes all of it anew.
  const wantedOf = (quota: ResourceQuota): Amounts =>
    previous && isInQuotaScopes(quota, kind, previous) ? more : after;
  const concerned = quotas
    .map((quota) => ({ quota, names: measuredNames(kind, Object.keys(quota.status.hard ?? quota.spec.hard ?? {})) }))
    .filter(({ quota, names }) => names.size > 0 && isInQuotaScopes(quota, kind, object));
  for (const { quota, names } of concerned) checkSaid(quota, object, names, request);
  const taking = concerned
    .map(({ quota, names }) => ({ quota, amounts: onlyAmounts(wantedOf(quota), names) }))
    .filter(({ amounts }) => [...amounts.values()].some(({ nano }) => nano > 0n));
  for (const { quota, amounts } of taking) taken(quota, amounts, request);
  if (isDryRun) return;
  for (const { quota, amounts } of taking) {
    await registry
      .of(resourceQuota)
      .update(
        namespace,
        quota.metadata.name,
        (current: ResourceQuota) =>
          ({ ...current, status: taken(current, amounts, request) }) as Mutable<ResourceQuota>,
        { user: systemUser, isDryRun: false },
        'status',
      );
  }
}

function checkSaid(
  quota: ResourceQuota,
  object: ApiObject,
  names: ReadonlySet<string>,
  { kind, name }: AdmissionRequest,
): void {
  const unknown = [...names].filter((resource) => quota.status.used?.[resource] === undefined).sort();
  if (unknown.length > 0)
    throw forbidden(kind, name, `status unknown for quota: ${quota.metadata.name}, resources: ${unknown.join(',')}`);
  const unsaid = unsaidText(kind, object, names);
  if (unsaid !== '') throw forbidden(kind, name, `failed quota: ${quota.metadata.name}: must specify ${unsaid}`);
}

/** The quota's status with the amounts taken. Throws Forbidden where they are too much. */
function taken(
  { metadata, status }: ResourceQuota,
  amounts: Amounts,
  { kind, name }: AdmissionRequest,
): ResourceQuota['status'] {
  const [used, hard] = [amountsOf(status.used), amountsOf(status.hard)];
  const next = sumAmounts(used, amounts);
  const names = new Set([...amounts].filter(([, { nano }]) => nano > 0n).map(([resource]) => resource));
  const exceeded = new Set(amountsBeyond(onlyAmounts(next, names), hard));
  if (exceeded.size === 0) return { ...status, used: listOfAmounts(next) };
  const text = (of: Amounts): string =>
    Object.entries(listOfAmounts(onlyAmounts(of, exceeded)))
      .map(([resource, amount]) => `${resource}=${amount}`)
      .join(',');
  throw forbidden(
    kind,
    name,
    `exceeded quota: ${metadata.name}, requested: ${text(amounts)}, used: ${text(used)}, limited: ${text(hard)}`,
  );
}
