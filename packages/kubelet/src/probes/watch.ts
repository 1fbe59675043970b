import type { Probe } from '@navarch/api';
import type { Clock } from '@navarch/base';
import type { Outcome } from './check.ts';

export interface Watch {
  readonly probe: Probe;
  /** When the container began, milliseconds of the wall clock: the initial delay counts from there. */
  readonly startedAt: number;
  /** What holds until enough results in a row say otherwise. */
  readonly initially: boolean | undefined;
  /** A container that has failed is ended: there is nothing more to ask. */
  readonly endsOnFailure: boolean;
}

export interface WatchDeps {
  readonly clock: Clock;
  check(signal: AbortSignal): Promise<Outcome>;
  /** Told after each question what holds by now: whoever keeps it may have lost it. */
  holds(isWell: boolean): void;
  /** Told of every result that is not good. */
  failed(outcome: Exclude<Outcome, { type: 'success' }>): void;
}

/**
 * What a process takes until it listens, milliseconds. A question put before is refused, told of as a warning, and costs
 * a whole period. Upstream's kubelet asks no sooner than a second after the start, when it has noticed it.
 */
const LISTENING_MS = 200;

/** Asks a container again and again how it is, until the signal aborts. */
export async function watchProbe(
  { probe, startedAt, initially, endsOnFailure }: Watch,
  deps: WatchDeps,
  signal: AbortSignal,
): Promise<void> {
  const { clock, check, holds, failed } = deps;
  const { initialDelaySeconds = 0, periodSeconds = 10, successThreshold = 1, failureThreshold = 3 } = probe;
  const pause = (ms: number): Promise<void> => clock.sleep(Math.max(0, ms), signal).catch(() => undefined);
  const delayMs = Math.max(initialDelaySeconds * 1000, LISTENING_MS);
  // No longer than the whole of it, though somebody set the clock back meanwhile.
  await pause(Math.min(delayMs, startedAt + delayMs - clock.now()));
  let current = initially;
  let [successes, failures] = [0, 0];
  while (!signal.aborted) {
    const outcome = await check(signal);
    if (outcome.type === 'success') [successes, failures] = [successes + 1, 0];
    // A question that could not be put counts neither way.
    if (outcome.type === 'failure') [successes, failures] = [0, failures + 1];
    if (outcome.type !== 'success') failed(outcome);
    current = failures >= failureThreshold ? false : successes >= successThreshold ? true : current;
    if (current !== undefined) holds(current);
    if (current === false && endsOnFailure) return;
    await pause(periodSeconds * 1000);
  }
}
