import type { Clock } from './clock.ts';
import { Notifier } from './notifier.ts';

/** That there is something to look at again, however often that is said. At first there is. */
export class Marks {
  #isSet = true;
  readonly #changed = new Notifier();

  /** Bound, so that it can be handed out as a listener. */
  readonly set = (): void => {
    this.#isSet = true;
    this.#changed.notify();
  };

  /** Marks from time to time, for what nobody tells of. Rejects when the signal aborts. */
  async setEvery(clock: Clock, ms: number, signal: AbortSignal): Promise<never> {
    for (;;) {
      await clock.sleep(ms, signal);
      this.set();
    }
  }

  /**
   * Resolves `afterMs` after something was marked, so that what comes together is looked at once: true, and the mark is
   * taken. False when the signal aborts.
   */
  async take(clock: Clock, afterMs: number, signal: AbortSignal): Promise<boolean> {
    try {
      if (!this.#isSet) await this.#changed.wait(signal);
      await clock.sleep(afterMs, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    if (signal.aborted) return false;
    this.#isSet = false;
    return true;
  }
}
