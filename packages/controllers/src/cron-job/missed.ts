import type { Schedule } from './schedule.ts';

/** More missed starts than this are told to somebody: they hint at a wrong clock or a long sleep. */
const MISSED_MAX = 100;

export interface Due {
  /** The latest moment of the schedule that has come, in ms since the epoch; undefined where none has. */
  readonly at: number | undefined;
  readonly areManyMissed: boolean;
}

/**
 * Which start is due between `sinceMs` and `nowMs`: the latest of them, however many there were. How many is estimated
 * from the distance of the first two, so that a year of minutes costs no more than an hour. Undefined where the
 * schedule never comes again.
 */
export function dueBetween(schedule: Schedule, sinceMs: number, nowMs: number): Due | undefined {
  const first = schedule.next(sinceMs);
  if (first === undefined) return undefined;
  if (nowMs < first) return { at: undefined, areManyMissed: false };
  const second = schedule.next(first);
  if (second === undefined) return undefined;
  if (nowMs < second) return { at: first, areManyMissed: false };
  const distance = second - first;
  const missed = Math.floor((nowMs - first) / distance) + 1;
  // One step back: the distance may be another further on.
  let at: number | undefined;
  for (let t = schedule.next(first + (missed - 2) * distance); t !== undefined && t <= nowMs; t = schedule.next(t))
    at = t;
  return { at, areManyMissed: missed > MISSED_MAX };
}
