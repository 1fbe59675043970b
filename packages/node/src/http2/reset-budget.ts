/** Streams that a client may take back at once, and how many more each second: each cost us a request (CVE-2023-44487). */
const BURST = 1000;
const PER_SECOND = 100;
/** Of so many streams that we ended is known that frames may still come. */
const REMEMBERED = 1000;

/** Who ended which streams. */
export class ResetBudget {
  readonly #sent = new Set<number>();
  #left = BURST;
  #since = performance.now();

  sent(id: number): void {
    this.#sent.add(id);
    if (this.#sent.size <= REMEMBERED) return;
    for (const oldest of this.#sent) {
      this.#sent.delete(oldest);
      return;
    }
  }

  wasSent(id: number): boolean {
    return this.#sent.has(id);
  }

  /** Whether the client may take back one more. */
  received(): boolean {
    const now = performance.now();
    this.#left = Math.min(BURST, this.#left + ((now - this.#since) / 1000) * PER_SECOND);
    this.#since = now;
    return --this.#left >= 0;
  }
}
