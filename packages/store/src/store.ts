/**
 * A versioned, watchable map from keys to bytes: everything durable in the control plane goes through this port.
 * Revisions are positive integers, one per changed key, strictly growing over the whole store (etcd's mod revision
 * with one operation per transaction step). Keys are `/registry/<resource path>/...`.
 */
export interface Store {
  /** The newest revision that is durable and visible. */
  revision(): number;
  /** The oldest revision that can be listed, and from which changes can be followed. */
  oldest(): number;
  get(key: string): Promise<Entry | undefined>;
  /** Entries under `prefix` in key order. Throws `CompactedError` for a revision that is gone, `FutureRevisionError` for one not yet there. */
  list(prefix: string, options?: ListOptions): Promise<ListResult>;
  /**
   * Applies every operation or none, durably before it resolves. Throws `StaleError` for the first operation
   * whose `expected` is not the key's revision. The n-th result is the revision given to the n-th operation.
   */
  commit(operations: readonly Operation[]): Promise<readonly number[]>;
  /**
   * Hands over every change after revision `after` under `prefix`, in revision order, none skipped, none twice, in
   * batches as they become durable; a committer's own change comes before its `commit` resolves. Throws
   * `CompactedError` if `after` is too old. Stops when the signal aborts.
   */
  subscribe(prefix: string, after: number, watcher: Watcher, signal: AbortSignal): void;
  /** Forgets history up to and including `revision`; what is live stays. */
  compact(revision: number): Promise<void>;
  /** Resolves when the store answers and, as far as is known, takes writes. Rejects with what is wrong: it is closed, has failed, or refuses to write. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export interface Watcher {
  /** Must not throw. */
  changed(changes: readonly Change[]): void;
  /** Changes may have been missed from here on: read everything anew. */
  lost(error: Error): void;
}

export interface ListOptions {
  /** Read as of this revision; absent: the newest. */
  readonly revision?: number;
  readonly limit?: number;
  /** Only keys strictly after this one. */
  readonly after?: string;
}
export interface ListResult {
  readonly revision: number;
  readonly entries: readonly Entry[];
  /** How many entries under the prefix follow the last one returned; 0 when complete. */
  readonly remaining: number;
}
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision of the last write to this key. */
  readonly revision: number;
  /** Revision at which the key was created. */
  readonly created: number;
}
export type Operation =
  /**
   * `expected` 0: the key must be absent. `attachment` is not stored: watchers in this process find it on the change,
   * so that what was just written need not be parsed again.
   */
  | {
      readonly type: 'put';
      readonly key: string;
      readonly value: Value;
      readonly expected: number;
      readonly attachment?: unknown;
    }
  | { readonly type: 'delete'; readonly key: string; readonly expected: number };
/**
 * Bytes, or how they are made of the revision that they get, for values that name their own revision. It is asked once
 * the operation is known to hold, before anything is durable; an engine that learns the revision later asks with 0.
 */
export type Value = Uint8Array | ((revision: number) => Uint8Array);
export type Change =
  | {
      readonly type: 'put';
      readonly key: string;
      readonly revision: number;
      readonly value: Uint8Array;
      readonly previous: Entry | undefined;
      readonly attachment?: unknown;
    }
  | { readonly type: 'delete'; readonly key: string; readonly revision: number; readonly previous: Entry };

/** The key has been written since: it is at `current` (0: absent). */
export class StaleError extends Error {
  override readonly name = 'StaleError';
  readonly key: string;
  readonly current: number;

  constructor(key: string, current: number) {
    super(`Cannot write ${key}: it is at revision ${current}`);
    this.key = key;
    this.current = current;
  }
}

/** The revision asked for is no longer kept. */
export class CompactedError extends Error {
  override readonly name = 'CompactedError';
  readonly compacted: number;

  constructor(asked: number, compacted: number) {
    super(`Cannot read revision ${asked}: compacted at ${compacted}`);
    this.compacted = compacted;
  }
}

/** The revision asked for has not been reached. */
export class FutureRevisionError extends Error {
  override readonly name = 'FutureRevisionError';
  readonly current: number;

  constructor(asked: number, current: number) {
    super(`Cannot read revision ${asked}: the newest is ${current}`);
    this.current = current;
  }
}
