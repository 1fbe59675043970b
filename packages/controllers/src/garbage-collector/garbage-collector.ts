import { byOwner, type CacheReader } from '@navarch/client';
import {
  type ApiObject,
  equalJson,
  hasReason,
  type Key,
  keyIn,
  keyOf,
  type Kind,
  type OwnerReference,
} from '@navarch/machinery';
import {
  type Change,
  type Context,
  type Controller,
  defineController,
  groupOf,
  NOBODY,
  type Outcome,
  type Watch,
} from '../controller.ts';
import { count } from '../shared/measure.ts';

const UNSYNCED = count(
  'garbagecollector_controller_resources_sync_error_total',
  '[ALPHA] Times that what the collector reads could not be read in half a minute',
);

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

type Kinds = ReadonlyMap<string, Kind<any>>;

const idOf = (kind: Kind<any>): string => `${kind.group}/${kind.kind}`;
const isForeground = ({ metadata }: ApiObject): boolean =>
  metadata.deletionTimestamp !== undefined && (metadata.finalizers?.includes(FOREGROUND) ?? false);
const isOrphaning = ({ metadata }: ApiObject): boolean =>
  metadata.deletionTimestamp !== undefined && (metadata.finalizers?.includes(ORPHAN) ?? false);

/**
 * Deletes what has lost all its owners, and carries out foreground deletion and orphaning. The graph is the owner
 * references themselves, found through an index over every kind: there is no second copy that could disagree.
 * `all`: every kind that is served; events, which nothing owns for long, are left out as upstream does.
 */
export const garbageCollectorController = (all: readonly Kind<any>[]): Controller => {
  const collected = all.filter(
    (kind) =>
      !kind.isAlternate &&
      ['list', 'watch', 'delete'].every((verb) => (kind.verbs as readonly string[]).includes(verb)) &&
      kind.kind !== 'Event',
  );
  const kinds: Kinds = new Map(collected.map((kind) => [idOf(kind), kind]));
  return defineController({
    name: 'garbage-collector-controller',
    queueName: 'garbage_collector_attempt_to_delete',
    watches: collected.map((kind): Watch<ApiObject> => ({
      kind,
      keys: (change, cache) => wakes(kind, change, kinds, cache),
    })),
    workers: 20,
    unsynced: UNSYNCED,
    async reconcile(key, context) {
      const [id = '', objectKey = ''] = key.split('|');
      const kind = kinds.get(id);
      const object = kind && context.cache.get<ApiObject>(kind, objectKey);
      return object && collect({ kind, object }, kinds, context);
    },
  });
};

interface Item {
  readonly kind: Kind<any>;
  readonly object: ApiObject;
}

const keyOfItem = ({ kind, object }: Item): Key => `${idOf(kind)}|${keyOf(object)}`;

const owners = (object: ApiObject | undefined): readonly OwnerReference[] =>
  object?.metadata.ownerReferences ?? NO_OWNERS;
const NO_OWNERS: readonly never[] = [];

/** Most changes concern nobody: statuses come and go without touching the graph. */
function wakes(kind: Kind<any>, change: Change, kinds: Kinds, cache: CacheReader): Iterable<Key> {
  const { current, previous } = change;
  const isQuiet =
    current && previous && !current.metadata.deletionTimestamp && equalJson(owners(current), owners(previous));
  return isQuiet ? NOBODY : woken(kind, change, kinds, cache);
}

function* woken(kind: Kind<any>, { current, previous }: Change, kinds: Kinds, cache: CacheReader): Iterable<Key> {
  const isGone = current === undefined;
  const hasMoved = !isGone && !equalJson(owners(current), owners(previous));
  const isDeleting = current?.metadata.deletionTimestamp !== undefined;
  const hasBegunDeletion =
    isDeleting &&
    (!previous?.metadata.deletionTimestamp || !equalJson(previous.metadata.finalizers, current.metadata.finalizers));
  if (current && (hasBegunDeletion || (hasMoved && owners(current).length > 0)))
    yield keyOfItem({ kind, object: current });
  const object = current ?? previous;
  if (object && (isGone || (hasBegunDeletion && isForeground(object))))
    for (const dependent of dependentsOf(object, kinds, cache)) yield keyOfItem(dependent);
  if (!previous || !(isGone || hasMoved)) return;
  for (const reference of owners(previous)) {
    const found = cachedOwner(previous, reference, kinds, cache);
    if (found && isForeground(found.object)) yield keyOfItem(found);
  }
}

function dependentsOf({ metadata }: ApiObject, kinds: Kinds, cache: CacheReader): readonly Item[] {
  const found: Item[] = [];
  for (const kind of kinds.values())
    for (const object of cache.find<ApiObject>(kind, byOwner, metadata.uid)) found.push({ kind, object });
  return found;
}

const ownerKind = (reference: OwnerReference, kinds: Kinds): Kind<any> | undefined =>
  kinds.get(`${groupOf(reference.apiVersion)}/${reference.kind}`);
const ownerKey = (dependent: ApiObject, reference: OwnerReference, kind: Kind<any>): Key =>
  keyIn(kind.namespaced ? dependent.metadata.namespace : undefined, reference.name);

function cachedOwner(
  dependent: ApiObject,
  reference: OwnerReference,
  kinds: Kinds,
  cache: CacheReader,
): Item | undefined {
  const kind = ownerKind(reference, kinds);
  const object = kind && cache.get<ApiObject>(kind, ownerKey(dependent, reference, kind));
  return object?.metadata.uid === reference.uid ? { kind: kind as Kind<any>, object } : undefined;
}

