import { type Clock, type Logger, type Random, TaskGroup } from '@navarch/base';
import { type Api, type Cache, type KindApi, type Recorder, WorkQueue } from '@navarch/client';
import { type ApiObject, hasReason, type Kind } from '@navarch/machinery';
import type { Context, Controller, Settings } from './controller.ts';

export interface RunnerDeps {
  readonly api: Api;
  readonly cache: Cache;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly recorder: Recorder;
  readonly kinds: readonly Kind<any>[];
  readonly settings: Settings;
}

const WORKERS = 5;

/** Runs controllers until the signal aborts. Everything that is the same for all of them is here, once. */
export async function runControllers(controllers: readonly Controller[], deps: RunnerDeps, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  const kinds = new Set(controllers.flatMap((controller) => controller.watches.map((watch) => watch.kind)));
  for (const { indexes = [] } of controllers) for (const { kind, index } of indexes) deps.cache.index(kind, index);
  const queues = controllers.map((controller) => listen(controller, deps.cache, new WorkQueue(deps.clock, group)));
  for (const kind of kinds) group.spawn((s) => deps.cache.follow(kind, s));
  await deps.cache.whenSynced(kinds, group.signal);
  for (const [i, controller] of controllers.entries()) {
    const worker = new Worker(controller, queues[i] as WorkQueue, deps, group);
    for (let n = 0; n < (controller.workers ?? WORKERS); n++) group.spawn((s) => worker.run(s));
  }
  await group.join();
}

/** Wakes keys by what an object was and by what it is. */
function listen(controller: Controller, cache: Cache, queue: WorkQueue): WorkQueue {
  for (const watch of controller.watches) {
    cache.onChange(watch.kind, ({ current, previous }) => {
      if (current) for (const key of watch.keys(current, cache)) queue.add(key);
      if (previous) for (const key of watch.keys(previous, cache)) queue.add(key);
    });
  }
  return queue;
}

type Writes = Map<Kind<any>, string>;

class Worker {
  readonly #controller: Controller;
  readonly #queue: WorkQueue;
  readonly #deps: RunnerDeps;
  readonly #group: TaskGroup;
  readonly #log: Logger;
  /** The newest version each key's last reconciliation wrote, by kind. */
  readonly #written = new Map<string, Writes>();

  constructor(controller: Controller, queue: WorkQueue, deps: RunnerDeps, group: TaskGroup) {
    this.#controller = controller;
    this.#queue = queue;
    this.#deps = deps;
    this.#group = group;
    this.#log = deps.log.with({ controller: controller.name });
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let key: string;
      try {
        key = await this.#queue.take(signal);
      } catch {
        return; // Stopped.
      }
      try {
        await this.#reconcile(key, signal);
      } finally {
        this.#queue.done(key);
      }
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<void> {
    // A controller never acts on a cache that has not caught up with its own last writes for this key.
    if (this.#waitsForOwnWrites(key)) return;
    const writes: Writes = new Map();
    const context: Context = { ...this.#deps, api: recording(this.#deps.api, writes), log: this.#log.with({ key }), signal };
    try {
      const outcome = await this.#controller.reconcile(key, context);
      this.#queue.forget(key);
      if (outcome) this.#queue.addAfter(key, outcome.requeueAfterMs);
    } catch (error) {
      if (signal.aborted) return;
      // Someone wrote at the same time: the cache will tell, and what is wanted is computed again.
      const isRace = hasReason(error, 'Conflict') || hasReason(error, 'NotFound') || hasReason(error, 'AlreadyExists');
      this.#log[isRace ? 'debug' : 'warn']('reconciliation failed', { key, error });
      this.#queue.retry(key);
    } finally {
      if (writes.size > 0) this.#written.set(key, writes);
    }
  }

  #waitsForOwnWrites(key: string): boolean {
    const { cache } = this.#deps;
    const behind = [...(this.#written.get(key) ?? [])].find(([kind, version]) => !cache.hasSeen(kind, version));
    this.#written.delete(key);
    if (!behind) return false;
    this.#written.set(key, new Map([behind]));
    this.#group.spawn(async (signal) => {
      await cache.whenSeen(...behind, signal).catch(() => undefined);
      this.#queue.add(key);
    });
    return true;
  }
}

/** The same port; remembers the version of every object that was written. */
function recording(api: Api, writes: Writes): Api {
  return {
    of<O extends ApiObject>(kind: Kind<O>): KindApi<O> {
      const inner = api.of(kind);
      const remember = async (write: Promise<O>): Promise<O> => {
        const object = await write;
        const before = writes.get(kind);
        if (before === undefined || Number(before) < Number(object.metadata.resourceVersion)) writes.set(kind, object.metadata.resourceVersion);
        return object;
      };
      return {
        get: (key) => inner.get(key),
        list: (options) => inner.list(options),
        watch: (options, signal) => inner.watch(options, signal),
        create: (input, options) => remember(inner.create(input, options)),
        replace: (object, options) => remember(inner.replace(object, options)),
        update: (key, change, options) => remember(inner.update(key, change, options)),
        patch: (key, patch, options) => remember(inner.patch(key, patch, options)),
        delete: (key, options) => inner.delete(key, options),
        deleteCollection: (options) => inner.deleteCollection(options),
        post: (key, subresource, body, options) => inner.post(key, subresource, body, options),
      };
    },
  };
}
