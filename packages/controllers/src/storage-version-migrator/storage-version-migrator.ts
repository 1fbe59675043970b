import { type CustomResourceDefinition, customResourceDefinition, storageVersionMigration } from '@navarch/api';
import type { Api } from '@navarch/client';
import {
  type ApiObject,
  apiVersionOf,
  formatTime,
  hasReason,
  type Key,
  keyOf,
  type Kind,
  type ObjectOf,
  StatusError,
} from '@navarch/machinery';
import { type Context, type Controller, defineController, type Outcome } from '../controller.ts';
import { findCondition, withCondition, withoutCondition } from '../shared/conditions.ts';

const NAME = 'storage-version-migrator-controller';
/** Owner of what is said of a migration in a definition's status. */
const RUNNER = 'migration-runner-controller';
/** A resource that nobody serves may be about to be, in milliseconds. */
const PATIENCE_MS = 60_000;
const PAGE = 500;

type Migration = ObjectOf<typeof storageVersionMigration>;

const keyOfResource = ({ spec: { resource } }: Migration): Key => `${resource.resource}.${resource.group ?? ''}`;
const holds = ({ status }: Migration, type: string): boolean =>
  findCondition(status.conditions, type)?.status === 'True';
const isOver = (migration: Migration): boolean => holds(migration, 'Succeeded') || holds(migration, 'Failed');

/**
 * Writes every object of a resource anew, so that it is stored as things of its kind are stored now (KEP-4192): one
 * migration of a resource after the other, the oldest first. Of a custom resource the definition says so meanwhile, and
 * afterwards knows of no other stored version. Keys are `resource.group`. `kinds`: every kind that is served.
 */
export const storageVersionMigratorController = (kinds: readonly Kind<any>[]): Controller =>
  defineController({
    name: NAME,
    watches: [
      {
        kind: storageVersionMigration,
        *keys({ current, previous }) {
          yield keyOfResource((current ?? previous) as Migration);
        },
      },
    ],
    async reconcile(key, context) {
      const all = context.cache.list(storageVersionMigration).filter((one) => keyOfResource(one) === key);
      for (const one of all)
        if (isOver(one) && findCondition(one.status.conditions, 'Running')) await finish(one, context);
      const waiting = all.filter((one) => !isOver(one)).sort(byAge);
      const running = waiting.find((one) => holds(one, 'Running')) ?? waiting[0];
      if (!running) return undefined;
      // What is said first is seen first: the next look goes on from there.
      if (!holds(running, 'Running')) return begin(running, context);
      const kind = kinds.find((one) => isOf(one, running) && !one.isAlternate);
      if (kind) return migrate(running, kind, context);
      const leftMs = Date.parse(running.metadata.creationTimestamp ?? '') + PATIENCE_MS - context.clock.now();
      if (leftMs > 0) return { requeueAfterMs: leftMs };
      return fail(running, 'unable to obtain GVR from discovery', context);
    },
  });

const byAge = (a: Migration, b: Migration): number => {
  const rank = ({ metadata }: Migration): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
  return rank(a) < rank(b) ? -1 : 1;
};

const isOf = (kind: Kind<any>, { spec: { resource } }: Migration): boolean =>
  kind.plural === resource.resource &&
  kind.group === (resource.group ?? '') &&
  ['list', 'patch'].every((verb) => (kind.verbs as readonly string[]).includes(verb));

async function begin(migration: Migration, context: Context): Promise<undefined> {
  await tellDefinition(migration, context, () => ({
    status: 'True',
    reason: 'MigrationRunning',
    message: `Migration ${migration.metadata.name} is running`,
  }));
  await say(migration, 'Running', { reason: 'MigrationRunning', message: 'The migration is running' }, context);
  return undefined;
}

async function migrate(migration: Migration, kind: Kind<any>, context: Context): Promise<Outcome> {
  const { api } = context;
  const resourceVersion = migration.status.resourceVersion;
  if (!resourceVersion) {
    // Whatever is written after this moment is stored as it should be.
    const { resourceVersion: newest } = await api.of(kind).list({ limit: 1 });
    await write(migration, context, (status) => ({ ...status, resourceVersion: newest }));
    return undefined;
  }
  for await (const object of objectsOf(kind, api)) {
    context.signal.throwIfAborted();
    if (Number(object.metadata.resourceVersion) > Number(resourceVersion)) continue;
    const failure = await writeAnew(object, kind, api);
    if (failure) return fail(migration, failure, context);
  }
  await say(migration, 'Succeeded', { reason: 'StorageVersionMigrationSucceeded', message: '' }, context);
  return undefined;
}

