import {
  type Amounts,
  deviceClass,
  isInQuotaScopes,
  listOfAmounts,
  measuredNames,
  onlyAmounts,
  pod,
  quotaUsage,
  type ResourceQuota,
  resourceQuota,
  sumAmounts,
  wholeAmount,
} from '@navarch/api';
import type { Api } from '@navarch/client';
import {
  type ApiObject,
  compareQuantities,
  equalJson,
  hasReason,
  keyOf,
  type Kind,
  type ObjectOf,
  parseQuantity,
} from '@navarch/machinery';
import { type Change, type Controller, defineController, NOBODY, self, type Watch } from '../controller.ts';

type DeviceClass = ObjectOf<typeof deviceClass>;

/** Counted anew from time to time: what ended by time alone (the grace of a pod) wakes nobody. */
const RESYNC_MS = 5 * 60_000;
/** What waits for a version that is not here yet is tried all the same after this long: nobody may have written it after all. */
const AWAITED_MS = 30_000;
/** From what the server takes for an object until the object is in the cache, mostly: not to be given back meanwhile. */
const UNDER_WAY_MS = 2000;

/**
 * Counts what the objects of a namespace take of its quotas. The API server adds what comes in as it comes in; what goes
 * away, or never came after all, shows here.
 */
export function resourceQuotaController(kinds: readonly Kind<any>[]): Controller {
  // One resource may be served in several versions: it is counted by one.
  const counted = [
    ...new Map(
      kinds
        .filter((kind) => kind.namespaced && !kind.isAlternate)
        .map((kind) => [`${kind.group}/${kind.plural}`, kind]),
    ).values(),
  ];
  /** By key: when a version was first seen that is not our own. As many as there are quotas. */
  const taken = new Map<string, { readonly version: string; readonly atMs: number }>();
  /** Keys of quotas of which the server has a version that is not here yet. As many as there are quotas. */
  const awaited = new Set<string>();
  return defineController({
    name: 'resourcequota-controller',
    queueName: 'resourcequota_primary',
    watches: [
      self(resourceQuota, (change) => specChanged(change) || isAwaited(change.current, awaited)),
      ...counted.filter((kind) => kind !== resourceQuota).map(freed),
      renamed,
    ],

    async reconcile(key, { api, cache, clock }) {
      awaited.delete(key);
      const found = cache.get(resourceQuota, key);
      if (!found || found.metadata.deletionTimestamp) {
        taken.delete(key);
        return undefined;
      }
      const hard = found.spec.hard ?? {};
      const list = (kind: Kind<any>): readonly ApiObject[] => cache.list(kind, found.metadata.namespace);
      const around = {
        deviceClass: (name: string) => cache.get(deviceClass, name),
        pod: (podKey: string) => cache.get(pod, podKey),
      };
      const countedIn = (lists: typeof list): Readonly<Record<string, string>> =>
        listOfAmounts(usage(found, counted, lists, { now: clock.now(), around }));
      let used = countedIn(list);
      if (!equalJson(found.status.hard ?? {}, hard) || !equalJson(found.status.used ?? {}, used)) {
        const waitMs = isLess(used, found.status.used ?? {}) ? sinceTaken(key, found, clock.monotonic()) : 0;
        if (waitMs > 0) return { requeueAfterMs: waitMs };
        if (isLess(used, found.status.used ?? {})) {
          // A copy that is behind, since its watch lies still, lacks what was let in meanwhile: to give that back would
          // let in more than there is room for. What the server has cannot lack anything that this version counts.
          used = countedIn(await asStored(found, counted, api));
          if (equalJson(found.status.hard ?? {}, hard) && equalJson(found.status.used ?? {}, used))
            return { requeueAfterMs: RESYNC_MS };
        }
        try {
          const written = await api
            .of(resourceQuota)
            .replace({ ...found, status: { hard, used } }, { subresource: 'status' });
          taken.set(key, { version: written.metadata.resourceVersion ?? '', atMs: -UNDER_WAY_MS });
        } catch (error) {
          if (hasReason(error, 'NotFound')) return undefined;
          if (!hasReason(error, 'Conflict')) throw error;
          // The server took something meanwhile. Counted again when the cache shows it: to try before is in vain, and
          // with a watch that lies still for minutes each try would make the next wait longer than the watch does.
          const isNewer = cache.get(resourceQuota, key)?.metadata.resourceVersion !== found.metadata.resourceVersion;
          if (isNewer) return { requeueAfterMs: UNDER_WAY_MS };
          awaited.add(key);
          return { requeueAfterMs: AWAITED_MS };
        }
      }
      return { requeueAfterMs: RESYNC_MS };
    },
  });

  /** How long it is to be waited before anything is given back. */
  function sinceTaken(key: string, { metadata }: ResourceQuota, nowMs: number): number {
    const version = metadata.resourceVersion ?? '';
    let known = taken.get(key);
    if (known?.version !== version) taken.set(key, (known = { version, atMs: nowMs }));
    return known.atMs + UNDER_WAY_MS - nowMs;
  }
}

