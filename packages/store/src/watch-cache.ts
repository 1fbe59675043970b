import { type Change, CompactedError, type Entry, type Store } from './store.ts';
import { lowerBound } from './sorted.ts';

/** Events kept for watches that begin in the past; a watch from before the oldest must list again. */
export const EVENT_WINDOW_MAX = 10_000;
/** Bytes that the objects of these events may have together, as they are stored. */
const EVENT_WINDOW_BYTES_MAX = 16 * 1024 * 1024;

/** How the cache reads and shows what it holds. */
export interface Form<T> {
  /** Reads stored bytes; `attachment` is what this process handed over with its own write. */
  read(value: Uint8Array, revision: number, attachment: unknown): T;
  /** The bytes clients get: what is stored, with its revision in place. */
  show(value: Uint8Array, revision: number, object: T): Uint8Array;
}

/** One live object: its bytes are made at most once, whoever asks. */
export class Cached<T> {
  readonly key: string;
  readonly revision: number;
  #object: T;
  readonly #value: Uint8Array;
  readonly #form: Form<T>;
  #bytes: Uint8Array | undefined;
  #others: Map<(object: T) => Uint8Array, Uint8Array> | undefined;

  constructor(entry: Pick<Entry, 'key' | 'value' | 'revision'>, attachment: unknown, form: Form<T>) {
    this.key = entry.key;
    this.revision = entry.revision;
    this.#object = form.read(entry.value, entry.revision, attachment);
    this.#value = entry.value;
    this.#form = form;
  }

  get object(): T {
    return this.#object;
  }

  /** Takes the place of what reading gave: for forms that can only be finished later. Indexes keep what they had. */
  finish(object: T): void {
    this.#object = object;
    this.#bytes = undefined;
    this.#others = undefined;
  }

  /** Whether these are the bytes that are stored. */
  isStoredAs(bytes: Uint8Array): boolean {
    return bytes.length === this.#value.length && bytes.every((byte, i) => byte === this.#value[i]);
  }

  /** Bytes it takes in the store. */
  get size(): number {
    return this.#value.length;
  }

  get bytes(): Uint8Array {
    return (this.#bytes ??= this.#form.show(this.#value, this.revision, this.object));
  }

  /** The object in another form, made at most once while it is held. `make` stands for the form: always the same function. */
  as(make: (object: T) => Uint8Array): Uint8Array {
    this.#others ??= new Map();
    let made = this.#others.get(make);
    if (!made) this.#others.set(make, (made = make(this.object)));
    return made;
  }
}

export interface CachedEvent<T> {
  readonly revision: number;
  readonly key: string;
  /** Absent: deleted. */
  readonly current: Cached<T> | undefined;
  /** Absent: created. */
  readonly previous: Cached<T> | undefined;
}

export type Listener<T> = (events: readonly CachedEvent<T>[]) => void;

/**
 * All objects under one prefix, in key order, and the recent changes. Reads and watches are answered from here;
 * the store is asked only at the start and for the distant past.
 */
export class WatchCache<T> {
  readonly prefix: string;
  readonly #form: Form<T>;
  readonly #live = new Map<string, Cached<T>>();
  /** Live keys in order. */
  #keys: string[] = [];
  readonly #window: CachedEvent<T>[] = [];
  #windowBytes = 0;
  #received = 0;
  readonly #listeners = new Set<Listener<T>>();
  readonly #indexes: readonly Index<T>[];
  /** Revision up to which everything under the prefix is here. */
  #revision = 0;
  #oldest = 0;
  #isSynced = false;
  #bytes = 0;

  constructor(prefix: string, form: Form<T>, indexes: Readonly<Record<string, (object: T) => string>> = {}) {
    this.prefix = prefix;
    this.#form = form;
    this.#indexes = Object.entries(indexes).map(([name, valueOf]) => ({ name, valueOf, keys: new Map() }));
  }