async function* objectsOf(kind: Kind<any>, api: Api): AsyncGenerator<ApiObject> {
  let next: string | undefined = '';
  while (next !== undefined) {
    const page: { readonly items: readonly ApiObject[]; readonly continue?: string } = await api
      .of(kind)
      .list({ limit: PAGE, ...(next ? { continue: next } : {}) });
    yield* page.items;
    next = page.continue;
  }
}

/** Applies nothing to this very object as it is: it is only stored again. What is refused for good, in words. */
async function writeAnew(object: ApiObject, kind: Kind<any>, api: Api): Promise<string | undefined> {
  const { uid, resourceVersion } = object.metadata;
  const body = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { uid, resourceVersion } };
  try {
    await api.of(kind).patch(keyOf(object), { type: 'apply', body, fieldManager: NAME });
    return undefined;
  } catch (error) {
    // Moved, gone or made anew: it is stored as it should be, or not at all.
    if (hasReason(error, 'Conflict') || hasReason(error, 'NotFound')) return undefined;
    const code = error instanceof StatusError ? (error.status.code ?? 500) : 500;
    if (code >= 500 || code === 429) throw error;
    return (error as Error).message;
  }
}

async function fail(migration: Migration, why: string, context: Context): Promise<undefined> {
  const message = `migration encountered unhandled error: ${why}`;
  await say(migration, 'Failed', { reason: 'StorageVersionMigrationFailed', message }, context);
  return undefined;
}

interface Said {
  readonly reason: string;
  readonly message: string;
}

function say(migration: Migration, type: string, { reason, message }: Said, context: Context): Promise<void> {
  const lastTransitionTime = formatTime(context.clock.now());
  return write(migration, context, (status) => ({
    ...status,
    conditions: withCondition(status.conditions ?? [], { type, status: 'True', reason, message, lastTransitionTime }),
  }));
}

/** What was said while it ran is said no longer, of the migration and of the definition. */
async function finish(migration: Migration, context: Context): Promise<void> {
  const isDone = holds(migration, 'Succeeded');
  await tellDefinition(migration, context, (isUnchanged) =>
    isDone
      ? {
          status: 'False',
          reason: 'MigrationSucceeded',
          message: `The migration has succeeded ${isUnchanged ? 'and the stored versions have been updated' : 'but the stored versions have not been updated due to a generation mismatch'}`,
          // Of a definition that changed meanwhile nobody knows in which versions its objects are stored.
          forgetsVersions: isUnchanged,
        }
      : { status: 'False', reason: 'MigrationFailed', message: 'The migration has failed' },
  );
  await write(migration, context, (status) => ({
    ...status,
    conditions: withoutCondition(status.conditions ?? [], 'Running'),
  }));
}

interface Told extends Said {
  readonly status: 'True' | 'False';
  /** Only the version in which things are stored now is left. */
  readonly forgetsVersions?: boolean;
}

/** `tell` is told whether the definition is as it was when the migration began. */
async function tellDefinition(
  migration: Migration,
  { api, clock }: Context,
  tell: (isUnchanged: boolean) => Told,
): Promise<void> {
  const definitions = api.of(customResourceDefinition);
  const name = keyOfResource(migration);
  let found: CustomResourceDefinition;
  try {
    found = await definitions.get(name);
  } catch (error) {
    if (hasReason(error, 'NotFound')) return;
    throw error;
  }
  const observedGeneration = found.metadata.generation;
  const before = found.status.conditions?.find(({ type }) => type === 'StorageMigrating');
  const { forgetsVersions, ...said } = tell(before?.observedGeneration === observedGeneration);
  const stored = found.spec.versions.find(({ storage }) => storage)?.name;
  const condition = {
    type: 'StorageMigrating',
    ...said,
    lastTransitionTime: formatTime(clock.now()),
    observedGeneration,
  };
  const body = {
    apiVersion: apiVersionOf(customResourceDefinition),
    kind: 'CustomResourceDefinition',
    metadata: { name, uid: found.metadata.uid },
    status: { conditions: [condition], ...(forgetsVersions ? { storedVersions: [stored] } : {}) },
  };
  await definitions.patch(name, { type: 'apply', body, fieldManager: RUNNER, force: true }, { subresource: 'status' });
}

async function write(
  migration: Migration,
  { api }: Context,
  change: (status: Migration['status']) => Migration['status'],
): Promise<void> {
  try {
    await api
      .of(storageVersionMigration)
      .update(
        migration.metadata.name,
        (current) =>
          current.metadata.uid === migration.metadata.uid ? { ...current, status: change(current.status) } : current,
        { subresource: 'status' },
      );
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
