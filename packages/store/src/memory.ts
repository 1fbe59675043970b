import type { Entry, ListOptions, ListResult, Operation, Store, Watcher } from './store.ts';
import { VersionedMap } from './versioned-map.ts';

/** Keeps everything in memory and nothing else: for tests, the simulator and the browser. */
export class MemoryStore implements Store {
  readonly #map = new VersionedMap();

  /** A store that begins with what another one held at a revision: entries are never changed, and so are shared. */
  static of(entries: Iterable<Entry>, revision: number): MemoryStore {
    const store = new MemoryStore();
    store.#map.restore(entries, revision, [], revision);
    return store;
  }

  revision(): number {
    return this.#map.revision;
  }

  oldest(): number {
    return this.#map.compacted;
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#map.get(key);
  }

  async list(prefix: string, options?: ListOptions): Promise<ListResult> {
    return this.#map.list(prefix, options);
  }

  async commit(operations: readonly Operation[]): Promise<readonly number[]> {
    const planned = this.#map.plan(operations);
    this.#map.apply(planned);
    return planned.map((p) => p.revision);
  }

  subscribe(prefix: string, after: number, watcher: Watcher, signal: AbortSignal): void {
    this.#map.subscribe(prefix, after, watcher, signal);
  }

  async compact(revision: number): Promise<void> {
    this.#map.compact(revision);
  }

  async check(): Promise<void> {
    if (this.#map.closed) throw this.#map.closed;
  }

  async close(): Promise<void> {
    this.#map.close(new Error('The store is closed'));
  }
}
