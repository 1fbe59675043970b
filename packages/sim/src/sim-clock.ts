import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, Heap, invariant } from '@navarch/base';

interface Timer {
  readonly due: number;
  /** Timers due at the same instant fire in the order in which they were set. */
  readonly order: number;
  isCancelled: boolean;
  /** All that sleep until one signal, this among them. */
  readonly sleepers: Set<Timer>;
  resolve(): void;
  reject(reason: Error): void;
}

/** What the simulated calendar shows at the start. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/** Cancelled timers are swept out when there are more of them than live ones, and at least this many. */
const SWEEP_MIN = 1024;

/** Timers that fire in one turn of the event loop, once a run has gone on for a few. */
const TIMERS_PER_TURN = 16;

/**
 * Time that moves only when the simulation moves it. Between two timers everything that can run without waiting has
 * run, so the same program fires the same timers in the same order every time.
 */
export class SimClock implements Clock {
  readonly #timers = new Heap<Timer>((a, b) => a.due < b.due || (a.due === b.due && a.order < b.order));
  readonly #sleepers = new WeakMap<AbortSignal, Set<Timer>>();
  #cancelled = 0;
  #now = 0;
  #order = 0;
  #isAdvancing = false;
  #jumpedMs = 0;

  now(): number {
    return EPOCH_MS + this.#now + this.#jumpedMs;
  }

  /** The wall clock is set forward, or back; what waits is not moved by it. */
  jump(ms: number): void {
    this.#jumpedMs += ms;
  }

  monotonic(): number {
    return this.#now;
  }

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#timers.size - this.#cancelled;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const sleepers = this.#sleepersOf(signal);
      const due = this.#now + Math.max(0, ms);
      const timer: Timer = { due, order: this.#order++, isCancelled: false, sleepers, resolve, reject };
      sleepers.add(timer);
      this.#timers.push(timer);
    });
  }

  /** One listener for all that sleep until a signal: each that is added to a signal is compared with all before it. */
  #sleepersOf(signal: AbortSignal): Set<Timer> {
    const known = this.#sleepers.get(signal);
    if (known) return known;
    const sleepers = new Set<Timer>();
    this.#sleepers.set(signal, sleepers);
    const wake = (): void => {
      for (const timer of sleepers) {
        timer.isCancelled = true;
        timer.reject(signal.reason as Error);
      }
      this.#cancelled += sleepers.size;
      sleepers.clear();
      this.#sweep();
    };
    signal.addEventListener('abort', wake, { once: true });
    return sleepers;
  }

  /** Moves time forward by `ms`, firing every timer that is due on the way. */
  async advance(ms: number): Promise<void> {
    await this.#run(this.#now + ms, () => false);
  }

  /** Moves time forward until `isDone` holds, asking after each timer. False when `ms` pass without it. */
  async advanceUntil(isDone: () => boolean, ms: number): Promise<boolean> {
    return this.#run(this.#now + ms, isDone);
  }

  async #run(until: number, isDone: () => boolean): Promise<boolean> {
    invariant(!this.#isAdvancing, 'Two callers move the simulated time at once');
    this.#isAdvancing = true;
    try {
      return await new Promise<boolean>((resolve, reject) => {
        // After each of the immediates of a turn of the event loop the microtask queue is emptied: what a timer woke has run
        // as far as it can. Several to a turn, since a turn asks the system for what has come, which costs as much as a timer.
        let [waiting, size] = [0, 1];
        let isOver = false;
        const ask = (): void => {
          waiting = size;
          for (let i = 0; i < waiting; i++) setImmediate(fire);
          size = Math.min(size * 2, TIMERS_PER_TURN);
        };
        const fire = (): void => {
          waiting -= 1;
          if (isOver) return;
          try {
            const wasDone = this.#fireNext(until, isDone);
            isOver = wasDone !== undefined;
            if (wasDone !== undefined) resolve(wasDone);
            else if (waiting === 0) ask();
          } catch (error) {
            isOver = true;
            reject(error as Error);
          }
        };
        ask();
      });
    } finally {
      this.#isAdvancing = false;
    }
  }

  /** Whether `isDone` held, or did not until the time was up; undefined: a timer fired, and it is to be asked again. */
  #fireNext(until: number, isDone: () => boolean): boolean | undefined {
    if (isDone()) return true;
    const next = this.#popDue(until);
    this.#now = next ? next.due : until;
    if (!next) return false;
    next.sleepers.delete(next);
    next.resolve();
    return undefined;
  }

  #popDue(until: number): Timer | undefined {
    for (;;) {
      const top = this.#timers.peek();
      if (!top || (!top.isCancelled && top.due > until)) return undefined;
      this.#timers.pop();
      if (!top.isCancelled) return top;
      this.#cancelled -= 1;
    }
  }

  #sweep(): void {
    if (this.#cancelled < SWEEP_MIN || this.#cancelled * 2 < this.#timers.size) return;
    this.#cancelled = 0;
    this.#timers.keep((timer) => !timer.isCancelled);
  }
}

/** One turn of the real event loop: on the other side the microtask queue is empty. */
export const settle = (): Promise<void> => nextTurn();
