/** Why a wait ends that nobody needs any more; made once, since an error without one is made each time. */
const OVER = new Error('Over');

/** Waits until the first of these has ended, however, or the signal aborts, and lets go of the others. Never rejects. */
export async function firstOf(
  signal: AbortSignal,
  ...waits: readonly ((signal: AbortSignal) => Promise<unknown>)[]
): Promise<void> {
  const end = new AbortController();
  const either = AbortSignal.any([signal, end.signal]);
  await Promise.race(waits.map((wait) => ended(wait, either)));
  end.abort(OVER);
}

async function ended(wait: (signal: AbortSignal) => Promise<unknown>, signal: AbortSignal): Promise<void> {
  try {
    await wait(signal);
  } catch {
    // That it has ended is all that is asked.
  }
}
