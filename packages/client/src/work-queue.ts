import { type Clock, Notifier, type TaskGroup } from '@navarch/base';

const RETRY_MS_MIN = 5;
const RETRY_MS_MAX = 1_000_000;

/** Keys to work on. A key is in here once, however often it is added, and never handed to two workers at a time. */
export class WorkQueue {
  readonly #ready: string[] = [];
  readonly #queued = new Set<string>();
  readonly #busy = new Set<string>();
  readonly #failures = new Map<string, number>();
  /** When a delayed key is due, on the monotonic clock: only its earliest time counts. */
  readonly #due = new Map<string, number>();
  readonly #wake = new Notifier();
  readonly #clock: Clock;
  readonly #group: TaskGroup;

  constructor(clock: Clock, group: TaskGroup) {
    this.#clock = clock;
    this.#group = group;
  }

  get length(): number {
    return this.#queued.size;
  }

  add(key: string): void {
    if (this.#queued.has(key)) return;
    this.#queued.add(key);
    if (this.#busy.has(key)) return; // Comes back when the worker is done with it.
    this.#ready.push(key);
    this.#wake.notify();
  }

  addAfter(key: string, ms: number): void {
    const due = this.#clock.monotonic() + ms;
    const planned = this.#due.get(key);
    if (planned !== undefined && planned <= due) return;
    this.#due.set(key, due);
    this.#group.spawn(async (signal) => {
      await this.#clock.sleep(ms, signal).catch(() => undefined);
      if (signal.aborted || this.#due.get(key) !== due) return;
      this.#due.delete(key);
      this.add(key);
    });
  }

  /** After a failure: again, later each time. */
  retry(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(RETRY_MS_MIN * 2 ** Math.min(failures, 30), RETRY_MS_MAX));
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  async take(signal: AbortSignal): Promise<string> {
    for (;;) {
      const key = this.#ready.shift();
      if (key !== undefined) {
        this.#queued.delete(key);
        this.#busy.add(key);
        return key;
      }
      await this.#wake.wait(signal);
    }
  }

  done(key: string): void {
    this.#busy.delete(key);
    if (!this.#queued.has(key)) return;
    this.#ready.push(key);
    this.#wake.notify();
  }
}