const isLess = (counted: Readonly<Record<string, string>>, said: Readonly<Record<string, string>>): boolean =>
  Object.entries(counted).some(([name, amount]) => {
    const [now, before] = [parseQuantity(amount), parseQuantity(said[name] ?? '0')];
    return now !== undefined && before !== undefined && compareQuantities(now, before) < 0;
  });

/** What the server itself writes into the status is right until something goes away. */
const specChanged = ({ current, previous }: Change<ResourceQuota>): boolean =>
  current !== undefined && (!previous || !equalJson(current.spec, previous.spec) || !current.status.hard);

const isAwaited = (current: ResourceQuota | undefined, awaited: ReadonlySet<string>): boolean =>
  current !== undefined && awaited.has(keyOf(current));

/** Which resources stand for a class's devices is for all namespaces. */
const renamed: Watch = {
  kind: deviceClass,
  *keys({ current, previous }, cache) {
    const [now, before] = [current, previous].map((one) => (one as DeviceClass | undefined)?.spec.extendedResourceName);
    if (now !== before) yield* cache.list(resourceQuota).map(keyOf);
  },
};

/** Objects that went, or may take less than before, wake the quotas of their namespace. */
function freed(kind: Kind<any>): Watch {
  return {
    kind,
    keys({ current, previous }, cache) {
      if (!previous) return NOBODY;
      const quotas = cache.list(resourceQuota, previous.metadata.namespace);
      if (quotas.length === 0) return NOBODY;
      const isLess = !current || mayTakeLess(kind, current, previous);
      const isNews = (quota: ResourceQuota): boolean =>
        isLess || isInQuotaScopes(quota, kind, previous) !== isInQuotaScopes(quota, kind, current);
      const measures = ({ spec }: ResourceQuota): boolean => measuredNames(kind, Object.keys(spec.hard ?? {})).size > 0;
      return quotas.filter((quota) => isNews(quota) && measures(quota)).map(keyOf);
    },
  };
}

function mayTakeLess(kind: Kind<any>, current: ApiObject, previous: ApiObject): boolean {
  return !equalJson(listOfAmounts(quotaUsage(kind, current, 0)), listOfAmounts(quotaUsage(kind, previous, 0)));
}

/** What the quota counts, as the server has it. */
async function asStored(
  { metadata: { namespace }, spec }: ResourceQuota,
  kinds: readonly Kind<any>[],
  api: Api,
): Promise<(kind: Kind<any>) => readonly ApiObject[]> {
  const names = Object.keys(spec.hard ?? {});
  const where = namespace === undefined ? {} : { namespace };
  const found = new Map<Kind<any>, readonly ApiObject[]>();
  for (const kind of kinds)
    if (measuredNames(kind, names).size > 0) found.set(kind, (await api.of(kind).list(where)).items);
  return (kind) => found.get(kind) ?? [];
}

function usage(
  quota: ResourceQuota,
  kinds: readonly Kind<any>[],
  list: (kind: Kind<any>) => readonly ApiObject[],
  { now, around }: { readonly now: number; readonly around: Parameters<typeof quotaUsage>[3] },
): Amounts {
  const names = Object.keys(quota.spec.hard ?? {});
  let total: Amounts = new Map(names.map((name) => [name, wholeAmount(0)]));
  for (const kind of kinds) {
    const measured = measuredNames(kind, names);
    if (measured.size === 0) continue;
    for (const object of list(kind))
      if (isInQuotaScopes(quota, kind, object))
        total = sumAmounts(total, onlyAmounts(quotaUsage(kind, object, now, around), measured));
  }
  return total;
}
