import { type Clock, TokenBucket } from '@navarch/base';

/** Upstream's defaults for controllers: 5 ms doubled up to 1000 s per key, and 10 a second (100 at once) for all together. */
const RETRY_MIN_MS = 5;
const RETRY_MAX_MS = 1_000_000;
const TOGETHER = { perSecond: 10, burst: 100 };

/** How long a failed key waits: the longer of its own exponential back-off and the shared bucket. */
export class RetryLimiter {
  readonly #clock: Clock;
  readonly #failures = new Map<string, number>();
  readonly #shared: TokenBucket;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#shared = new TokenBucket(TOGETHER, clock.monotonic());
  }

  /** Counts one more failure of `key`. */
  delayMs(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const own = Math.min(RETRY_MIN_MS * 2 ** Math.min(failures, 30), RETRY_MAX_MS);
    return Math.max(own, this.#shared.take(this.#clock.monotonic()));
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }
}
