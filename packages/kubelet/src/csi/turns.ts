import { aborted } from '@navarch/base';

/** Work on one thing is done one after the other, on different things at the same time. */
export class Turns {
  /** The last piece of work by key; an entry goes when nothing waits behind it. */
  readonly #last = new Map<string, Promise<void>>();

  /** Throws the signal's reason where it aborts before the turn has come. */
  async take<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last.set(key, promise);
    const leave = (): void => {
      if (this.#last.get(key) === promise) this.#last.delete(key);
      resolve();
    };
    if (signal) await Promise.race([before, aborted(signal)]);
    else await before;
    if (signal?.aborted) {
      void before.then(leave); // Those behind it still wait for those before it.
      throw signal.reason;
    }
    try {
      return await work();
    } finally {
      leave();
    }
  }
}
