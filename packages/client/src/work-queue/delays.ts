import { type Clock, Notifier } from '@navarch/base';

interface Delayed {
  readonly key: string;
  readonly dueMs: number;
}

/** Keys that come due later. Each key is in here once, with its earliest time. */
export class Delays {
  readonly #clock: Clock;
  readonly #changed = new Notifier();
  /** A heap by time. Entries that #due no longer confirms were overtaken and are passed over. */
  readonly #heap: Delayed[] = [];
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
    this.#push({ key, dueMs });
    if (this.#heap[0]?.key === key) this.#changed.notify();
  }

  cancel(key: string): void {
    this.#due.delete(key);
  }

  /** Hands over every key as it comes due, until the signal aborts. */
  async run(deliver: (key: string) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const next = this.#heap[0];
      const now = this.#clock.monotonic();
      if (!next) await this.#changed.wait(signal).catch(() => undefined);
      else if (next.dueMs > now) await this.#sleepOrChange(next.dueMs - now, signal);
      else {
        this.#pop();
        if (this.#due.get(next.key) !== next.dueMs) continue;
        this.#due.delete(next.key);
        deliver(next.key);
      }
    }
  }

  async #sleepOrChange(ms: number, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const quietly = (): undefined => undefined;
    await Promise.race([this.#clock.sleep(ms, either).catch(quietly), this.#changed.wait(either).catch(quietly)]);
    stop.abort(new Error('Woken'));
  }

  #push(entry: Delayed): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Delayed;
      if (above.dueMs <= entry.dueMs) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right && right.dueMs < (heap[child] as Delayed).dueMs) child += 1;
      const below = heap[child] as Delayed;
      if (below.dueMs >= last.dueMs) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}
