import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@navarch/base';

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep(ms, signal) {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    // A timer would take a millisecond at least.
    if (ms <= 0) return nextTurn().then(() => signal.throwIfAborted());
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  },
};
