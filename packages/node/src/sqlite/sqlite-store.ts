import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { invariant } from '@navarch/base';
import {
  type Entry,
  type ListOptions,
  type ListResult,
  type Operation,
  type Planned,
  type Store,
  VersionedMap,
  type Watcher,
} from '@navarch/store';
import type { FromWorker, Opening, ToWorker } from './messages.ts';
import type { NewRow, Row } from './rows.ts';
import { buffersOf, packRows } from './packed-rows.ts';

interface Waiting {
  readonly planned: readonly Planned[];
  resolve(revisions: readonly number[]): void;
  reject(error: Error): void;
}

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

/** Written at most to find out whether the disk takes writes again. */
const PROBE_BYTES_MAX = 4 * 1024 * 1024;

/** Operations in one transaction; what comes on top waits for the next. */
const BATCH_OPERATIONS_MAX = 1000;

/**
 * The embedded durable store: one SQLite file (WAL, synchronous FULL) written by a thread of its own. Commits that
 * arrive while the disk is busy share the next transaction and its fsync; preconditions are checked in memory, so a
 * commit that lost is told at once. Nothing is visible, or acknowledged, before it is durable.
 */
export class SqliteStore implements Store {
  readonly #map = new VersionedMap();
  readonly #worker: Worker;
  #queue: Waiting[] = [];
  #writing: Waiting[] | undefined;
  #batch = 0;
  #isScheduled = false;
  #failure: Error | undefined;
  readonly #replies: Waiter[] = [];
  readonly #checks: Waiter[] = [];
  /** What the disk refused last, in bytes; 0: it took what it was given. */
  #refusedBytes = 0;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /**
   * Opens or creates `store.db` in the folder. Rejects with one sentence that says what is wrong with it. One that is not
   * synced acknowledges what the system has taken: it outlives this process, not the machine's power.
   */
  static async open(folder: string, { isSynced = true }: { readonly isSynced?: boolean } = {}): Promise<SqliteStore> {
    const file = join(folder, 'store.db');
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new Error(`Cannot create the store's folder ${folder}: ${(error as Error).message}`, { cause: error });
    }
    const worker = new Worker(new URL('./sqlite.worker.ts', import.meta.url), {
      workerData: { file, isSynced } satisfies Opening,
    });
    const store = new SqliteStore(worker);
    const first = await new Promise<FromWorker>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    if (first.type !== 'opened') throw new Error(`Cannot open the store ${file}: ${explained(first)}`);
    store.#map.restore(first.rows.map(entryOf), first.base, first.since.map(plannedOf), first.revision);
    worker.on('message', (message: FromWorker) => store.#receive(message));
    worker.on('exit', () => store.#fail(new Error('its writing thread has ended')));
    worker.on('error', (error: unknown) => store.#fail(error instanceof Error ? error : new Error(String(error))));
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

  commit(operations: readonly Operation[]): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      if (this.#failure) throw this.#failure;
      this.#queue.push({ planned: this.#map.plan(operations), resolve, reject });
      this.#schedule();
    });
  }

  subscribe(prefix: string, after: number, watcher: Watcher, signal: AbortSignal): void {
    this.#map.subscribe(prefix, after, watcher, signal);
  }

  async compact(revision: number): Promise<void> {
    this.#map.compact(revision);
    await this.#request({ type: 'compact', revision });
  }

  check(): Promise<void> {
    return this.#request({ type: 'check', bytes: this.#refusedBytes }, this.#checks);
  }

  /** Writes a consistent copy that another server can open. The file must not exist. */
  async backup(file: string): Promise<void> {
    await this.#request({ type: 'backup', file });
  }

  async close(): Promise<void> {
    if (this.#failure) return;
    this.#failure = new Error('The store is closed');
    this.#map.close(this.#failure);
    // What is being written may still be acknowledged; what waits behind it will not be written.
    for (const { planned, reject } of this.#queue.splice(0)) {
      this.#map.forget(planned);
      reject(this.#failure);
    }
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#post({ type: 'close' });
    await ended;
  }

  /** A compaction may take several turns of the worker: what comes between has a queue of its own. */
  #request(message: ToWorker, replies = this.#replies): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure) throw this.#failure;
      replies.push({ resolve, reject });
      this.#post(message);
    });
  }

