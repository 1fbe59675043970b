import { type Clock, invariant, type Metrics, Notifier } from '@navarch/base';
import { Delays } from './delays.ts';
import { RetryLimiter } from './rate-limit.ts';

export interface WorkQueueDeps {
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/**
 * Keys to work on. A key is in here once, however often it is added, and is never with two workers at a time: what is
 * added while a worker has it comes back when the worker is done. It holds at most every key once.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #instruments: Instruments;
  readonly #limiter: RetryLimiter;
  readonly #delays: Delays;
  readonly #ready = new Fifo();
  /** When each waiting key was added, in monotonic ms. */
  readonly #waiting = new Map<string, number>();
  readonly #busy = new Map<string, number>();
  readonly #wake = new Notifier();

  constructor(name: string, deps: WorkQueueDeps) {
    this.#clock = deps.clock;
    this.#limiter = new RetryLimiter(deps.clock);
    this.#delays = new Delays(deps.clock);
    this.#instruments = instruments(name, deps.metrics, () =>
      Array.from(this.#busy.values(), (since) => (deps.clock.monotonic() - since) / 1000),
    );
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** Nothing waits, nothing is worked on, nothing comes due later. */
  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#busy.size === 0 && this.#delays.size === 0;
  }

  /** Delivers delayed keys until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#delays.run((key) => this.add(key), signal);
  }

  add(key: string): void {
    if (this.#waiting.has(key)) return;
    this.#waiting.set(key, this.#clock.monotonic());
    this.#instruments.added();
    this.#instruments.depth(this.#waiting.size);
    if (!this.#busy.has(key)) this.#offer(key);
  }

  /** Adds the key after `ms`, or sooner if that was asked for already. */
  addAfter(key: string, ms: number): void {
    if (ms <= 0) this.add(key);
    else this.#delays.add(key, ms);
  }

  /** Takes back every addAfter of the key; an add stays. */
  cancelAfter(key: string): void {
    this.#delays.cancel(key);
  }

  /** Adds the key after its back-off, which grows with each retry until `forget`. */
  retry(key: string): void {
    this.#instruments.retried();
    this.addAfter(key, this.#limiter.delayMs(key));
  }

  retries(key: string): number {
    return this.#limiter.failures(key);
  }

  forget(key: string): void {
    this.#limiter.forget(key);
  }

  /** Waits for a key. The caller says `done` when it no longer works on it, whatever came of it. */
  async take(signal: AbortSignal): Promise<string> {
    for (;;) {
      const key = this.#ready.shift();
      if (key !== undefined) {
        const now = this.#clock.monotonic();
        this.#instruments.waited(now - (this.#waiting.get(key) ?? now));
        this.#waiting.delete(key);
        this.#busy.set(key, now);
        this.#instruments.depth(this.#waiting.size);
        return key;
      }
      await this.#wake.wait(signal);
    }
  }

  done(key: string): void {
    const started = this.#busy.get(key);
    invariant(started !== undefined, `${key} is not being worked on`);
    this.#instruments.worked(this.#clock.monotonic() - started);
    this.#busy.delete(key);
    if (this.#waiting.has(key)) this.#offer(key);
  }

  #offer(key: string): void {
    this.#ready.push(key);
    // One key is for one worker: all the others would only lie down again.
    this.#wake.notifyOne();
  }
}

/** An array that is taken from at the front without moving the rest each time. */
class Fifo {
  #items: string[] = [];
  #head = 0;

  push(item: string): void {
    this.#items.push(item);
  }

  shift(): string | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head++];
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

interface Instruments {
  added(): void;
  retried(): void;
  depth(size: number): void;
  waited(ms: number): void;
  worked(ms: number): void;
}

/** From ten nanoseconds to ten seconds. */
const SECONDS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10];

function instruments(name: string, metrics: Metrics, underWay: () => readonly number[]): Instruments {
  const labels = { name };
  metrics
    .gauge(
      'workqueue_unfinished_work_seconds',
      "[BETA] How many seconds of work has done that is in progress and hasn't been observed by work_duration. Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at which this increases.",
    )
    .follow(() => underWay().reduce((sum, seconds) => sum + seconds, 0), labels);
  metrics
    .gauge(
      'workqueue_longest_running_processor_seconds',
      '[BETA] How many seconds has the longest running processor for workqueue been running.',
    )
    .follow(() => Math.max(0, ...underWay()), labels);
  const depth = metrics.gauge('workqueue_depth', '[BETA] Current depth of workqueue');
  const adds = metrics.counter('workqueue_adds_total', '[BETA] Total number of adds handled by workqueue');
  const retries = metrics.counter('workqueue_retries_total', '[BETA] Total number of retries handled by workqueue');
  const waited = metrics.histogram(
    'workqueue_queue_duration_seconds',
    '[BETA] How long in seconds an item stays in workqueue before being requested.',
    SECONDS,
  );
  const worked = metrics.histogram(
    'workqueue_work_duration_seconds',
    '[BETA] How long in seconds processing an item from workqueue takes.',
    SECONDS,
  );
  return {
    added: () => adds.add(1, labels),
    retried: () => retries.add(1, labels),
    depth: (size) => depth.set(size, labels),
    waited: (ms) => waited.observe(ms / 1000, labels),
    worked: (ms) => worked.observe(ms / 1000, labels),
  };
}
