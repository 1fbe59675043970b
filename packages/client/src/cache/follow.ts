import { type Clock, type Logger, Notifier, type Random, TaskGroup } from '@navarch/base';
import { type ApiObject, hasReason } from '@navarch/machinery';
import type { KindApi } from '../api.ts';
import type { Shelf } from './shelf.ts';

/** The part of a kind that is copied; everything when absent. */
export interface Scope {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface FollowDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Upstream's reflector waits 0.8 s to 30 s, doubled each time, plus up to as much again. Ours begins anew once an attempt
 * lived longer than it would have to wait now (upstream: after 2 minutes of calm): with a connection that breaks every
 * minute the cache would come to lie half a minute behind, and live nodes would be taken for dead.
 */
const BACKOFF_MIN_MS = 800;
const BACKOFF_MAX_MS = 30_000;
/** A watch that lived this long and ended well is continued at once: servers end watches as a matter of course. */
const LIVED_MS = 1000;
/**
 * A watch is asked for anew after this long, up to as much more: a connection that died without a word says as little as
 * one on which nothing happens. Upstream's reflector does the same.
 */
const WATCH_MS = 5 * 60_000;

/**
 * Keeps a shelf equal to what the server has: list once, then watch; watch again where the connection broke; list again
 * where the server no longer knows the place, or where someone asked for it.
 */
export async function follow(
  shelf: Shelf,
  api: KindApi<ApiObject>,
  scope: Scope,
  deps: FollowDeps,
  relists: Relists,
  signal: AbortSignal,
): Promise<void> {
  const backOff = new BackOff(deps);
  let mustList = true;
  while (!signal.aborted) {
    const started = deps.clock.monotonic();
    try {
      if (mustList || relists.isAsked) {
        const ask = relists.begin();
        const { items, resourceVersion } = await api.list(scope);
        signal.throwIfAborted();
        shelf.replace(items, Number(resourceVersion));
        relists.answered(ask);
        mustList = false;
      }
      await watch(shelf, api, scope, deps, relists.attempt(signal));
      if (relists.isAsked || deps.clock.monotonic() - started >= LIVED_MS) continue;
    } catch (error) {
      if (signal.aborted) return;
      if (relists.wasInterrupted) continue;
      mustList ||= hasReason(error, 'Expired') || hasReason(error, 'Gone');
      deps.log.info('watch interrupted', { resource: shelf.kind.plural, error, lists: mustList });
    }
    await backOff.wait(deps.clock.monotonic() - started, signal);
  }
}

/** Follows one watch until it ends, or has lived long enough. */
async function watch(
  shelf: Shelf,
  api: KindApi<ApiObject>,
  scope: Scope,
  { clock, random }: FollowDeps,
  signal: AbortSignal,
): Promise<void> {
  const life = new AbortController();
  const lifeMs = WATCH_MS * (1 + random.uint32() / 2 ** 32);
  await using group = new TaskGroup(signal);
  group.spawn(async (s) => {
    await clock.sleep(lifeMs, s);
    life.abort(new Error('The watch is asked for anew'));
  });
  try {
    const until = AbortSignal.any([group.signal, life.signal]);
    for await (const events of api.watch({ ...scope, after: String(shelf.seen) }, until)) shelf.apply(events);
  } catch (error) {
    if (!life.signal.aborted) throw error;
  }
}

/** Requests to list anew. Requests that arrive together are answered by one list that began after the last of them. */
export class Relists {
  readonly #done = new Notifier();
  #attempt: AbortController | undefined;
  #latest = 0;
  #answered = 0;

  /** A list begins that answers all requests until now: what fails from here on is none of the watch that they broke off. */
  begin(): number {
    this.#attempt = undefined;
    return this.#latest;
  }

  get isAsked(): boolean {
    return this.#latest > this.#answered;
  }

  /** The running watch was broken off by a request, not by a fault. */
  get wasInterrupted(): boolean {
    return this.#attempt?.signal.aborted ?? false;
  }

  /** Resolves when a list that began after this call is in. */
  async ask(signal: AbortSignal): Promise<void> {
    const mine = ++this.#latest;
    this.#attempt?.abort(new Error('The cache lists again'));
    while (this.#answered < mine) await this.#done.wait(signal);
  }

  answered(ask: number): void {
    this.#answered = ask;
    this.#done.notify();
  }

  /** The signal for one watch. */
  attempt(signal: AbortSignal): AbortSignal {
    this.#attempt = new AbortController();
    if (this.isAsked) this.#attempt.abort(new Error('The cache lists again'));
    return AbortSignal.any([signal, this.#attempt.signal]);
  }
}

class BackOff {
  readonly #deps: FollowDeps;
  #delayMs = BACKOFF_MIN_MS;

  constructor(deps: FollowDeps) {
    this.#deps = deps;
  }

  /** `livedMs`: how long the attempt lasted that failed. */
  async wait(livedMs: number, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    if (livedMs > this.#delayMs) this.#delayMs = BACKOFF_MIN_MS;
    const jittered = this.#delayMs * (1 + random.uint32() / 2 ** 32);
    this.#delayMs = Math.min(this.#delayMs * 2, BACKOFF_MAX_MS);
    await clock.sleep(jittered, signal).catch(() => undefined);
  }
}
