import { Notifier, TaskGroup } from '@navarch/base';
import type { ApiObject, Key, Kind } from '@navarch/machinery';
import type { Api } from '../api.ts';
import { byNamespace, type CacheIndex } from './cache-index.ts';
import { follow, type FollowDeps, Relists, type Scope } from './follow.ts';
import { type CacheListener, Shelf } from './shelf.ts';

export interface CacheDeps extends FollowDeps {
  readonly api: Api;
  /** Kinds of which only a part is copied: a node agent wants its own pods. */
  readonly scopes?: ReadonlyMap<Kind<any>, Scope>;
}

/** What readers see of a cache. */
export interface CacheReader {
  get<O extends ApiObject>(kind: Kind<O>, key: Key): O | undefined;
  /** Every object, or those of one namespace. */
  list<O extends ApiObject>(kind: Kind<O>, namespace?: string): readonly O[];
  /** What an index finds under a value; never a scan. */
  find<O extends ApiObject>(kind: Kind<O>, index: CacheIndex<O>, value: string): readonly O[];
  /** Whether every change of this kind up to `resourceVersion`, which may be one of another kind, is in the cache. */
  hasSeen(kind: Kind<any>, resourceVersion: string): boolean;
}

interface Followed {
  readonly shelf: Shelf;
  readonly relists: Relists;
}

/**
 * An eventually consistent copy of some kinds, shared by everything in the process: one watch per kind, however many
 * read it. Objects in it are shared and never changed. It is as large as what it copies, and keeps nothing else.
 */
export class Cache implements CacheReader {
  readonly #deps: CacheDeps;
  readonly #followed = new Map<Kind<any>, Followed>();
  readonly #asked = new Notifier();

  constructor(deps: CacheDeps) {
    this.#deps = deps;
  }

  /** Follows every kind that is asked for, now or later, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await using group = new TaskGroup(signal);
    const running = new Set<Kind<any>>();
    while (!group.signal.aborted) {
      for (const [kind, { shelf, relists }] of this.#followed) {
        if (running.has(kind)) continue;
        running.add(kind);
        const scope = this.#deps.scopes?.get(kind) ?? {};
        group.spawn((s) => follow(shelf, this.#deps.api.of<ApiObject>(kind), scope, this.#deps, relists, s));
      }
      await this.#asked.wait(group.signal).catch(() => undefined);
    }
    await group.join();
  }

  /** Asks for a kind. Reading or listening asks too; asking early saves waiting later. */
  follow(kind: Kind<any>): void {
    this.#of(kind);
  }

  get<O extends ApiObject>(kind: Kind<O>, key: Key): O | undefined {
    return this.#of(kind).shelf.get(key) as O | undefined;
  }

  list<O extends ApiObject>(kind: Kind<O>, namespace?: string): readonly O[] {
    const { shelf } = this.#of(kind);
    if (namespace !== undefined && kind.namespaced) return shelf.find(byNamespace, namespace) as readonly O[];
    return [...shelf.values()] as O[];
  }

  find<O extends ApiObject>(kind: Kind<O>, index: CacheIndex<O>, value: string): readonly O[] {
    return this.#of(kind).shelf.find(index, value) as readonly O[];
  }

  size(kind: Kind<any>): number {
    return this.#of(kind).shelf.size;
  }

  /** Calls `listener` for what is there already and then for every change. Returns how to stop it. */
  onChange<O extends ApiObject>(kind: Kind<O>, listener: CacheListener<O>): () => void {
    return this.#of(kind).shelf.listen(listener);
  }

  hasSeen(kind: Kind<any>, resourceVersion: string): boolean {
    return this.#of(kind).shelf.seen >= Number(resourceVersion);
  }

  async whenSeen(kind: Kind<any>, resourceVersion: string, signal: AbortSignal): Promise<void> {
    await this.when(kind, () => this.hasSeen(kind, resourceVersion), signal);
  }

  /** Waits until `claim` holds, asking it again each time this kind's copy moves on. */
  async when(kind: Kind<any>, claim: () => boolean, signal: AbortSignal): Promise<void> {
    const { shelf } = this.#of(kind);
    while (!claim()) await shelf.moved.wait(signal);
  }

  isSynced(kind: Kind<any>): boolean {
    return this.#of(kind).shelf.seen >= 0;
  }

  /** Waits until the first list of every kind is in. */
  async whenSynced(kinds: Iterable<Kind<any>>, signal: AbortSignal): Promise<void> {
    const all = [...kinds];
    for (const kind of all) this.follow(kind);
    for (const kind of all) await this.when(kind, () => this.isSynced(kind), signal);
  }

  /** The resourceVersion up to which this kind's copy is complete; undefined before the first list. */
  versionOf(kind: Kind<any>): string | undefined {
    const { seen } = this.#of(kind).shelf;
    return seen < 0 ? undefined : String(seen);
  }

  /** Reads the kind anew, for whoever does not know whether a write was done. Many callers cost one list. */
  async relist(kind: Kind<any>, signal: AbortSignal): Promise<void> {
    await this.#of(kind).relists.ask(signal);
  }

  #of(kind: Kind<any>): Followed {
    let followed = this.#followed.get(kind);
    if (!followed) {
      this.#followed.set(kind, (followed = { shelf: new Shelf(kind), relists: new Relists() }));
      this.#asked.notify();
    }
    return followed;
  }
}
