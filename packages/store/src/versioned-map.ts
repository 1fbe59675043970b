import {
  type Change,
  CompactedError,
  type Entry,
  FutureRevisionError,
  type ListOptions,
  type ListResult,
  type Operation,
  StaleError,
  type Value,
  type Watcher,
} from './store.ts';
import { lowerBound } from './sorted.ts';
import { Subscriptions } from './subscriptions.ts';

/** Changes kept in memory for watches and reads of the past; older ones are forgotten as if compacted. */
const HISTORY_CHANGES_MAX = 10_000;
/** Bytes that the values of these changes may have together. */
const HISTORY_BYTES_MAX = 32 * 1024 * 1024;

/**
 * The state every engine keeps: live entries, recent changes, and who listens. It decides nothing about durability:
 * an engine plans operations, makes them durable, then applies them.
 */
export class VersionedMap {
  readonly #live = new Map<string, Entry>();
  /** Revisions that planned operations will have made, until they are applied: what the next plan is checked against. */
  readonly #planned = new Map<
    string,
    { readonly revision: number; readonly created: number; readonly isDeleted: boolean }
  >();
  readonly #history: Change[] = [];
  readonly #subscriptions = new Subscriptions();
  #historyBytes = 0;
  #sortedKeys: string[] | undefined;
  #revision = 0;
  #nextRevision = 1;
  #compacted = 0;
  #closed: Error | undefined;

  get revision(): number {
    return this.#revision;
  }

  get compacted(): number {
    return this.#compacted;
  }

  get size(): number {
    return this.#live.size;
  }

  get(key: string): Entry | undefined {
    return this.#live.get(key);
  }

  /**
   * Puts back what an engine found on its disk, before anything else happens: everything as it was at revision `base`,
   * and the changes since, so that who watched before the restart can go on. `revision`: the last one given out.
   */
  restore(entries: Iterable<Entry>, base: number, since: readonly Planned[], revision: number): void {
    for (const entry of entries) this.#live.set(entry.key, entry);
    this.#compacted = base;
    this.apply(since);
    this.#sortedKeys = undefined;
    this.#revision = revision;
    this.#nextRevision = revision + 1;
  }

  /** Checks every operation and gives each its revision; nothing is visible yet. Throws StaleError and plans nothing. */
  plan(operations: readonly Operation[]): readonly Planned[] {
    for (const { key, expected } of operations) {
      const current = this.#head(key)?.revision ?? 0;
      if (current !== expected) throw new StaleError(key, current);
    }
    return operations.map((operation) => {
      const revision = this.#nextRevision++;
      const created = this.#head(operation.key)?.created || revision;
      this.#planned.set(operation.key, { revision, created, isDeleted: operation.type === 'delete' });
      return {
        operation: operation.type === 'put' ? { ...operation, value: bytesOf(operation.value, revision) } : operation,
        revision,
        created,
      };
    });
  }

  /** Forgets plans that could not be made durable. Everything planned after them must be forgotten too. */
  forget(planned: readonly Planned[]): void {
    for (const { operation } of planned) this.#planned.delete(operation.key);
    this.#nextRevision = Math.min(this.#nextRevision, ...planned.map((p) => p.revision));
  }

