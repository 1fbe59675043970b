import type { Pod } from '@navarch/api';
import type { Memory } from './memory.ts';
import { type Ending, endingOf, type PodContainer } from './pod-container.ts';
import { ruleFor } from './restart-rules.ts';

const BACK_OFF_SECONDS_MIN = 10;
/** Upstream's, where the node's configuration says nothing else. */
const BACK_OFF_SECONDS_MAX = 300;
/** A container that ran this long has recovered: its next end is the first one. */
const RECOVERED_MS = 10 * 60_000;

/** Whether a container that ended so is run again while its pod goes on. */
export function restarts(pod: Pod, { spec, role, isSuperseded }: PodContainer, { exitCode }: Ending): boolean {
  if (role === 'ephemeral') return false;
  if (isSuperseded || ruleFor(spec, exitCode) !== undefined) return true;
  if (role === 'sidecar') return true;
  const policy = spec.restartPolicy ?? pod.spec.restartPolicy ?? 'Always';
  if (policy === 'Never') return false;
  return policy === 'OnFailure' || role === 'init' ? exitCode !== 0 : true;
}

/** It has ended and will not run again in this pod. */
export function isOver(pod: Pod, container: PodContainer): boolean {
  const ending = endingOf(container);
  return ending !== undefined && !restarts(pod, container, ending);
}

type Limits = Pick<Memory['node'], 'restartSecondsMax'>;

/** What never started has no time at which it did: the runtime's zero, which is long ago. */
const hasRecovered = ({ startedAt, finishedAt }: Ending): boolean =>
  startedAt > 0 && finishedAt - startedAt >= RECOVERED_MS;

/** Seconds to wait before an ended container runs again: none the first time, then 10, 20, 40 ... 300, or what the node has for it. */
export function backOffSeconds(ending: Ending, { restartSecondsMax = BACK_OFF_SECONDS_MAX }: Limits): number {
  if (ending.failures === 0 || hasRecovered(ending)) return 0;
  return Math.min(BACK_OFF_SECONDS_MIN * 2 ** Math.min(ending.failures - 1, 10), restartSecondsMax);
}

/** What an end may lie ahead of the look that found it. */
const AHEAD_MS_MAX = 2_000;

/**
 * When it may run again, milliseconds of the wall clock. An end that is yet to come was before somebody set the clock back:
 * nobody knows how long ago it was, and nothing waits until that moment comes again.
 */
export const backOffUntil = (ending: Ending, limits: Limits, now: number): number =>
  ending.finishedAt > now + AHEAD_MS_MAX ? now : Math.ceil(ending.finishedAt) + backOffSeconds(ending, limits) * 1000;

/** An end is shown for this long at most, before the pause after it is: whoever asks now and then is to see both. */
const END_SHOWN_SECONDS_MAX = 10;

/** From when on a container is shown as waiting: its end is for the first half of the pause. Milliseconds of the wall clock. */
export const pauseShownFrom = (ending: Ending, limits: Limits): number =>
  Math.ceil(ending.finishedAt) + Math.min(backOffSeconds(ending, limits) / 2, END_SHOWN_SECONDS_MAX) * 1000;

/** What the next instance is told of its past: how many starts in a row it comes after. */
export const failuresAfter = (ending: Ending | undefined): number =>
  ending === undefined ? 0 : hasRecovered(ending) ? 1 : ending.failures + 1;
