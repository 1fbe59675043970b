/** A latch that many can wait on: `wait` resolves at the next `notify`, or when it is this waiter's turn in `notifyOne`. */
export class Notifier {
  #waiters = new Set<() => void>();

  notify(): void {
    if (this.#waiters.size === 0) return;
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const wake of waiters) wake();
  }

  /** Wakes who has waited longest, where what there is to be told is for one alone. Who it wakes takes it, or tells the next. */
  notifyOne(): void {
    for (const wake of this.#waiters) {
      this.#waiters.delete(wake);
      return wake();
    }
  }

  /** Rejects with `signal.reason` when the signal aborts first; an aborted wait leaves nothing behind. */
  wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters.delete(wake);
        reject(signal.reason);
      };
      const wake = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(wake);
    });
  }
}