  /** Makes durable operations visible, tells watchers, in one go. */
  apply(planned: readonly Planned[]): void {
    const changes = planned.map((p) => this.#change(p));
    const last = changes.at(-1);
    if (!last) return;
    this.#revision = last.revision;
    for (const change of changes) this.#remember(change);
    if (this.#history.length > HISTORY_CHANGES_MAX * 1.25 || this.#historyBytes > HISTORY_BYTES_MAX * 1.25)
      this.#trim();
    this.#subscriptions.tell(changes);
  }

  list(prefix: string, options: ListOptions = {}): ListResult {
    const revision = options.revision ?? this.#revision;
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision);
    if (revision < this.#compacted) throw new CompactedError(revision, this.#compacted);
    const all = revision === this.#revision ? this.#liveUnder(prefix) : this.#pastUnder(prefix, revision);
    const { after, limit } = options;
    const start = after === undefined ? 0 : upperBound(all, after);
    const end = limit === undefined ? all.length : Math.min(all.length, start + limit);
    return { revision, entries: all.slice(start, end), remaining: all.length - end };
  }

  subscribe(prefix: string, after: number, watcher: Watcher, signal: AbortSignal): void {
    if (after < this.#compacted) throw new CompactedError(after, this.#compacted);
    if (signal.aborted) return;
    const missed = this.#history.slice(this.#indexAfter(after)).filter((change) => change.key.startsWith(prefix));
    const stop = this.#subscriptions.add(prefix, watcher);
    signal.addEventListener('abort', stop, { once: true });
    if (missed.length > 0) watcher.changed(missed);
  }

  compact(revision: number): void {
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision);
    if (revision <= this.#compacted) return;
    this.#forgetOldest(this.#indexAfter(revision));
    this.#compacted = revision;
  }

  /** Why the store is gone; undefined: it is not. */
  get closed(): Error | undefined {
    return this.#closed;
  }

  /** Tells every watcher that the store is gone. */
  close(error: Error): void {
    this.#closed = error;
    this.#subscriptions.lose(error);
  }

  #head(key: string): { readonly revision: number; readonly created: number } | undefined {
    const planned = this.#planned.get(key);
    if (planned) return planned.isDeleted ? undefined : planned;
    return this.#live.get(key);
  }

  #change({ operation, revision, created }: Planned): Change {
    const { key } = operation;
    const previous = this.#live.get(key);
    // A later plan for the same key must stay.
    if (this.#planned.get(key)?.revision === revision) this.#planned.delete(key);
    if (operation.type === 'delete') {
      this.#live.delete(key);
      this.#sortedKeys = undefined;
      return { type: 'delete', key, revision, previous: previous as Entry };
    }
    if (!previous) this.#sortedKeys = undefined;
    this.#live.set(key, { key, value: operation.value, revision, created });
    return { type: 'put', key, revision, value: operation.value, previous, attachment: operation.attachment };
  }

  /** What a writer handed over for its own process is nobody's history. */
  #remember(change: Change): void {
    this.#historyBytes += sizeOf(change);
    if (change.type === 'delete' || change.attachment === undefined) this.#history.push(change);
    else
      this.#history.push({
        type: 'put',
        key: change.key,
        revision: change.revision,
        value: change.value,
        previous: change.previous,
      });
  }

  /** By more than one at a time, since what follows moves up. */
  #trim(): void {
    let count = Math.max(0, this.#history.length - HISTORY_CHANGES_MAX);
    let bytes = this.#historyBytes;
    for (let i = 0; i < this.#history.length && (i < count || bytes > HISTORY_BYTES_MAX); i++) {
      bytes -= sizeOf(this.#history[i] as Change);
      count = Math.max(count, i + 1);
    }
    this.#forgetOldest(count);
  }

  #forgetOldest(count: number): void {
    const dropped = this.#history.splice(0, count);
    for (const change of dropped) this.#historyBytes -= sizeOf(change);
    this.#compacted = dropped.at(-1)?.revision ?? this.#compacted;
  }

  #liveUnder(prefix: string): readonly Entry[] {
    this.#sortedKeys ??= [...this.#live.keys()].sort();
    const keys = this.#sortedKeys;
    const entries: Entry[] = [];
    for (let i = lowerBound(keys, prefix); i < keys.length; i++) {
      const key = keys[i] as string;
      if (!key.startsWith(prefix)) break;
      entries.push(this.#live.get(key) as Entry);
    }
    return entries;
  }

  /** Undoes the changes since `revision`, newest first. */
  #pastUnder(prefix: string, revision: number): readonly Entry[] {
    const entries = new Map(this.#liveUnder(prefix).map((entry) => [entry.key, entry]));
    for (let i = this.#history.length - 1; i >= 0; i--) {
      const change = this.#history[i] as Change;
      if (change.revision <= revision) break;
      if (!change.key.startsWith(prefix)) continue;
      if (change.previous) entries.set(change.key, change.previous);
      else entries.delete(change.key);
    }
    return [...entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #indexAfter(revision: number): number {
    let low = 0;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#history[middle] as Change).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const sizeOf = (change: Change): number => (change.type === 'put' ? change.value.length : 0);

const bytesOf = (value: Value, revision: number): Uint8Array => (typeof value === 'function' ? value(revision) : value);

export interface Planned {
  readonly operation:
    | Exclude<Operation, { readonly type: 'put' }>
    | (Extract<Operation, { readonly type: 'put' }> & { readonly value: Uint8Array });
  readonly revision: number;
  readonly created: number;
}

function upperBound(entries: readonly Entry[], key: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as Entry).key <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}
