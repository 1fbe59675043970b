/** Upstream's: from 1 s doubled up to 15 min; calm for twice that forgets. */
const DELAY_MIN_MS = 1000;
const DELAY_MAX_MS = 15 * 60_000;

/** Keeps a pod that fails again and again on one node from being replaced as fast as it fails. Entries expire. */
export class FailureBackOff {
  readonly #entries = new Map<string, { readonly delayMs: number; readonly atMs: number }>();

  /** Milliseconds that are still to be waited for; 0 takes the turn, and makes the next one longer. */
  turn(key: string, nowMs: number): number {
    for (const [other, { atMs }] of this.#entries) if (nowMs - atMs > 2 * DELAY_MAX_MS) this.#entries.delete(other);
    const before = this.#entries.get(key);
    if (before && nowMs - before.atMs < before.delayMs) return before.atMs + before.delayMs - nowMs;
    this.#entries.set(key, {
      delayMs: before ? Math.min(before.delayMs * 2, DELAY_MAX_MS) : DELAY_MIN_MS,
      atMs: nowMs,
    });
    return 0;
  }
}
