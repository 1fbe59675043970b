import { settleAll } from '@navarch/base';
import { type ApiObject, conflict, inKeyOrder, jsonText, type Kind, type Mutable, readJson } from '@navarch/machinery';
import {
  type Cached,
  type Form,
  type ListOptions,
  type Operation,
  StaleError,
  type Store,
  WatchCache,
} from '@navarch/store';
import type { StoreCounts, StoreOperation } from '../observe/store-measures.ts';
import type { CustomForm } from './custom-form.ts';
import type { Attendant } from './attendant.ts';
import { versioned } from './version-in-bytes.ts';
import { OBJECT_MODIFIED } from './meta.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Objects are stored as the JSON clients get. This process hands each object it writes to its own cache, so that what is
 * read of it while it is new is not parsed.
 */
const form: Form<ApiObject> = {
  isLasting: false,
  hold: versioned,
  read(value, _revision, attachment) {
    return attachment === undefined ? (readJson(decoder.decode(value)) as ApiObject) : (attachment as ApiObject);
  },
  labelsOf: ({ metadata }) => metadata.labels,
};

/** The bytes of an object that names the revision they will have: the last change to it. */
const bytesAt =
  (draft: ApiObject) =>
  (revision: number): Uint8Array => {
    (draft as Mutable<ApiObject>).metadata.resourceVersion = revision === 0 ? '' : String(revision);
    return encoder.encode(jsonText(draft));
  };

/** What is left of an object that is gone: the revision of its deletion, and the bytes of what was last there. */
export interface Removed {
  readonly revision: number;
  readonly bytes: Uint8Array;
}

export interface ShelfOptions {
  /** Absent: nothing is counted. */
  readonly counts?: StoreCounts;
  readonly custom?: CustomForm;
  /** Says what else is written with each object. */
  readonly attendant?: Attendant | undefined;
}

/** Where the objects of one resource are kept: every version of a built-in resource shares it, each of a custom resource has its own over the same objects. */
export class Shelf {
  readonly kind: Kind<any>;
  readonly cache: WatchCache<ApiObject>;
  readonly #store: Store;
  readonly #custom: CustomForm | undefined;
  readonly #attendant: Attendant | undefined;
  readonly #counts: StoreCounts | undefined;
  readonly #end = new AbortController();
  /** The last of the writers that wait for an object. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(kind: Kind<any>, store: Store, { custom, attendant, counts }: ShelfOptions = {}) {
    this.kind = kind;
    this.#store = store;
    this.#custom = custom;
    this.#attendant = attendant;
    this.#counts = counts;
    const fields = kind.selectableFields as Readonly<Record<string, (object: ApiObject) => string>>;
    // What can be read only later has no values to find it by.
    this.cache = new WatchCache(`/registry/${kind.storagePrefix}/`, custom ?? form, {
      fields,
      indexed: custom?.isLate ? [] : kind.indexedFields,
    });
  }

  start(signal: AbortSignal): Promise<void> {
    return this.cache.start(this.#store, AbortSignal.any([signal, this.#end.signal]));
  }

  /** Whether reading may have to wait: see `ready`. */
  get isLate(): boolean {
    return this.#custom?.isLate ?? false;
  }

  /**
   * Undefined where all of these can be read now, as nearly always; else resolves when they can. Rejects where some of
   * them cannot be had in this version.
   */
  ready(held: Iterable<Cached<ApiObject>>): Promise<void> | undefined {
    return this.#custom?.ready(held);
  }

  /** Whether this is a custom resource whose definition has no such version. */
  lacksVersion(apiVersion: string): boolean {
    return this.#custom !== undefined && !this.#custom.hasVersion(apiVersion);
  }

  /** An object of another version of the same custom resource, as this one shows it. */
  async adopted(object: ApiObject): Promise<ApiObject> {
    return this.#custom ? this.#custom.adopted(object) : object;
  }

  /** As adopted(), where nobody has to be asked; else undefined. Throws DecodeError. */
  adoptedNow(object: ApiObject): ApiObject | undefined {
    return this.#custom?.adoptedNow(object);
  }

