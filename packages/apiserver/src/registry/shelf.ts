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
import type { Attendant } from './drafts.ts';

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

const VERSION = encoder.encode('"resourceVersion":"');
const QUOTE = 0x22;

/**
 * The stored bytes with their version, which engines that learn it late leave empty, and older stores. The first one is
 * the object's own: what comes before is no text that people write, and quotes within texts are escaped.
 */
function versioned(value: Uint8Array, revision: number): Uint8Array {
  const at = indexOf(value, VERSION) + VERSION.length;
  if (value[at] !== QUOTE) return value;
  const digits = encoder.encode(String(revision));
  const bytes = new Uint8Array(value.length + digits.length);
  bytes.set(value.subarray(0, at));
  bytes.set(digits, at);
  bytes.set(value.subarray(at), at + digits.length);
  return bytes;
}

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  search: for (let at = bytes.indexOf(part[0] as number); at >= 0; at = bytes.indexOf(part[0] as number, at + 1)) {
    for (let i = 1; i < part.length; i++) if (bytes[at + i] !== part[i]) continue search;
    return at;
  }
  throw new Error('A stored object has no place for its resourceVersion');
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
  async create(key: string, draft: ApiObject): Promise<Cached<ApiObject>> {
    return this.#put(key, draft, undefined);
  }

  /** Throws StaleError when the object has moved since `previous`. */
  async replace(previous: Cached<ApiObject>, draft: ApiObject): Promise<Cached<ApiObject>> {
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
  async remove(previous: Cached<ApiObject>): Promise<number> {
    try {
      const others = this.#attendant?.companions(undefined, previous.object) ?? [];
      return await this.#commit('delete', [...others, this.removal(previous)]);
    } catch (error) {
      if (!(error instanceof StaleError)) throw error;
      throw conflict(this.kind, previous.object.metadata.name, OBJECT_MODIFIED);
    }
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
    const others = this.#attendant?.companions(draft, previous?.object) ?? [];
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

export const OBJECT_MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';
