import { type Clock, type Logger, Notifier, type Random } from '@navarch/base';
import { type ApiObject, hasReason, type Key, keyOf, type Kind } from '@navarch/machinery';
import type { Api, WatchEvent } from './api.ts';

/** Told of every change: the object as it is now (or last was) and as it was before. */
export type ChangeListener<O> = (change: Change<O>) => void;
export interface Change<O> {
  readonly current: O | undefined;
  readonly previous: O | undefined;
}

/** Values under which an object is found; computed once per change. */
export interface Index<O extends ApiObject> {
  readonly name: string;
  values(object: O): readonly string[];
}

export interface CacheDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

const RETRY_MS_MIN = 200;
const RETRY_MS_MAX = 30_000;

/** A read-only, eventually consistent copy of some kinds, shared by everything in the process. Nobody may change what is in it. */
export class Cache {
  readonly #deps: CacheDeps;
  readonly #shelves = new Map<Kind<any>, Shelf<any>>();

  constructor(deps: CacheDeps) {
    this.#deps = deps;
  }

  get<O extends ApiObject>(kind: Kind<O>, key: Key): O | undefined {
    return this.#shelf(kind).objects.get(key);
  }

  all<O extends ApiObject>(kind: Kind<O>): IterableIterator<O> {
    return this.#shelf(kind).objects.values();
  }

  /** Objects with that value in a declared index. */
  *by<O extends ApiObject>(kind: Kind<O>, index: string, value: string): Generator<O> {
    const shelf = this.#shelf(kind);
    for (const key of shelf.indexes.get(index)?.keys.get(value) ?? []) {
      const object = shelf.objects.get(key);
      if (object) yield object;
    }
  }

  in<O extends ApiObject>(kind: Kind<O>, namespace: string): Generator<O> {
    return this.by(kind, 'namespace', namespace);
  }

  /** Declares an index. Harmless when it is there already. */
  index<O extends ApiObject>(kind: Kind<O>, index: Index<O>): void {
    this.#shelf(kind).declare(index);
  }

  onChange<O extends ApiObject>(kind: Kind<O>, listener: ChangeListener<O>): void {
    this.#shelf(kind).listeners.push(listener);
  }

  /** Whether every change of this kind up to `resourceVersion` is here. */
  hasSeen(kind: Kind<any>, resourceVersion: string): boolean {
    return this.#shelf(kind).seen >= Number(resourceVersion);
  }

  async whenSeen(kind: Kind<any>, resourceVersion: string, signal: AbortSignal): Promise<void> {
    while (!this.hasSeen(kind, resourceVersion)) await this.#shelf(kind).moved.wait(signal);
  }

  async whenSynced(kinds: Iterable<Kind<any>>, signal: AbortSignal): Promise<void> {
    for (const kind of kinds) while (!this.#shelf(kind).isSynced) await this.#shelf(kind).moved.wait(signal);
  }

  /** Keeps one kind up to date until the signal aborts; begins again, with growing pauses, whenever the server is lost. */
  async follow<O extends ApiObject>(kind: Kind<O>, signal: AbortSignal, options: { readonly fieldSelector?: string } = {}): Promise<void> {
    const { clock, random, log } = this.#deps;
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.#session(kind, signal, options, () => { failures = 0; });
      } catch (error) {
        if (signal.aborted) return;
        if (hasReason(error, 'Expired')) continue;
        failures += 1;
        log.warn('watch lost', { kind: kind.kind, error });
      }
      if (signal.aborted) return;
      const pause = Math.min(RETRY_MS_MIN * 2 ** Math.min(failures, 10), RETRY_MS_MAX);
      // Spread, so that clients do not come back all at once.
      await clock.sleep(pause / 2 + (random.uint32() / 2 ** 32) * (pause / 2), signal).catch(() => undefined);
    }
  }

  async #session<O extends ApiObject>(kind: Kind<O>, signal: AbortSignal, options: { readonly fieldSelector?: string }, onProgress: () => void): Promise<void> {
    const shelf: Shelf<O> = this.#shelf(kind);
    const client = this.#deps.api.of(kind);
    const { items, resourceVersion } = await client.list(options);
    shelf.replace(items, Number(resourceVersion));
    onProgress();
    for await (const events of client.watch({ ...options, after: resourceVersion }, signal)) {
      onProgress();
      shelf.apply(events);
    }
  }

  #shelf<O extends ApiObject>(kind: Kind<O>): Shelf<O> {
    let shelf = this.#shelves.get(kind);
    if (!shelf) this.#shelves.set(kind, (shelf = new Shelf<O>()));
    return shelf as Shelf<O>;
  }
}

class Shelf<O extends ApiObject> {
  readonly objects = new Map<Key, O>();
  readonly listeners: ChangeListener<O>[] = [];
  readonly moved = new Notifier();
  readonly indexes = new Map<string, { readonly index: Index<O>; readonly keys: Map<string, Set<Key>> }>();
  seen = 0;
  isSynced = false;

  constructor() {
    this.declare({ name: 'namespace', values: (object) => [object.metadata.namespace ?? ''] });
  }

  declare(index: Index<O>): void {
    if (this.indexes.has(index.name)) return;
    const entry = { index, keys: new Map<string, Set<Key>>() };
    this.indexes.set(index.name, entry);
    for (const [key, object] of this.objects) for (const value of index.values(object)) addTo(entry.keys, value, key);
  }

  /** A fresh list: what is missing from it was deleted while nobody watched. */
  replace(items: readonly O[], revision: number): void {
    const left = new Set(this.objects.keys());
    for (const object of items) {
      const key = keyOf(object);
      left.delete(key);
      if (this.objects.get(key)?.metadata.resourceVersion !== object.metadata.resourceVersion) this.#set(key, object);
    }
    for (const key of left) this.#set(key, undefined);
    this.isSynced = true;
    this.#advance(revision);
  }

  apply(events: readonly WatchEvent<O>[]): void {
    let revision = this.seen;
    for (const event of events) {
      if (event.type === 'BOOKMARK') {
        revision = Number(event.resourceVersion);
        continue;
      }
      this.#set(keyOf(event.object), event.type === 'DELETED' ? undefined : event.object);
      revision = Number(event.object.metadata.resourceVersion);
    }
    this.#advance(revision);
  }

  #set(key: Key, current: O | undefined): void {
    const previous = this.objects.get(key);
    if (current) this.objects.set(key, current);
    else this.objects.delete(key);
    for (const { index, keys } of this.indexes.values()) {
      if (previous) for (const value of index.values(previous)) removeFrom(keys, value, key);
      if (current) for (const value of index.values(current)) addTo(keys, value, key);
    }
    if (current || previous) for (const listener of this.listeners) listener({ current, previous });
  }

  #advance(revision: number): void {
    this.seen = Math.max(this.seen, revision);
    this.moved.notify();
  }
}

function addTo(keys: Map<string, Set<Key>>, value: string, key: Key): void {
  const set = keys.get(value);
  if (set) set.add(key);
  else keys.set(value, new Set([key]));
}

function removeFrom(keys: Map<string, Set<Key>>, value: string, key: Key): void {
  const set = keys.get(value);
  set?.delete(key);
  if (set?.size === 0) keys.delete(value);
}
