import { type CronSchedule, readSchedule } from '@navarch/api';
import { localTime } from './zone.ts';

/** When a cron job runs: moments by the calendar, or one after the other at a fixed distance. */
export interface Schedule {
  /** The first moment after `afterMs` (both in ms since the epoch); undefined where there is none within five years. */
  next(afterMs: number): number | undefined;
}

/** Nothing is looked for further away than this: 30 February never comes. */
const YEARS_MAX = 5;
const [MINUTE_MS, DAY_MINUTES] = [60_000, 24 * 60];

/**
 * Reads five fields (minute, hour, day of month, month, day of week) or a macro, as the cron library that upstream uses
 * does. Moments are those of `timeZone`, a name of the IANA database, where the text itself names none. Throws
 * RangeError for what cannot be read.
 */
export function parseSchedule(text: string, timeZone = 'UTC'): Schedule {
  const { zone = timeZone, ...read } = readSchedule(text);
  if ('everyMs' in read) return { next: (afterMs) => Math.floor((afterMs + read.everyMs) / 1000) * 1000 };
  return calendarSchedule(read, zone);
}

type Fields = Omit<Extract<CronSchedule, { readonly minute: unknown }>, 'zone'>;

function calendarSchedule(fields: Fields, timeZone: string): Schedule {
  const local = localTime(timeZone);
  return {
    next(afterMs) {
      let at = (Math.floor(afterMs / MINUTE_MS) + 1) * MINUTE_MS;
      const lastYear = local(at).year + YEARS_MAX;
      for (;;) {
        const now = local(at);
        if (now.year > lastYear) return undefined;
        const minutes = minutesToSkip(now, fields);
        if (minutes === 0) return at;
        // Where clocks are changed on the way, minutes are gone through one by one: some come twice, some never.
        const isEven = local(at + minutes * MINUTE_MS).offsetMs === now.offsetMs;
        at += (isEven ? minutes : 1) * MINUTE_MS;
      }
    },
  };
}

/** 0 at a moment of the schedule; else so many minutes of which none is. */
function minutesToSkip(now: ReturnType<ReturnType<typeof localTime>>, fields: Fields): number {
  if (!fields.month.values.has(now.month) || !isDay(now, fields)) return DAY_MINUTES - now.hour * 60 - now.minute;
  if (!fields.hour.values.has(now.hour)) return 60 - now.minute;
  if (fields.minute.values.has(now.minute)) return 0;
  const later = [...fields.minute.values].filter((minute) => minute > now.minute);
  return (later.length > 0 ? Math.min(...later) : 60) - now.minute;
}

/** Both days must match where one says nothing; where both say something, one is enough. */
function isDay(now: { readonly day: number; readonly weekday: number }, { day, weekday }: Fields): boolean {
  const [byDay, byWeekday] = [day.values.has(now.day), weekday.values.has(now.weekday)];
  return day.isOpen || weekday.isOpen ? byDay && byWeekday : byDay || byWeekday;
}
