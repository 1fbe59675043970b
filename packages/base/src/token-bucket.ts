/** So many a second on average, and so many at once. */
export interface TokenRate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Says what may happen now of what comes faster than it may. It is full at first. Times are of one clock, in milliseconds. */
export class TokenBucket {
  readonly #rate: TokenRate;
  #tokens: number;
  #filledMs: number;

  constructor(rate: TokenRate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledMs = nowMs;
  }

  /** Takes a token if there is one. */
  tryTake(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Takes a token in any case: milliseconds until it would have been there. */
  take(nowMs: number): number {
    this.#fill(nowMs);
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#rate.perSecond) * 1000;
  }

  #fill(nowMs: number): void {
    const { perSecond, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#filledMs) / 1000) * perSecond);
    this.#filledMs = nowMs;
  }
}
