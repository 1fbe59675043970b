import { localTime } from './zone.ts';

/** When a cron job runs: moments by the calendar, or one after the other at a fixed distance. */
export interface Schedule {
  /** The first moment after `afterMs` (both in ms since the epoch); undefined where there is none within five years. */
  next(afterMs: number): number | undefined;
}

interface Field {
  readonly values: ReadonlySet<number>;
  /** Says nothing: `*` or `?`. */
  readonly isOpen: boolean;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS = {
  minute: { min: 0, max: 59, names: [] },
  hour: { min: 0, max: 23, names: [] },
  day: { min: 1, max: 31, names: [] },
  month: { min: 1, max: 12, names: MONTHS },
  weekday: { min: 0, max: 6, names: WEEKDAYS },
} as const;
const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const EVERY = '@every ';
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const [MINUTE_MS, DAY_MINUTES] = [60_000, 24 * 60];
/** Nothing is looked for further away than this: 30 February never comes. */
const YEARS_MAX = 5;

/**
 * Reads five fields (minute, hour, day of month, month, day of week) or a macro, as the cron library that upstream uses
 * does. Moments are those of `timeZone`, a name of the IANA database. Throws RangeError for what cannot be read.
 */
export function parseSchedule(text: string, timeZone = 'UTC'): Schedule {
  if (text.startsWith(EVERY)) return everySchedule(durationMs(text.slice(EVERY.length)));
  const fields = (text.startsWith('@') ? (MACROS[text] ?? '') : text).trim().split(/\s+/);
  if (fields.length !== 5)
    throw new RangeError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  return calendarSchedule(
    {
      minute: parseField(minute, FIELDS.minute),
      hour: parseField(hour, FIELDS.hour),
      day: parseField(day, FIELDS.day),
      month: parseField(month, FIELDS.month),
      weekday: parseField(weekday, FIELDS.weekday),
    },
    timeZone,
  );
}

function parseField(text: string, bounds: Bounds): Field {
  const parts = text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => parseRange(part, bounds));
  return { values: new Set(parts.flatMap(({ values }) => [...values])), isOpen: parts.some(({ isOpen }) => isOpen) };
}

function parseRange(text: string, bounds: Bounds): Field {
  const [range = '', step, ...moreSteps] = text.split('/');
  const [low = '', high, ...moreEnds] = range.split('-');
  const isStar = low === '*' || low === '?';
  const first = isStar ? bounds.min : numberOf(low, bounds);
  // A single number with a step goes on to the end: 5/15 is 5-59/15.
  const last = isStar
    ? bounds.max
    : high !== undefined
      ? numberOf(high, bounds)
      : step === undefined
        ? first
        : bounds.max;
  const every = step === undefined ? 1 : Number(step);
  const isBad = moreSteps.length > 0 || moreEnds.length > 0 || first < bounds.min || last > bounds.max || first > last;
  if (isBad || !Number.isInteger(every) || every < 1) throw new RangeError(`failed to parse ${text}`);
  const values = new Set<number>();
  for (let value = first; value <= last; value += every) values.add(value);
  return { values, isOpen: isStar && every === 1 };
}

function numberOf(text: string, { names }: Bounds): number {
  const index = names.indexOf(text.toLowerCase());
  if (index >= 0) return names === MONTHS ? index + 1 : index;
  if (!/^\+?\d+$/.test(text)) throw new RangeError(`failed to parse int from ${text}`);
  return Number(text);
}

function durationMs(text: string): number {
  const match = /^[+]?((?:\d+\.?\d*(?:ns|us|µs|ms|s|m|h))+)$/.exec(text);
  if (!match) throw new RangeError(`failed to parse duration ${EVERY}${text}`);
  const parts = (match[1] ?? '').matchAll(/(\d+\.?\d*)(ns|us|µs|ms|s|m|h)/g);
  return [...parts].reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ''] ?? 0), 0);
}

/** Whole seconds, at least one. */
function everySchedule(ms: number): Schedule {
  const delayMs = Math.max(1000, Math.floor(ms / 1000) * 1000);
  return { next: (afterMs) => Math.floor((afterMs + delayMs) / 1000) * 1000 };
}

type Fields = Readonly<Record<keyof typeof FIELDS, Field>>;

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
