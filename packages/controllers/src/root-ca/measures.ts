import { exponential } from '@navarch/base';
import { StatusError } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { count, spread } from '../shared/measure.ts';

/** Work that is counted and timed by the code of how it ended. */
type Counted = (work: () => Promise<void>, context: Context) => Promise<void>;

/** What publishers of certificates tell of themselves: all of them the same, each under its own name. */
export function countedSyncs(publisher: string, what: string): Counted {
  const syncs = count(`${publisher}_sync_total`, `[ALPHA] Number of ${what}`);
  const seconds = spread(`${publisher}_sync_duration_seconds`, `[ALPHA] How long ${what} took`, SECONDS);
  return async (work, { clock, metrics }) => {
    const beganMs = clock.monotonic();
    let code = '200';
    try {
      await work();
    } catch (error) {
      code = String(error instanceof StatusError ? (error.status.code ?? 500) : 500);
      throw error;
    } finally {
      syncs.add(metrics, { code });
      seconds.observe(metrics, (clock.monotonic() - beganMs) / 1000, { code });
    }
  };
}

/** From a millisecond to a quarter of a minute. */
const SECONDS = exponential(0.001, 2, 15);