async function collect(item: Item, kinds: Kinds, context: Context): Promise<Outcome> {
  const { object } = item;
  if (isForeground(object)) await finishForeground(item, kinds, context);
  else if (isOrphaning(object)) await orphan(item, kinds, context);
  else if (!object.metadata.deletionTimestamp) await judge(item, kinds, context);
  return undefined;
}

/** The owner may go when no dependent that blocks it is left; dependents are woken on their own. */
async function finishForeground(item: Item, kinds: Kinds, context: Context): Promise<void> {
  const { uid } = item.object.metadata;
  const blocks = ({ object }: Item): boolean =>
    object.metadata.ownerReferences?.some((r) => r.uid === uid && r.blockOwnerDeletion) ?? false;
  if (!dependentsOf(item.object, kinds, context.cache).some(blocks)) await dropFinalizer(item, FOREGROUND, context);
}

async function orphan(item: Item, kinds: Kinds, context: Context): Promise<void> {
  const { uid } = item.object.metadata;
  for (const dependent of dependentsOf(item.object, kinds, context.cache))
    await dropOwners(dependent, new Set([uid]), context);
  await dropFinalizer(item, ORPHAN, context);
}

/** Keeps an object that has an owner; deletes one whose owners are all gone or wait for it to go. */
async function judge(item: Item, kinds: Kinds, context: Context): Promise<void> {
  const { kind, object } = item;
  const references = object.metadata.ownerReferences ?? [];
  if (references.length === 0) return;
  const verdicts = new Map<OwnerReference, Verdict>();
  for (const reference of references) verdicts.set(reference, await verdictOn(object, reference, kinds, context));
  const of = (verdict: Verdict): readonly OwnerReference[] =>
    references.filter((reference) => verdicts.get(reference) === verdict);
  if (of('solid').length > 0) {
    const lost = new Set([...of('absent'), ...of('waiting')].map((reference) => reference.uid));
    if (lost.size > 0) await dropOwners(item, lost, context);
    return;
  }
  const dependents = dependentsOf(object, kinds, context.cache);
  const isWaitedFor = of('waiting').length > 0 && dependents.length > 0;
  // A circle of owners that wait for each other would wait for ever: one of them stops blocking.
  if (isWaitedFor)
    for (const dependent of dependents.filter((d) => isForeground(d.object))) await unblock(item, dependent, context);
  const { uid, resourceVersion, finalizers = [] } = object.metadata;
  const propagationPolicy = isWaitedFor
    ? 'Foreground'
    : finalizers.includes(ORPHAN)
      ? 'Orphan'
      : finalizers.includes(FOREGROUND)
        ? 'Foreground'
        : 'Background';
  await unlessGone(() =>
    context.api.of(kind).delete(keyOf(object), { propagationPolicy, preconditions: { uid, resourceVersion } }),
  );
}

type Verdict = 'solid' | 'waiting' | 'absent';

async function verdictOn(
  dependent: ApiObject,
  reference: OwnerReference,
  kinds: Kinds,
  { api, cache, events, log }: Context,
): Promise<Verdict> {
  const kind = ownerKind(reference, kinds);
  if (!kind) {
    log.debug('owner of a kind that is not known here', { owner: reference });
    return 'solid';
  }
  if (kind.namespaced && !dependent.metadata.namespace) {
    const owner = `${reference.apiVersion}/${reference.kind}, namespace: , name: ${reference.name}, uid: ${reference.uid}`;
    events.record(dependent, {
      type: 'Warning',
      reason: 'OwnerRefInvalidNamespace',
      message: `ownerRef [${owner}] does not exist in namespace ""`,
    });
    return 'solid';
  }
  const key = ownerKey(dependent, reference, kind);
  const cached = cache.get<ApiObject>(kind, key);
  // The cache may be behind: only the server can say that an owner is not there.
  const owner =
    cached?.metadata.uid === reference.uid ? cached : await unlessGone(() => api.of<ApiObject>(kind).get(key));
  if (owner?.metadata.uid !== reference.uid) return 'absent';
  return isForeground(owner) ? 'waiting' : 'solid';
}

async function dropOwners({ kind, object }: Item, uids: ReadonlySet<string>, { api }: Context): Promise<void> {
  await unlessGone(() =>
    api.of<ApiObject>(kind).update(keyOf(object), (current) => {
      const kept = current.metadata.ownerReferences?.filter((reference) => !uids.has(reference.uid)) ?? [];
      if (
        current.metadata.uid !== object.metadata.uid ||
        kept.length === (current.metadata.ownerReferences?.length ?? 0)
      )
        return current;
      return { ...current, metadata: { ...current.metadata, ownerReferences: kept } };
    }),
  );
}

async function unblock(owner: Item, { kind, object }: Item, { api }: Context): Promise<void> {
  await unlessGone(() =>
    api.of<ApiObject>(kind).update(keyOf(object), (current) => {
      const ownerReferences =
        current.metadata.ownerReferences?.map((r) =>
          r.uid === owner.object.metadata.uid ? { ...r, blockOwnerDeletion: false } : r,
        ) ?? [];
      return equalJson(ownerReferences, current.metadata.ownerReferences ?? [])
        ? current
        : { ...current, metadata: { ...current.metadata, ownerReferences } };
    }),
  );
}

async function dropFinalizer({ kind, object }: Item, finalizer: string, { api }: Context): Promise<void> {
  await unlessGone(() =>
    api.of<ApiObject>(kind).update(keyOf(object), (current) => {
      if (current.metadata.uid !== object.metadata.uid || !current.metadata.finalizers?.includes(finalizer))
        return current;
      return {
        ...current,
        metadata: { ...current.metadata, finalizers: current.metadata.finalizers.filter((f) => f !== finalizer) },
      };
    }),
  );
}

async function unlessGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}
