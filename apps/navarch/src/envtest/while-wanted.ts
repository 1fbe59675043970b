import { untilStopped } from '../until-stopped.ts';

const LOOK_MS = 500;

/** Runs until it is asked to end, or whoever started it has gone: test suites that crash leave nothing behind. */
export async function whileWanted(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const parent = process.ppid;
  await untilStopped(async (signal) => {
    const alone = new AbortController();
    const look = setInterval(() => {
      if (process.ppid !== parent) alone.abort(new Error('Whoever started this has gone'));
    }, LOOK_MS);
    const until = AbortSignal.any([signal, alone.signal]);
    try {
      await work(until);
    } catch (error) {
      if (!until.aborted) throw error;
    } finally {
      clearInterval(look);
    }
  });
}
