import { firstOf, type Clock, Heap, Notifier } from '@navarch/base';

interface Delayed {
  readonly key: string;
  readonly dueMs: number;
}

/** Keys that come due later. Each key is in here once, with its earliest time. */
export class Delays {
  readonly #clock: Clock;
  readonly #changed = new Notifier();
  /** By time. Entries that #due no longer confirms were overtaken and are passed over. */
  readonly #heap = new Heap<Delayed>((a, b) => a.dueMs < b.dueMs);
  readonly #due = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#due.size;
  }

  add(key: string, delayMs: number): void {
    const dueMs = this.#clock.monotonic() + delayMs;
    const before = this.#due.get(key);
    if (before !== undefined && before <= dueMs) return;
    this.#due.set(key, dueMs);
    this.#heap.push({ key, dueMs });
    if (this.#heap.peek()?.key === key) this.#changed.notify();
  }

  cancel(key: string): void {
    this.#due.delete(key);
  }

  /** Hands over every key as it comes due, until the signal aborts. */
  async run(deliver: (key: string) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const next = this.#heap.peek();
      const now = this.#clock.monotonic();
      if (!next) await this.#changed.wait(signal).catch(() => undefined);
      else if (next.dueMs > now) await this.#sleepOrChange(next.dueMs - now, signal);
      else {
        this.#heap.pop();
        if (this.#due.get(next.key) !== next.dueMs) continue;
        this.#due.delete(next.key);
        deliver(next.key);
      }
    }
  }

  async #sleepOrChange(ms: number, signal: AbortSignal): Promise<void> {
    await firstOf(
      signal,
      (s) => this.#clock.sleep(ms, s),
      (s) => this.#changed.wait(s),
    );
  }
}