  /** Whether the object would be stored as it is now: what was stored by another schema, or in another version, would not. */
  async isStoredAsNow(held: Cached<ApiObject>): Promise<boolean> {
    if (!this.#custom) return true;
    const bytes = bytesAt(await this.#custom.stored({ ...held.object, metadata: { ...held.object.metadata } }));
    // Older stores have no version in them.
    return held.isStoredAs(bytes(held.revision)) || held.isStoredAs(bytes(0));
  }

  /** Aborts when the resource is no longer served in this form: watches of it end. */
  get ended(): AbortSignal {
    return this.#end.signal;
  }

  end(): void {
    this.#end.abort(new Error('The resource is no longer served in this form'));
  }

  /** The newest revision that a reader may be told of: nothing under this prefix is missing up to it. */
  get revision(): number {
    return this.#store.revision();
  }

  /** The oldest revision that is kept. */
  get oldest(): number {
    return this.#store.oldest();
  }

  /** What was under a prefix at a revision that is over. Throws CompactedError when it is no longer kept. */
  async past(
    prefix: string,
    options: ListOptions,
  ): Promise<{ readonly held: readonly Cached<ApiObject>[]; readonly remaining: number }> {
    const { entries, remaining } = await this.#store.list(prefix, options);
    return { held: entries.map((entry) => this.cache.held(entry, undefined)), remaining };
  }

  keyOf(namespace: string, name: string): string {
    return this.kind.namespaced ? `${this.cache.prefix}${namespace}/${name}` : `${this.cache.prefix}${name}`;
  }

  prefixOf(namespace: string): string {
    return this.kind.namespaced && namespace !== '' ? `${this.cache.prefix}${namespace}/` : this.cache.prefix;
  }

  /** Throws StaleError when the key exists. The draft is the cache's afterwards. */
  create(key: string, draft: ApiObject): Promise<Cached<ApiObject>> {
    return this.#put(key, draft, undefined);
  }

  /** Throws StaleError when the object has moved since `previous`. */
  replace(previous: Cached<ApiObject>, draft: ApiObject): Promise<Cached<ApiObject>> {
    return this.#put(previous.key, draft, previous);
  }

  /**
   * Runs a write when those of the same object that came before it are through. Without this all but one of the writers
   * that race for an object would begin again, round after round.
   */
  async inTurn<T>(key: string, write: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(key);
    const turn = Promise.withResolvers<void>();
    this.#turns.set(key, turn.promise);
    try {
      if (before) await before;
      return await write();
    } finally {
      if (this.#turns.get(key) === turn.promise) this.#turns.delete(key);
      turn.resolve();
    }
  }

  /** Throws Conflict when the object has moved. Resolves to the revision of the deletion. */
  remove(previous: Cached<ApiObject>): Promise<number> {
    const { object } = previous;
    return this.#removed(object, [...this.#beside(undefined, object), this.removal(previous)]);
  }

  /**
   * Writes an object that is going and takes it away, as two changes. Where the store knows the revision of a write as soon
   * as it takes it over, it gets both at once. Throws StaleError when the object has moved since `previous`. Resolves to the
   * revision of the deletion, and the bytes of what was last there.
   */
  async removeMarked(previous: Cached<ApiObject>, marked: ApiObject): Promise<Removed> {
    const { key } = previous;
    const value = bytesAt(marked);
    let known: { readonly revision: number; readonly bytes: Uint8Array } | undefined;
    const put: Operation = {
      type: 'put',
      key,
      value(revision) {
        const bytes = value(revision);
        if (revision > 0) known = { revision, bytes };
        return bytes;
      },
      expected: previous.revision,
      attachment: marked,
    };
    const replaced = this.#commit('update', [...this.#beside(marked, previous.object), put]);
    if (!known) {
      const revision = await replaced;
      known = { revision, bytes: value(revision) };
    }
    const removal: Operation = { type: 'delete', key, expected: known.revision };
    const removed = this.#removed(marked, [...this.#beside(undefined, marked), removal]);
    const [, revision = 0] = await settleAll([replaced, removed]);
    return { revision, bytes: known.bytes };
  }

  /** Takes away what nobody can read: what else is written with an object of this resource stays. */
  async removeUnread(held: Cached<ApiObject>): Promise<void> {
    await this.#store.commit([this.removal(held)]);
  }

  /** For whoever writes an object of this resource, which is no custom one, in a transaction of its own. */
  creation(key: string, draft: ApiObject): Operation {
    return { type: 'put', key, value: bytesAt(draft), expected: 0, attachment: draft };
  }

  removal({ key, revision }: Cached<ApiObject>): Operation {
    return { type: 'delete', key, expected: revision };
  }

  async #put(key: string, made: ApiObject, previous: Cached<ApiObject> | undefined): Promise<Cached<ApiObject>> {
    const draft = this.#custom ? (inKeyOrder(made) as ApiObject) : made;
    const value = bytesAt(this.#custom ? await this.#custom.stored(draft) : draft);
    const others = this.#beside(draft, previous?.object);
    const own: Operation = { type: 'put', key, value, expected: previous?.revision ?? 0, attachment: draft };
    const revision = await this.#commit(previous ? 'update' : 'create', [...others, own]);
    const held = this.cache.get(key);
    // Someone else may have written again before this turn; then what we wrote is still the draft.
    const written =
      held?.revision === revision ? held : this.cache.held({ key, value: value(revision), revision }, draft);
    const late = this.ready([written]);
    if (late) await late;
    return written;
  }

  #beside(next: ApiObject | undefined, previous: ApiObject | undefined): readonly Operation[] {
    return this.#attendant?.companions(next, previous) ?? NOTHING_ELSE;
  }

  /** Throws Conflict when the object has moved. */
  async #removed({ metadata: { name } }: ApiObject, operations: readonly Operation[]): Promise<number> {
    try {
      return await this.#commit('delete', operations);
    } catch (error) {
      if (!(error instanceof StaleError)) throw error;
      throw conflict(this.kind, name, OBJECT_MODIFIED);
    }
  }

  /** Resolves to the revision of the last of the operations. */
  async #commit(operation: StoreOperation, operations: readonly Operation[]): Promise<number> {
    const began = this.#counts?.now() ?? 0;
    try {
      return (await this.#store.commit(operations)).at(-1) ?? 0;
    } catch (error) {
      if (!(error instanceof StaleError)) this.#counts?.failed(operation);
      throw error;
    } finally {
      this.#counts?.answered(operation, began);
    }
  }
}

const NOTHING_ELSE: readonly Operation[] = [];
