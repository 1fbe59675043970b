import { Cached, type Form, type Home } from './cached.ts';
import { type Few, itemsOf, sizeOf, withOne, withoutOne } from './few.ts';
import { LabelIndex, type LabelQuery } from './label-index.ts';
import { Recent } from './recent.ts';
import { type Change, CompactedError, type Entry, type Store } from './store.ts';
import { SortedKeys } from './sorted-keys.ts';

/** Events kept for watches that begin in the past; a watch from before the oldest must list again. */
export const EVENT_WINDOW_MAX = 10_000;
/** Bytes that the objects of these events may have together, as they are stored. */
const EVENT_WINDOW_BYTES_MAX = 16 * 1024 * 1024;

/** Stored bytes of the objects that are kept as values of the language besides. */
const OBJECTS_BYTES_MAX = 32 * 1024 * 1024;
/** Bytes of objects in other forms that are kept. */
const MADE_BYTES_MAX = 64 * 1024 * 1024;
/** An index is worth its sorting where it leaves one object in so many, or no more than so many. */
const INDEXED_SHARE = 16;
const INDEXED_FEW = 64;

export interface CachedEvent<T extends object> {
  readonly revision: number;
  readonly key: string;
  /** Absent: deleted. */
  readonly current: Cached<T> | undefined;
  /** Absent: created. */
  readonly previous: Cached<T> | undefined;
}

export type Listener<T extends object> = (events: readonly CachedEvent<T>[]) => void;

/** What objects are selected by. */
export interface Selectors<T extends object> {
  readonly fields: Readonly<Record<string, (object: T) => string>>;
  /** Those of the fields by which a few objects are often looked for among many. */
  readonly indexed: readonly string[];
}

/** What is asked of a list. What an index finds must still be asked whether it is all of this. */
export interface Query {
  readonly labels: LabelQuery;
  readonly fields: readonly { readonly field: string; readonly isEqual: boolean; readonly value: string }[];
}

/** Where to look for objects: at least those that are asked for, in key order. */
export interface Candidates<T extends object> {
  /** The field whose index they were found by; '' for none. */
  readonly index: string;
  readonly found: Iterable<Cached<T>>;
}

/** A state that is over. */
export interface Past<T extends object> {
  readonly found: Iterable<Cached<T>>;
  /** How many came after the key. */
  count(last: string): number;
}

/**
 * All objects under one prefix as bytes, in key order, and the recent changes. Reads and watches are answered from here;
 * the store is asked only at the start and for the distant past.
 */
export class WatchCache<T extends object> {
  readonly prefix: string;
  readonly #home: Home<T>;
  readonly #live = new Map<string, Cached<T>>();
  #keys = new SortedKeys();
  readonly #window: CachedEvent<T>[] = [];
  #windowBytes = 0;
  #received = 0;
  readonly #listeners = new Set<Listener<T>>();
  readonly #labels = new LabelIndex<Cached<T>>();
  readonly #indexes: ReadonlyMap<string, Map<string, Few<Cached<T>>>>;
  /** Objects that come one after the other often have equal values, which are held once. */
  #lastValues: readonly string[] = [];
  /** Revision up to which everything under the prefix is here. */
  #revision = 0;
  #oldest = 0;
  #isSynced = false;
  #bytes = 0;

