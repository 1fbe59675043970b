import {
  type Clock,
  type Counter,
  type Gauge,
  invariant,
  InvariantError,
  type Logger,
  type Metrics,
  type Random,
  TaskGroup,
} from '@navarch/base';
import {
  type Api,
  type Cache,
  type CacheReader,
  EventRecorder,
  type KindApi,
  type Recorder,
  WorkQueue,
} from '@navarch/client';
import type { ApiObject, Key, Kind } from '@navarch/machinery';
import { type Context, type Controller, NOBODY } from './controller.ts';
import { OwnWrites, recording } from './own-writes.ts';

export interface RunnerDeps {
  readonly api: Api;
  /** Shared with whatever else runs in the process; whoever made it runs it. */
  readonly cache: Cache;
  /** The API of core/v1 events. */
  readonly events: KindApi<any>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const WORKERS = 5;
/** Upstream's garbage collector waits for so long, and then says that it could not. */
const UNSYNCED_MS = 30_000;

/**
 * Runs controllers until the signal aborts. Everything that is the same for all of them is here, once: queues, back-off,
 * waiting for caches, and never acting on a cache that has not caught up with a key's own last writes.
 */
export async function runControllers(
  controllers: readonly Controller[],
  deps: RunnerDeps,
  signal: AbortSignal,
): Promise<void> {
  await using group = new TaskGroup(signal);
  for (const controller of controllers) group.spawn((s) => new Run(controller, deps).run(s));
  await group.join();
}

class Run {
  readonly #controller: Controller;
  readonly #deps: RunnerDeps;
  readonly #queue: WorkQueue;
  readonly #log: Logger;
  readonly #reads: ReadonlySet<Kind<any>>;
  readonly #cache: CacheReader;
  readonly #events: EventRecorder;
  readonly #reconciled: Counter;
  readonly #running: Gauge;
  /** Of each key the writes that the cache may not show yet. An entry goes when they are seen. */
  readonly #writes = new Map<Key, OwnWrites>();

  constructor(controller: Controller, deps: RunnerDeps) {
    this.#controller = controller;
    this.#deps = deps;
    this.#log = deps.log.with({ controller: controller.name });
    this.#queue = new WorkQueue(controller.queueName ?? controller.name, deps);
    this.#reads = new Set([...controller.watches.map((watch) => watch.kind), ...(controller.reads ?? [])]);
    this.#cache = declaredOnly(deps.cache, this.#reads, controller.name);
    this.#events = new EventRecorder({ ...deps, events: deps.events }, controller.eventSource ?? controller.name);
    this.#reconciled = deps.metrics.counter(
      'controller_reconcile_total',
      'Total number of reconciliations per controller and result.',
    );
    this.#running = deps.metrics.gauge(
      'running_managed_controllers',
      '[BETA] Indicates where instances of a controller are currently running',
    );
  }

  async run(signal: AbortSignal): Promise<void> {
    const { cache } = this.#deps;
    await this.#synced(signal);
    await using group = new TaskGroup(signal);
    group.spawn((s) => this.#queue.run(s));
    group.spawn((s) => this.#events.run(s));
    const stops = this.#controller.watches.map((watch) =>
      cache.onChange(watch.kind, (current, previous) => {
        const change = { current, previous };
        watch.count?.(change, this.#deps.metrics);
        const keys = watch.keys(change, this.#cache);
        if (keys === NOBODY) return;
        for (const key of keys) this.#queue.add(key);
      }),
    );
    stops.push(this.#deps.metrics.collect(() => this.#controller.gauges?.(this.#cache) ?? []));
    for (const key of this.#controller.initialKeys ?? []) this.#queue.add(key);
    for (let n = 0; n < (this.#controller.workers ?? WORKERS); n++) group.spawn((s) => this.#work(group, s));
    const running = { name: this.#controller.name, manager: 'kube-controller-manager' };
    this.#running.set(1, running);
    try {
      await group.join();
    } finally {
      this.#running.set(0, running);
      for (const stop of stops) stop();
    }
  }

  /** Every kind is complete before the first key: an owner is not taken for one without dependents. */
  async #synced(signal: AbortSignal): Promise<void> {
    const { cache, clock, metrics } = this.#deps;
    const { unsynced } = this.#controller;
    if (!unsynced) return cache.whenSynced(this.#reads, signal);
    await using waiting = new TaskGroup(signal);
    waiting.spawn(async (s) => {
      for (;;) {
        await clock.sleep(UNSYNCED_MS, s);
        unsynced.add(metrics);
      }
    });
    await cache.whenSynced(this.#reads, waiting.signal);
  }

  async #work(group: TaskGroup, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const key = await this.#queue.take(signal);
      try {
        const writes = this.#writes.get(key);
        if (writes && !writes.isSeenBy(this.#deps.cache)) {
          this.#controller.stale?.add(this.#deps.metrics);
          group.spawn((s) => this.#comeBack(key, writes, s));
        } else await this.#reconcile(key, signal);
      } finally {
        this.#queue.done(key);
      }
    }
  }

  async #comeBack(key: Key, writes: OwnWrites, signal: AbortSignal): Promise<void> {
    await writes.whenSeenBy(this.#deps.cache, signal);
    this.#queue.add(key);
  }

  async #reconcile(key: Key, signal: AbortSignal): Promise<void> {
    const { name } = this.#controller;
    const writes = new OwnWrites(this.#reads);
    const context = this.#context(key, writes, signal);
    try {
      const outcome = await this.#controller.reconcile(key, context);
      this.#queue.forget(key);
      if (outcome) this.#queue.addAfter(key, outcome.requeueAfterMs);
      this.#reconciled.add(1, { controller: name, result: outcome ? 'requeue_after' : 'success' });
    } catch (error) {
      if (signal.aborted) return;
      const isBug = error instanceof InvariantError || error instanceof TypeError;
      context.log[isBug ? 'error' : 'info']('reconcile failed, will retry', {
        error,
        retries: this.#queue.retries(key),
      });
      this.#queue.retry(key);
      this.#reconciled.add(1, { controller: name, result: 'error' });
    } finally {
      if (writes.isEmpty) this.#writes.delete(key);
      else this.#writes.set(key, writes);
    }
  }

  #context(key: Key, writes: OwnWrites, signal: AbortSignal): Context {
    const { api, clock, metrics, random } = this.#deps;
    const events: Recorder = this.#events;
    return {
      api: recording(api, this.#deps.cache, writes, signal),
      cache: this.#cache,
      clock,
      random,
      log: this.#log.with({ key }),
      events,
      metrics,
      signal,
    };
  }
}

/** A controller that reads what it did not declare would act on a copy that nobody waits for. */
function declaredOnly(cache: Cache, kinds: ReadonlySet<Kind<any>>, name: string): CacheReader {
  const check = (kind: Kind<any>): void =>
    invariant(kinds.has(kind), `${name} reads ${kind.plural} without saying so in watches or reads`);
  return {
    get<O extends ApiObject>(kind: Kind<O>, key: Key) {
      check(kind);
      return cache.get(kind, key);
    },
    list(kind, namespace) {
      check(kind);
      return cache.list(kind, namespace);
    },
    find(kind, index, value) {
      check(kind);
      return cache.find(kind, index, value);
    },
    hasSeen(kind, resourceVersion) {
      check(kind);
      return cache.hasSeen(kind, resourceVersion);
    },
  };
}
