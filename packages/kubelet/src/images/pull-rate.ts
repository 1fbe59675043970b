import type { Clock } from '@navarch/base';

/** registryPullQPS and registryBurst: so many pulls a second on average, and so many at once. */
export interface PullRate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Says of each pull whether it may be begun now. */
export class PullGate {
  readonly #clock: Clock;
  readonly #rate: PullRate;
  #tokens: number;
  /** Milliseconds that no clock that is set changes. */
  #filledAt: number;

  constructor(clock: Clock, rate: PullRate) {
    this.#clock = clock;
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledAt = clock.monotonic();
  }

  tryEnter(): boolean {
    const { perSecond, burst } = this.#rate;
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1000) * perSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
