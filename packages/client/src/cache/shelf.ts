import { invariant, Notifier } from '@navarch/base';
import { type ApiObject, type Key, keyOf, type Kind } from '@navarch/machinery';
import type { WatchEvent } from '../api.ts';
import type { CacheIndex } from './cache-index.ts';

/** `current` is undefined when the object is gone, `previous` when it is new. Called in the order of the changes. */
export type CacheListener<O extends ApiObject> = (current: O | undefined, previous: O | undefined) => void;

/** What an index has under one value. */
interface Bucket {
  readonly objects: Map<Key, ApiObject>;
  /** The same as a list, until something of it changes: who looks twice at one state is given one list. */
  list: readonly ApiObject[] | undefined;
}

/** Indexes are values of the program, not of its input: more than this means that someone makes them at run time. */
const INDEXES_MAX = 32;
const NOTHING: readonly never[] = [];

/** The copy of one kind: its objects, its indexes and who listens. */
export class Shelf {
  readonly kind: Kind<any>;
  /** Wakes when the copy has moved on. */
  readonly moved = new Notifier();
  readonly #objects = new Map<Key, ApiObject>();
  readonly #indexes = new Map<CacheIndex<any>, Map<string, Bucket>>();
  readonly #listeners = new Set<CacheListener<any>>();
  #seen = -1;

  constructor(kind: Kind<any>) {
    this.kind = kind;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** The resourceVersion up to which every change is in; -1 before the first list. */
  get seen(): number {
    return this.#seen;
  }

  get(key: Key): ApiObject | undefined {
    return this.#objects.get(key);
  }

  values(): Iterable<ApiObject> {
    return this.#objects.values();
  }

  find(index: CacheIndex<any>, value: string): readonly ApiObject[] {
    const bucket = this.#index(index).get(value);
    return bucket ? (bucket.list ??= [...bucket.objects.values()]) : NOTHING;
  }

  listen(listener: CacheListener<any>): () => void {
    this.#listeners.add(listener);
    for (const object of this.#objects.values()) listener(object, undefined);
    return () => this.#listeners.delete(listener);
  }

  /** Takes over the whole state at `version`. What disappeared unseen is reported as gone. */
  replace(objects: readonly ApiObject[], version: number): void {
    const listed = new Set(objects.map(keyOf));
    for (const [key, held] of this.#objects) if (!listed.has(key)) this.#put(key, undefined, held);
    for (const object of objects) this.#set(keyOf(object), object);
    this.#advance(version);
  }

  /** Events at or before what was listed are old news: a list may overtake the watch that it repairs. */
  apply(events: readonly WatchEvent<ApiObject>[]): void {
    let version = this.#seen;
    for (const event of events) {
      const at = Number(event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion);
      if (at <= this.#seen) continue;
      version = Math.max(version, at);
      if (event.type === 'BOOKMARK') continue;
      const key = keyOf(event.object);
      if (event.type !== 'DELETED') this.#set(key, event.object);
      else this.#put(key, undefined, this.#objects.get(key));
    }
    this.#advance(version);
  }

  #set(key: Key, object: ApiObject): void {
    const previous = this.#objects.get(key);
    if (
      previous?.metadata.resourceVersion === object.metadata.resourceVersion &&
      previous.metadata.uid === object.metadata.uid
    )
      return;
    // Another object under the same name: the first is gone, whether or not anyone saw it go.
    const isOther = previous !== undefined && previous.metadata.uid !== object.metadata.uid;
    if (isOther) this.#put(key, undefined, previous);
    this.#put(key, object, isOther ? undefined : previous);
  }

  #put(key: Key, current: ApiObject | undefined, previous: ApiObject | undefined): void {
    if (!current && !previous) return;
    if (current) this.#objects.set(key, current);
    else this.#objects.delete(key);
    for (const [index, buckets] of this.#indexes) place(buckets, key, index, current, previous);
    for (const listener of this.#listeners) listener(current, previous);
  }

  #advance(version: number): void {
    this.#seen = Math.max(this.#seen, version);
    this.moved.notify();
  }

  #index(index: CacheIndex<any>): Map<string, Bucket> {
    let buckets = this.#indexes.get(index);
    if (!buckets) {
      invariant(
        this.#indexes.size < INDEXES_MAX,
        `Too many indexes over ${this.kind.plural}: an index is made once, at module level`,
      );
      this.#indexes.set(index, (buckets = new Map()));
      for (const [key, object] of this.#objects) insert(buckets, key, index.valuesOf(object), object);
    }
    return buckets;
  }
}

/** Most changes leave an object under the values where it was. */
function place(
  buckets: Map<string, Bucket>,
  key: Key,
  { valuesOf }: CacheIndex<any>,
  current: ApiObject | undefined,
  previous: ApiObject | undefined,
): void {
  const values = current ? valuesOf(current) : NOTHING;
  const before = previous ? valuesOf(previous) : NOTHING;
  for (const value of before) if (!values.includes(value)) remove(buckets, key, value);
  if (current) insert(buckets, key, values, current);
}

function insert(buckets: Map<string, Bucket>, key: Key, values: readonly string[], object: ApiObject): void {
  for (const value of values) {
    const bucket = buckets.get(value);
    if (!bucket) buckets.set(value, { objects: new Map([[key, object]]), list: undefined });
    else {
      bucket.objects.set(key, object);
      bucket.list = undefined;
    }
  }
}

function remove(buckets: Map<string, Bucket>, key: Key, value: string): void {
  const bucket = buckets.get(value);
  if (!bucket?.objects.delete(key)) return;
  bucket.list = undefined;
  if (bucket.objects.size === 0) buckets.delete(value);
}
