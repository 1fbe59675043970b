import type { Clock } from '@navarch/base';

const DONE = new Error('Done');

/** Resolves and rejects as the work does. While it is under way, `tell` hears after each `everyMs` how long it has taken. */
export async function tellingIfSlow<T>(
  work: Promise<T>,
  everyMs: number,
  clock: Clock,
  tell: (seconds: number) => void,
): Promise<T> {
  const done = new AbortController();
  const begun = clock.monotonic();
  const watch = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(everyMs, done.signal);
      tell(Math.round((clock.monotonic() - begun) / 1000));
    }
  };
  const watching = watch().catch(() => undefined); // Its only end is that the work is done.
  try {
    return await work;
  } finally {
    done.abort(DONE);
    await watching;
  }
}
