import type { ApiObject, Draft, Key, Kind } from '@navarch/machinery';

/**
 * What every component sees of the cluster: over HTTP between processes, a method call away in the same one.
 * Every method rejects with StatusError when the server refuses, and with the signal's reason when stopped.
 * Objects are shared and frozen in type: to change one, make a new value.
 */
export interface Api {
  /** The kind is fixed before anything else, so that every later argument is checked and completed against it. */
  of<O extends ApiObject>(kind: Kind<O>): KindApi<O>;
}

export interface KindApi<O extends ApiObject> {
  get(key: Key): Promise<O>;
  list(options?: ListOptions): Promise<ObjectList<O>>;
  /**
   * Changes in order, in batches as they arrive. Ends when the server ends the watch or the signal aborts; throws
   * StatusError with reason Expired when `after` is no longer kept: list again.
   */
  watch(options: WatchOptions, signal: AbortSignal): AsyncIterable<readonly WatchEvent<O>[]>;
  /** apiVersion and kind may be left out. `namespace` goes into metadata. */
  create(input: Draft<O>, options?: WriteOptions): Promise<O>;
  /** PUT. Optimistic when metadata.resourceVersion is set: rejects with Conflict if the object has moved. */
  replace(object: O, options?: PartOptions): Promise<O>;
  /** Reads, changes, writes, and begins again on Conflict. `change` must be pure; returning its argument writes nothing. */
  update(key: Key, change: (current: O) => O, options?: PartOptions): Promise<O>;
  patch(key: Key, patch: Patch, options?: PartOptions): Promise<O>;
  delete(key: Key, options?: DeleteOptions): Promise<void>;
  deleteCollection(options: ListOptions & DeleteOptions): Promise<void>;
  /** POST to a subresource that is its own kind: binding, eviction, token. The answer is what the server sent. */
  post(key: Key, subresource: string, body: unknown, options?: WriteOptions): Promise<unknown>;
}

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Page size; all pages are read when absent. */
  readonly limit?: number;
  readonly continue?: string;
  /** `0`: any cached state will do. Absent: the newest. */
  readonly resourceVersion?: string;
}

export interface ObjectList<O> {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly items: readonly O[];
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** resourceVersion after which changes are wanted. */
  readonly after: string;
}

export type WatchEvent<O> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: O }
  /** Everything up to this version has been sent. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
}

export interface PartOptions extends WriteOptions {
  readonly subresource?: string;
}

export type Patch =
  | { readonly type: 'json'; readonly body: readonly unknown[] }
  | { readonly type: 'merge' | 'strategic'; readonly body: unknown }
  | { readonly type: 'apply'; readonly body: unknown; readonly fieldManager: string; readonly force?: boolean };

export interface DeleteOptions {
  /** Seconds; 0 is at once. Absent: the kind's own. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}