  /** Reads everything as it was at the oldest revision that is kept, so that watches from then can go on, and follows the store until the signal aborts. */
  async start(store: Store, signal: AbortSignal): Promise<void> {
    const { revision, entries } = await store.list(this.prefix, { revision: store.oldest() });
    for (const entry of entries) this.#put(this.#cached(entry, undefined));
    this.#keys = entries.map((entry) => entry.key);
    this.#revision = revision;
    this.#oldest = revision;
    store.subscribe(this.prefix, revision, { changed: (changes) => this.#apply(changes), lost: () => { this.#isSynced = false; } }, signal);
    this.#isSynced = true;
  }

  /** Whether it has everything, and hears of what changes. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#live.size;
  }

  /** What its objects take in the store, without what they are found by. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Changes it has been told of. */
  get received(): number {
    return this.#received;
  }

  get(key: string): Cached<T> | undefined {
    return this.#live.get(key);
  }

  /** Live objects whose key starts with `prefix` (itself under the cache's), in key order, strictly after `after`. */
  *range(prefix: string, after?: string): Generator<Cached<T>> {
    let i = lowerBound(this.#keys, after === undefined || after < prefix ? prefix : after);
    if (after !== undefined && this.#keys[i] === after) i += 1;
    for (; i < this.#keys.length; i++) {
      const key = this.#keys[i] as string;
      if (!key.startsWith(prefix)) return;
      yield this.#live.get(key) as Cached<T>;
    }
  }

  /** How many live keys start with `prefix` and come after `after`. */
  count(prefix: string, after?: string): number {
    const start = lowerBound(this.#keys, after === undefined || after < prefix ? prefix : after);
    return lowerBound(this.#keys, `${prefix}\uffff`) - start - (after !== undefined && this.#keys[start] === after ? 1 : 0);
  }

  /** Objects with that value of a declared index, in key order; undefined when there is no such index. */
  indexed(name: string, value: string): readonly Cached<T>[] | undefined {
    const index = this.#indexes.find((i) => i.name === name);
    if (!index) return undefined;
    return [...(index.keys.get(value) ?? [])].sort().map((key) => this.#live.get(key) as Cached<T>);
  }

  /** The recent events after `after`. Throws CompactedError when `after` is older than the window. */
  since(after: number): readonly CachedEvent<T>[] {
    if (after < this.#oldest) throw new CompactedError(after, this.#oldest);
    return this.#window.slice(this.#indexAfter(after));
  }

  /** Events after `after`, then every new one. Throws CompactedError when `after` is older than the window. Returns how to stop. */
  follow(after: number, listener: Listener<T>): () => void {
    const missed = this.since(after);
    this.#listeners.add(listener);
    if (missed.length > 0) listener(missed);
    return () => this.#listeners.delete(listener);
  }

  #apply(changes: readonly Change[]): void {
    this.#received += changes.length;
    const events = changes.map((change) => this.#event(change));
    this.#revision = events.at(-1)?.revision ?? this.#revision;
    for (const event of events) {
      this.#window.push(event);
      this.#windowBytes += event.current?.size ?? 0;
    }
    if (this.#window.length > EVENT_WINDOW_MAX * 1.25 || this.#windowBytes > EVENT_WINDOW_BYTES_MAX * 1.25) this.#trim();
    for (const listener of this.#listeners) listener(events);
  }

  #trim(): void {
    let count = 0;
    while (this.#window.length - count > EVENT_WINDOW_MAX || this.#windowBytes > EVENT_WINDOW_BYTES_MAX) {
      this.#windowBytes -= this.#window[count]?.current?.size ?? 0;
      count += 1;
    }
    this.#oldest = this.#window.splice(0, count).at(-1)?.revision ?? this.#oldest;
  }

  #event(change: Change): CachedEvent<T> {
    const previous = this.#live.get(change.key);
    if (change.type === 'delete') {
      this.#remove(change.key);
      return { revision: change.revision, key: change.key, current: undefined, previous };
    }
    const current = this.#cached({ key: change.key, value: change.value, revision: change.revision }, change.attachment);
    this.#put(current);
    if (!previous) this.#insertKey(change.key);
    return { revision: change.revision, key: change.key, current, previous };
  }

  #cached(entry: Pick<Entry, 'key' | 'value' | 'revision'>, attachment: unknown): Cached<T> {
    return new Cached(entry, attachment, this.#form);
  }

  /** The key list is kept by the caller: taken whole at the start, key by key afterwards. */
  #put(cached: Cached<T>): void {
    const previous = this.#live.get(cached.key);
    this.#live.set(cached.key, cached);
    this.#bytes += cached.size - (previous?.size ?? 0);
    for (const index of this.#indexes) {
      if (previous) removeFrom(index, index.valueOf(previous.object), cached.key);
      addTo(index, index.valueOf(cached.object), cached.key);
    }
  }

  #remove(key: string): void {
    const previous = this.#live.get(key);
    if (!previous) return;
    this.#live.delete(key);
    this.#bytes -= previous.size;
    this.#keys.splice(lowerBound(this.#keys, key), 1);
    for (const index of this.#indexes) removeFrom(index, index.valueOf(previous.object), key);
  }

  #insertKey(key: string): void {
    const last = this.#keys.at(-1);
    if (last === undefined || last < key) this.#keys.push(key);
    else this.#keys.splice(lowerBound(this.#keys, key), 0, key);
  }

  #indexAfter(revision: number): number {
    let low = 0;
    let high = this.#window.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#window[middle] as CachedEvent<T>).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface Index<T> {
  readonly name: string;
  valueOf(object: T): string;
  readonly keys: Map<string, Set<string>>;
}

function addTo<T>(index: Index<T>, value: string, key: string): void {
  const keys = index.keys.get(value);
  if (keys) keys.add(key);
  else index.keys.set(value, new Set([key]));
}

function removeFrom<T>(index: Index<T>, value: string, key: string): void {
  const keys = index.keys.get(value);
  keys?.delete(key);
  if (keys?.size === 0) index.keys.delete(value);
}
