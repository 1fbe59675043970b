// Schedules of cron jobs: five fields or a macro, as the cron library that upstream uses reads them.

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];
const MACROS = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);

/** What is wrong with a schedule, in the library's words; undefined when it can be read. Time zones are checked by themselves. */
export function scheduleError(schedule: string): string | undefined {
  let text = schedule;
  if (text === '') return 'empty spec string';
  const zone = /^(?:CRON_TZ|TZ)=(\S*)\s+/.exec(text);
  if (zone) {
    if (!isTimeZone(zone[1] ?? '')) return `provided bad location ${zone[1]}: unknown time zone ${zone[1]}`;
    text = text.slice(zone[0].length);
  }
  if (text.startsWith('@')) return macroError(text);
  const fields = text.trim().split(/\s+/);
  if (fields.length !== FIELDS.length)
    return `expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(' ')}]`;
  for (const [i, field] of fields.entries()) {
    const error = fieldError(field, FIELDS[i] as Bounds);
    if (error) return error;
  }
  return undefined;
}

function macroError(text: string): string | undefined {
  if (MACROS.has(text)) return undefined;
  if (!text.startsWith('@every ')) return `unrecognized descriptor: ${text}`;
  const duration = text.slice('@every '.length);
  return /^[+-]?(\d+\.?\d*(ns|us|µs|ms|s|m|h))+$/.test(duration)
    ? undefined
    : `failed to parse duration ${text}: time: invalid duration ${JSON.stringify(duration)}`;
}

function fieldError(field: string, bounds: Bounds): string | undefined {
  for (const part of field.split(',').filter((word) => word !== '')) {
    const error = rangeError(part, bounds);
    if (error) return error;
  }
  return undefined;
}

function rangeError(text: string, { min, max, names }: Bounds): string | undefined {
  const [range = '', step, ...moreSteps] = text.split('/');
  const [low = '', high, ...moreEnds] = range.split('-');
  let [start, end] = [min, max];
  if (low !== '*' && low !== '?') {
    const first = numberOf(low, names);
    if (typeof first === 'string') return first;
    start = first;
    end = step === undefined ? first : max;
    if (high !== undefined) {
      const last = numberOf(high, names);
      if (typeof last === 'string') return last;
      end = last;
    }
    if (moreEnds.length > 0) return `too many hyphens: ${text}`;
  }
  if (moreSteps.length > 0) return `too many slashes: ${text}`;
  const every = step === undefined ? 1 : numberOf(step);
  if (typeof every === 'string') return every;
  if (start < min) return `beginning of range (${start}) below minimum (${min}): ${text}`;
  if (end > max) return `end of range (${end}) above maximum (${max}): ${text}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${text}`;
  if (every === 0) return `step of range should be a positive number: ${text}`;
  return undefined;
}

function numberOf(text: string, names?: readonly string[]): number | string {
  const index = names?.indexOf(text.toLowerCase()) ?? -1;
  if (index >= 0) return names === MONTHS ? index + 1 : index;
  if (/^[+]?\d+$/.test(text)) return Number(text);
  if (/^-\d+$/.test(text)) return `negative number (${Number(text)}) not allowed: ${text}`;
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
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