  constructor(prefix: string, form: Form<T>, { fields, indexed }: Selectors<T> = { fields: {}, indexed: [] }) {
    this.prefix = prefix;
    this.#home = {
      form,
      objects: new Recent(OBJECTS_BYTES_MAX),
      made: new Recent(MADE_BYTES_MAX),
      fields: new Map(Object.entries(fields).map(([name, valueOf], at) => [name, { at, valueOf }])),
    };
    this.#indexes = new Map(indexed.map((name) => [name, new Map()]));
  }

  /** Reads everything as it was at the oldest revision that is kept, so that watches from then can go on, and follows the store until the signal aborts. */
  async start(store: Store, signal: AbortSignal): Promise<void> {
    const { revision, entries } = await store.list(this.prefix, { revision: store.oldest() });
    for (const entry of entries) this.#put(this.held(entry, undefined), undefined, 'passing');
    this.#keys = SortedKeys.of(entries.map((entry) => entry.key));
    this.#revision = revision;
    this.#oldest = revision;
    store.subscribe(
      this.prefix,
      revision,
      {
        changed: (changes) => this.#apply(changes),
        lost: () => {
          this.#isSynced = false;
        },
      },
      signal,
    );
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
  range(prefix: string, after?: string): Generator<Cached<T>> {
    // Of most resources there are none, and each write asks several of them.
    return this.#live.size === 0 ? nothing : this.#within(prefix, after);
  }

  *#within(prefix: string, after: string | undefined): Generator<Cached<T>> {
    for (const key of this.#keys.range(firstAfter(prefix, after), endOf(prefix)))
      yield this.#live.get(key) as Cached<T>;
  }

  /** How many live keys start with `prefix` and come after `after`. */
  count(prefix: string, after?: string): number {
    return this.#keys.rank(endOf(prefix)) - this.#keys.rank(firstAfter(prefix, after));
  }

  /** An object that is not live here, or not yet. */
  held(entry: Pick<Entry, 'key' | 'value' | 'revision'>, attachment: unknown): Cached<T> {
    return new Cached(entry, attachment, this.#home);
  }

  /** Objects with that value of an indexed field, in key order. Throws TypeError when the field is not indexed. */
  indexed(name: string, value: string): readonly Cached<T>[] {
    const index = this.#indexes.get(name);
    if (!index) throw new TypeError(`Objects under ${this.prefix} are not indexed by ${name}`);
    return inKeyOrder([...itemsOf(index.get(value))]);
  }

  /** Where to look for what is asked for under `prefix` (itself under the cache's), strictly after `after`. */
  candidates(query: Query, prefix: string, after?: string): Candidates<T> {
    const count = this.count(prefix, after);
    const ordered = (found: readonly Cached<T>[]): readonly Cached<T>[] =>
      inKeyOrder(found.filter(({ key }) => key.startsWith(prefix) && (after === undefined || key > after)));
    for (const { field, isEqual, value } of query.fields) {
      const index = isEqual ? this.#indexes.get(field) : undefined;
      const found = index?.get(value);
      if (index && isWorthSorting(sizeOf(found), count)) return { index: field, found: ordered([...itemsOf(found)]) };
    }
    const groups =
      query.labels.requirements.length > 0 && !this.#home.form.isLasting
        ? this.#labels.matching(query.labels, count)
        : undefined;
    if (!groups) return { index: '', found: this.range(prefix, after) };
    const size = groups.reduce((sum, { members }) => sum + sizeOf(members), 0);
    if (isWorthSorting(size, count))
      return { index: '', found: ordered(groups.flatMap(({ members }) => [...itemsOf(members)])) };
    const chosen = new Set(groups);
    return {
      index: '',
      found: this.range(prefix, after).filter(({ group }) => group !== undefined && chosen.has(group)),
    };
  }

  /**
   * What was under `prefix` at a revision, strictly after `after`, in key order, and how many came after a key. Throws
   * CompactedError when the revision is older than the window. To be read at once, before anything changes.
   */
  at(revision: number, prefix: string, after = ''): Past<T> {
    const was = new Map<string, Cached<T> | undefined>();
    for (const { key, previous } of this.since(revision))
      if (key.startsWith(prefix) && key > after && !was.has(key)) was.set(key, previous);
    const count = (last: string): number => {
      let sum = this.count(prefix, last);
      for (const [key, held] of was) if (key > last) sum += (held ? 1 : 0) - (this.#live.has(key) ? 1 : 0);
      return sum;
    };
    return { found: undone(this.range(prefix, after), was), count };
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
    if (this.#window.length > EVENT_WINDOW_MAX * 1.25 || this.#windowBytes > EVENT_WINDOW_BYTES_MAX * 1.25)
      this.#trim();
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
      if (previous) this.#remove(previous);
      return { revision: change.revision, key: change.key, current: undefined, previous };
    }
    const current = this.held(change, change.attachment);
    this.#put(current, previous, 'object');
    if (!previous) this.#keys.add(change.key);
    return { revision: change.revision, key: change.key, current, previous };
  }

  /**
   * The key list is kept by the caller: taken whole at the start, key by key afterwards. So are objects: what is read at
   * the start nobody asked for.
   */
  #put(cached: Cached<T>, previous: Cached<T> | undefined, read: 'object' | 'passing'): void {
    this.#live.set(cached.key, cached);
    this.#bytes += cached.size - (previous?.size ?? 0);
    // What is finished later may be something else by then.
    if (!this.#home.form.isLasting) this.#index(cached, previous, cached[read]);
    if (!previous) return;
    this.#unindex(previous);
    previous.forget();
  }

  #remove(previous: Cached<T>): void {
    this.#live.delete(previous.key);
    this.#bytes -= previous.size;
    this.#keys.delete(previous.key);
    this.#unindex(previous);
  }

  #index(cached: Cached<T>, previous: Cached<T> | undefined, object: T): void {
    const { form, fields } = this.#home;
    cached.group = this.#labels.add(form.labelsOf(object) ?? {}, cached, previous?.group);
    if (fields.size === 0) return;
    const near = previous?.values ?? this.#lastValues;
    const values = Array.from(fields.values(), ({ at, valueOf }) => same(valueOf(object), near[at]));
    cached.values = this.#lastValues = values.every((value, i) => value === near[i]) ? near : values;
    for (const [name, index] of this.#indexes) {
      const value = cached.field(name) ?? '';
      index.set(value, withOne(index.get(value), cached));
    }
  }

  #unindex(cached: Cached<T>): void {
    if (cached.group) this.#labels.remove(cached.group, cached);
    for (const [name, index] of cached.values ? this.#indexes : []) {
      const value = cached.field(name) ?? '';
      const rest = withoutOne(index.get(value), cached);
      if (rest) index.set(value, rest);
      else index.delete(value);
    }
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

/** Live objects with those in their places that were there before; undefined: none was. */
function* undone<T extends object>(
  live: Iterable<Cached<T>>,
  was: ReadonlyMap<string, Cached<T> | undefined>,
): Generator<Cached<T>> {
  const before = inKeyOrder([...was.values()].filter((held) => held !== undefined));
  let next = 0;
  for (const cached of live) {
    for (let held = before[next]; held && held.key < cached.key; held = before[++next]) yield held;
    if (!was.has(cached.key)) yield cached;
  }
  yield* before.slice(next);
}

const nothing = (function* (): Generator<never> {})();

/** Keys of a prefix, or of what is left of it, are from the one on and before the other. */
const firstAfter = (prefix: string, after: string | undefined): string =>
  after === undefined || after < prefix ? prefix : `${after}\0`;
const endOf = (prefix: string): string => `${prefix}\uffff`;

const isWorthSorting = (size: number, count: number): boolean => size <= INDEXED_FEW || size * INDEXED_SHARE <= count;

const inKeyOrder = <T extends object>(held: Cached<T>[]): readonly Cached<T>[] =>
  held.sort((a, b) => (a.key < b.key ? -1 : 1));

/** The one that is held already, if it is equal. */
const same = (value: string, held: string | undefined): string => (value === held ? held : value);