  #post(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** What else arrives in this turn of the event loop goes into the same batch: under load that is what all clients sent meanwhile. */
  #schedule(): void {
    if (this.#isScheduled || this.#writing || this.#queue.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#writeNext();
    });
  }

  #writeNext(): void {
    if (this.#writing || this.#queue.length === 0) return;
    let count = 0;
    let take = 0;
    while (take < this.#queue.length && count < BATCH_OPERATIONS_MAX)
      count += (this.#queue[take++] as Waiting).planned.length;
    this.#writing = this.#queue.splice(0, take);
    const rows = packRows(this.#writing.flatMap(({ planned }) => planned.map(rowOf)));
    this.#post({ type: 'write', batch: ++this.#batch, rows }, buffersOf(rows));
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'written':
        return this.#written(message.batch);
      case 'refused':
        return this.#refused(message.message);
      case 'checked':
        if (message.message === undefined) this.#refusedBytes = 0;
        return settle(this.#checks.shift(), message.message, 'Cannot write to the store');
      case 'compacted':
      case 'backed-up':
        return settle(this.#replies.shift(), message.message, 'Cannot finish with the store');
      default:
    }
  }

  #written(batch: number): void {
    const done = this.#writing;
    invariant(done && batch === this.#batch, 'a batch was acknowledged that was not being written');
    this.#writing = undefined;
    this.#refusedBytes = 0;
    this.#map.apply(done.flatMap((waiting) => waiting.planned));
    for (const { planned, resolve } of done) resolve(planned.map((p) => p.revision));
    this.#schedule();
  }

  /** The disk refused (full, failing): nothing of this batch happened, and what was planned on top of it cannot either. */
  #refused(message: string): void {
    const lost = [...(this.#writing ?? []), ...this.#queue];
    this.#refusedBytes = Math.min(PROBE_BYTES_MAX, Math.max(1, bytesIn(this.#writing ?? [])));
    this.#writing = undefined;
    this.#queue = [];
    this.#map.forget(lost.flatMap((waiting) => waiting.planned));
    const error = new Error(`Cannot write to the store: ${message}`);
    for (const { reject } of lost) reject(error);
  }

  #fail(error: Error): void {
    if (this.#failure) return; // Closed, or failed already.
    this.#failure = new Error(`The store has stopped: ${error.message}`, { cause: error });
    this.#refused(error.message);
    this.#map.close(this.#failure);
    for (const { reject } of [...this.#replies.splice(0), ...this.#checks.splice(0)]) reject(this.#failure);
  }
}

const bytesIn = (waiting: readonly Waiting[]): number =>
  waiting
    .flatMap(({ planned }) => planned.map((one) => rowOf(one).value?.length ?? 0))
    .reduce((sum, bytes) => sum + bytes, 0);

function settle(waiter: Waiter | undefined, message: string | undefined, failure: string): void {
  if (message === undefined) waiter?.resolve();
  else waiter?.reject(new Error(`${failure}: ${message}`));
}

const entryOf = ({ key, value, revision, created }: Row): Entry => ({
  key,
  value: value ?? new Uint8Array(),
  revision,
  created,
});

const rowOf = ({ operation, revision, created }: Planned): NewRow => ({
  revision,
  created,
  key: operation.key,
  value: operation.type === 'put' ? operation.value : null,
  replaces: operation.expected,
});

/** What was once planned, as it lies in the table. */
const plannedOf = ({ revision, created, key, value }: Row): Planned => ({
  revision,
  created,
  operation: value === null ? { type: 'delete', key, expected: 0 } : { type: 'put', key, value, expected: 0 },
});

function explained(message: FromWorker): string {
  const text = message.type === 'failed' ? message.message : message.type;
  if (/locked|busy/.test(text)) return 'another server has it open; stop that one first';
  if (/not a database/.test(text)) return 'it is not a store (the file is damaged or something else)';
  return text;
}
