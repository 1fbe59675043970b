import { hasReason } from '@navarch/machinery';
import type { TestContext } from './conformance-test.ts';

const POLL_MS = 250;

/** Asks until the answer is yes; rejects after `timeoutMs`, saying what was waited for. Errors of `isSo` end the wait. */
export async function until(
  { clock, signal }: Pick<TestContext, 'clock' | 'signal'>,
  what: string,
  timeoutMs: number,
  isSo: () => Promise<boolean>,
): Promise<void> {
  const end = clock.monotonic() + timeoutMs;
  while (!(await isSo())) {
    if (clock.monotonic() > end) throw new Error(`${what} did not come about within ${timeoutMs / 1000} s`);
    await clock.sleep(POLL_MS, signal);
  }
}

/** Whether what is read is not there. Other errors are the caller's. */
export async function isNotFound(reading: Promise<unknown>): Promise<boolean> {
  try {
    await reading;
    return false;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return true;
    throw error;
  }
}
