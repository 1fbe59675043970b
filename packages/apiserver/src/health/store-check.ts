import type { Clock } from '@navarch/base';
import type { Store } from '@navarch/store';

/** How long the store may take to answer, in ms: upstream's --etcd-healthcheck-timeout. */
const TIMEOUT_MS = 2000;

/** Whether the store answers and takes writes. However many ask, it is asked once at a time. */
export class StoreCheck {
  readonly #store: Store;
  readonly #clock: Clock;
  #asked: Promise<void> | undefined;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** What is wrong, in upstream's words as far as it has some; undefined: nothing. Never rejects. */
  async problem(): Promise<string | undefined> {
    this.#asked ??= this.#store.check().finally(() => {
      this.#asked = undefined;
    });
    const late = new AbortController();
    try {
      await Promise.race([this.#asked, this.#tooLate(late.signal)]);
      return undefined;
    } catch (error) {
      return `error getting data from etcd: ${(error as Error).message}`;
    } finally {
      late.abort();
    }
  }

  async #tooLate(signal: AbortSignal): Promise<never> {
    await this.#clock.sleep(TIMEOUT_MS, signal);
    throw new Error('context deadline exceeded');
  }
}
