import type { Api, Cache, CacheReader, KindApi } from '@navarch/client';
import { type ApiObject, isFinished, type Key, keyOf, type Kind, StatusError } from '@navarch/machinery';

interface Deletion {
  readonly kind: Kind<any>;
  readonly key: Key;
  readonly uid: string | undefined;
  /** It is gone, not only going. */
  readonly isFinal?: boolean;
}

/**
 * What one reconciliation wrote. Until the cache shows all of it, another reconciliation of the same key would act on
 * the past: make a pod that is already made, delete a second one for the first.
 */
export class OwnWrites {
  readonly #reads: ReadonlySet<Kind<any>>;
  readonly #versions = new Map<Kind<any>, string>();
  readonly #deletions: Deletion[] = [];
  /** Kinds with a write that may or may not have been done: its answer was lost. */
  readonly #doubtful = new Set<Kind<any>>();

  /** Only kinds that the controller reads are waited for. */
  constructor(reads: ReadonlySet<Kind<any>>) {
    this.#reads = reads;
  }

  get isEmpty(): boolean {
    return this.#versions.size === 0 && this.#deletions.length === 0 && this.#doubtful.size === 0;
  }

  isSeenBy(cache: Cache): boolean {
    if (this.#doubtful.size > 0) return false;
    for (const [kind, version] of this.#versions) if (!cache.hasSeen(kind, version)) return false;
    return this.#deletions.every((deletion) => isDeletionSeen(deletion, cache));
  }

  async whenSeenBy(cache: Cache, signal: AbortSignal): Promise<void> {
    for (const kind of this.#doubtful) await cache.relist(kind, signal);
    this.#doubtful.clear();
    for (const [kind, version] of this.#versions) await cache.whenSeen(kind, version, signal);
    for (const deletion of this.#deletions)
      await cache.when(deletion.kind, () => isDeletionSeen(deletion, cache), signal);
  }

  wrote(kind: Kind<any>, object: ApiObject): void {
    if (!this.#reads.has(kind)) return;
    // It is removed by this write: no version of it comes after.
    if (isFinished(object, kind)) {
      this.#deletions.push({ kind, key: keyOf(object), uid: object.metadata.uid, isFinal: true });
      return;
    }
    const version = object.metadata.resourceVersion;
    const before = this.#versions.get(kind);
    if (before === undefined || Number(before) < Number(version)) this.#versions.set(kind, version);
  }

  deleted(deletion: Deletion): void {
    if (this.#reads.has(deletion.kind)) this.#deletions.push(deletion);
  }

  failed(kind: Kind<any>, error: unknown): void {
    const isRefused = error instanceof StatusError && (error.status.code ?? 500) < 500;
    if (!isRefused && this.#reads.has(kind)) this.#doubtful.add(kind);
  }
}

function isDeletionSeen({ kind, key, uid, isFinal }: Deletion, cache: CacheReader): boolean {
  const held: ApiObject | undefined = cache.get<ApiObject>(kind, key);
  if (!held || (uid !== undefined && held.metadata.uid !== uid)) return true;
  return !isFinal && held.metadata.deletionTimestamp !== undefined;
}

/** The same API, noting what is written through it. Once the signal has aborted others may lead: nothing more is written. */
export const recording = (api: Api, cache: CacheReader, writes: OwnWrites, signal: AbortSignal): Api => ({
  of: (kind) => recordingKind(kind, api.of(kind), cache, writes, signal),
});

function recordingKind<O extends ApiObject>(
  kind: Kind<O>,
  plain: KindApi<O>,
  cache: CacheReader,
  writes: OwnWrites,
  signal: AbortSignal,
): KindApi<O> {
  const guarded = async <T>(write: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    try {
      return await write();
    } catch (error) {
      writes.failed(kind, error);
      throw error;
    }
  };
  const note = (write: () => Promise<O>): Promise<O> =>
    guarded(async () => {
      const object = await write();
      writes.wrote(kind, object);
      return object;
    });
  return {
    get: (key) => plain.get(key),
    list: (options) => plain.list(options),
    watch: (options, until) => plain.watch(options, until),
    create: (input, options) => note(() => plain.create(input, options)),
    replace: (object, options) => note(() => plain.replace(object, options)),
    update: (key, change, options) => note(() => plain.update(key, change, options)),
    patch: (key, patch, options) => note(() => plain.patch(key, patch, options)),
    delete: (key, options) =>
      guarded(async () => {
        await plain.delete(key, options);
        if (!options?.dryRun)
          writes.deleted({ kind, key, uid: options?.preconditions?.uid ?? uidOf(kind, key, cache) });
      }),
    deleteCollection: (options) =>
      guarded(async () => {
        const { items } = await plain.list(options);
        await plain.deleteCollection(options);
        for (const object of items) writes.deleted({ kind, key: keyOf(object), uid: object.metadata.uid });
      }),
    async post(key, subresource, body, options) {
      signal.throwIfAborted();
      return plain.post(key, subresource, body, options);
    },
  };
}

const uidOf = (kind: Kind<any>, key: Key, cache: CacheReader): string | undefined =>
  cache.get<ApiObject>(kind, key)?.metadata.uid;
