/**
 * A scope that owns concurrent tasks. Nothing spawned here outlives the scope: leaving it aborts the tasks
 * and waits for them. The first failure aborts the siblings and is what the scope throws.
 */
export class TaskGroup implements AsyncDisposable {
  readonly signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(parent: AbortSignal) {
    this.signal = AbortSignal.any([parent, this.#abort.signal]);
  }

  get size(): number {
    return this.#running.size;
  }

  spawn(task: (signal: AbortSignal) => Promise<void>): void {
    const running = task(this.signal).catch((error: unknown) => this.#fail(error));
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  /** Waits until every task has ended by itself. */
  async join(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    if (this.#failure) throw this.#failure.error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('Task group closed'));
    await this.join();
  }

  #fail(error: unknown): void {
    if (this.signal.aborted) return; // Unwinding because we asked it to.
    this.#failure ??= { error };
    this.#abort.abort(error);
  }
}
