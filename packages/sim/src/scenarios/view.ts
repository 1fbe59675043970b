import { builtinKinds, event, youngKinds } from '@navarch/api';
import { type ApiObject, type Key, keyOf, type Kind } from '@navarch/machinery';
import type { Change } from '@navarch/store';

const decoder = new TextDecoder();
/** Where the objects of a kind are stored: one or two segments of the key, as upstream lays etcd out. */
const kindOfPrefix: ReadonlyMap<string, Kind<any>> = new Map(
  [...builtinKinds, ...youngKinds].map((kind) => [kind.storagePrefix, kind]),
);

/** What is stored at this moment, as whoever has the disk would see it: no server or cache is asked. */
export interface View {
  /** By key. */
  list<O extends ApiObject>(kind: Kind<O>, namespace?: string): readonly O[];
  /** By the place where they are stored: what kind it is may change, and go. */
  listAt<O extends ApiObject>(storagePrefix: string): readonly O[];
  get<O extends ApiObject>(kind: Kind<O>, key: Key): O | undefined;
  /** `reason: message` of every event about objects of a kind, in the order of their first appearance. */
  events(kind: string): readonly string[];
  /** Wall-clock time, since the epoch. */
  readonly nowMs: number;
}

/** The view that follows a store. */
export class StoredView implements View {
  readonly #now: () => number;
  /** By the place and the namespace: whoever looks at one is not made to sort the others again. */
  readonly #held = new Map<string, Map<string, Map<Key, ApiObject>>>();
  /** Sorted, until something of it changes. */
  readonly #lists = new Map<string, readonly ApiObject[]>();
  /** In which order, until something comes or goes: of thousands most changes are of what is there. */
  readonly #orders = new Map<string, readonly Place[]>();

  constructor(now: () => number) {
    this.#now = now;
  }

  get nowMs(): number {
    return this.#now();
  }

  list<O extends ApiObject>(kind: Kind<O>, namespace?: string): readonly O[] {
    const { storagePrefix: prefix } = kind;
    return namespace === undefined
      ? this.listAt(prefix)
      : this.#sorted(`${prefix} ${namespace}`, [this.#held.get(prefix)?.get(namespace) ?? NOTHING]);
  }

  listAt<O extends ApiObject>(prefix: string): readonly O[] {
    return this.#sorted(prefix, this.#held.get(prefix)?.values() ?? []);
  }

  get<O extends ApiObject>(kind: Kind<O>, key: Key): O | undefined {
    const namespace = key.includes('/') ? (key.split('/')[0] ?? '') : '';
    return this.#held.get(kind.storagePrefix)?.get(namespace)?.get(key) as O | undefined;
  }

  events(kind: string): readonly string[] {
    return this.list(event)
      .filter((e) => e.involvedObject.kind === kind)
      .toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name))
      .map((e) => `${e.reason}: ${e.message}`);
  }

  /** Takes a change over. Returns the object and its kind, where it is one of ours. */
  apply(change: Change): { readonly prefix: string; readonly object: ApiObject } | undefined {
    const prefix = prefixOf(change.key);
    if (prefix === undefined) return undefined;
    const bytes = change.type === 'put' ? change.value : change.previous.value;
    const object = ((change.type === 'put' && change.attachment) ||
      (JSON.parse(decoder.decode(bytes)) as ApiObject)) as ApiObject;
    const namespace = object.metadata.namespace ?? '';
    const all = this.#held.get(prefix) ?? new Map<string, Map<Key, ApiObject>>();
    this.#held.set(prefix, all);
    const held = all.get(namespace) ?? new Map<Key, ApiObject>();
    all.set(namespace, held);
    for (const name of [prefix, `${prefix} ${namespace}`]) {
      this.#lists.delete(name);
      if (change.type !== 'put' || !held.has(keyOf(object))) this.#orders.delete(name);
    }
    if (change.type === 'put') held.set(keyOf(object), object);
    else held.delete(keyOf(object));
    return { prefix, object };
  }

  #sorted<O extends ApiObject>(name: string, parts: Iterable<ReadonlyMap<Key, ApiObject>>): readonly O[] {
    let all = this.#lists.get(name);
    if (!all) {
      let order = this.#orders.get(name);
      if (!order) {
        const places = Array.from(parts, (part) => Array.from(part.keys(), (key): Place => ({ key, part })));
        this.#orders.set(name, (order = places.flat().sort((a, b) => (a.key < b.key ? -1 : 1))));
      }
      all = order.map(({ key, part }) => part.get(key) as ApiObject);
      this.#lists.set(name, all);
    }
    return all as readonly O[];
  }
}

const NOTHING: ReadonlyMap<Key, ApiObject> = new Map();

interface Place {
  readonly key: Key;
  readonly part: ReadonlyMap<Key, ApiObject>;
}

function prefixOf(key: string): string | undefined {
  const [, , one = '', two = ''] = key.split('/');
  if (kindOfPrefix.has(one)) return one;
  // Groups of custom resources have a dot, and are served by nobody else.
  return kindOfPrefix.has(`${one}/${two}`) || one.includes('.') ? `${one}/${two}` : undefined;
}
