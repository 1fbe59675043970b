// Schedules of cron jobs: five fields or a macro, as the cron library that upstream uses reads them.

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

/** Which values of a field match. */
interface CronField {
  readonly values: ReadonlySet<number>;
  /** Says nothing: `*` or `?`. */
  readonly isOpen: boolean;
}

/** A schedule as it was read: moments by the calendar, or one after the other at a fixed distance. */
export type CronSchedule = {
  /** Of the IANA database, where the text itself says one. */
  readonly zone?: string;
} & (
  | { readonly everyMs: number }
  | {
      readonly minute: CronField;
      readonly hour: CronField;
      readonly day: CronField;
      readonly month: CronField;
      readonly weekday: CronField;
    }
);

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];
const MACROS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);
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

/** What is wrong with a schedule, in the library's words; undefined when it can be read. */
export function scheduleError(schedule: string): string | undefined {
  try {
    readSchedule(schedule);
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

/** Reads a schedule. Throws RangeError, in the library's words, for what cannot be read. */
export function readSchedule(schedule: string): CronSchedule {
  if (schedule === '') throw new RangeError('empty spec string');
  const prefix = /^(?:CRON_TZ|TZ)=(\S*)\s+/.exec(schedule);
  const zone = prefix?.[1];
  if (zone !== undefined && !isTimeZone(zone))
    throw new RangeError(`provided bad location ${zone}: unknown time zone ${zone}`);
  const text = schedule.slice(prefix?.[0].length ?? 0);
  return { ...(zone === undefined ? {} : { zone }), ...(text.startsWith('@') ? readMacro(text) : readFields(text)) };
}

function readMacro(text: string): CronSchedule {
  const fields = MACROS.get(text);
  if (fields !== undefined) return readFields(fields);
  if (!text.startsWith(EVERY)) throw new RangeError(`unrecognized descriptor: ${text}`);
  const duration = text.slice(EVERY.length);
  const match = /^[+-]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h))+)$/.exec(duration);
  if (!match)
    throw new RangeError(`failed to parse duration ${text}: time: invalid duration ${JSON.stringify(duration)}`);
  const parts = [...duration.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  const ms = parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ''] ?? 0), 0);
  // Whole seconds, at least one.
  return { everyMs: Math.max(1000, Math.floor((duration.startsWith('-') ? -ms : ms) / 1000) * 1000) };
}

function readFields(text: string): CronSchedule {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== FIELDS.length)
    throw new RangeError(`expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(' ')}]`);
  const [minute, hour, day, month, weekday] = fields.map((field, i) => readField(field, FIELDS[i] as Bounds));
  return { minute, hour, day, month, weekday } as CronSchedule;
}

function readField(field: string, bounds: Bounds): CronField {
  const parts = field
    .split(',')
    .filter((word) => word !== '')
    .map((part) => readRange(part, bounds));
  return { values: new Set(parts.flatMap(({ values }) => [...values])), isOpen: parts.some(({ isOpen }) => isOpen) };
}

function readRange(text: string, { min, max, names }: Bounds): CronField {
  const [range = '', step, ...moreSteps] = text.split('/');
  const [low = '', high, ...moreEnds] = range.split('-');
  const isStar = low === '*' || low === '?';
  let [start, end] = [min, max];
  if (!isStar) {
    start = numberOf(low, names);
    // A single number with a step goes on to the end: 5/15 is 5-59/15.
    end = high === undefined ? (step === undefined ? start : max) : numberOf(high, names);
    if (moreEnds.length > 0) throw new RangeError(`too many hyphens: ${text}`);
  }
  if (moreSteps.length > 0) throw new RangeError(`too many slashes: ${text}`);
  const every = step === undefined ? 1 : numberOf(step);
  if (start < min) throw new RangeError(`beginning of range (${start}) below minimum (${min}): ${text}`);
  if (end > max) throw new RangeError(`end of range (${end}) above maximum (${max}): ${text}`);
  if (start > end) throw new RangeError(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (every === 0) throw new RangeError(`step of range should be a positive number: ${text}`);
  const values = new Set<number>();
  for (let value = start; value <= end; value += every) values.add(value);
  return { values, isOpen: isStar && every === 1 };
}

function numberOf(text: string, names?: readonly string[]): number {
  const index = names?.indexOf(text.toLowerCase()) ?? -1;
  if (index >= 0) return names === MONTHS ? index + 1 : index;
  if (/^[+]?\d+$/.test(text)) return Number(text);
  throw new RangeError(
    /^-\d+$/.test(text)
      ? `negative number (${Number(text)}) not allowed: ${text}`
      : `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}

/** A name of the IANA time zone database. */
export function isTimeZone(name: string): boolean {
  try {
    const known = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
    // Zones are files upstream: another case is another name.
    return !/^[+-]/.test(name) && (known === name || known.toLowerCase() !== name.toLowerCase());
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
