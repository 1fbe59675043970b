import { quotedAsGo } from './go-values.ts';

/** Go's time.Duration as texts; in memory milliseconds, which may be fractions. */

/** Nanoseconds of each. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  '\u00b5s': 1e3,
  '\u03bcs': 1e3,
  ms: 1e6,
  s: 1e9,
  m: 6e10,
  h: 3.6e12,
};
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/gy;
/** A Duration counts nanoseconds in 64 bits. */
const NANOS_MAX = 2n ** 63n - 1n;
/** Digits of a fraction that Go's reader heeds. */
const FRACTION_DIGITS = 18;

/** Milliseconds of `1h30m`, `-1.5s`, `0`; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const nanos = parseNanoseconds(text);
  return nanos === undefined ? undefined : Number(nanos / 1_000_000n) + Number(nanos % 1_000_000n) / 1e6;
}

/** The same in nanoseconds. */
export function parseNanoseconds(text: string): bigint | undefined {
  const body = /^[+-]/.test(text) ? text.slice(1) : text;
  if (body === '0') return 0n;
  let nanos = 0n;
  let end = 0;
  for (const part of body.matchAll(PART)) {
    nanos += nanosOf(part[1] ?? '', UNITS[part[2] ?? ''] ?? 0);
    end = part.index + part[0].length;
  }
  if (end === 0 || end !== body.length || nanos > NANOS_MAX) return undefined;
  return text.startsWith('-') ? -nanos : nanos;
}

/** Why a text is no duration, as Go says it. */
export function durationError(text: string): string | undefined {
  if (parseNanoseconds(text) !== undefined) return undefined;
  const shown = quotedAsGo(text);
  let rest = text.replace(/^[+-]/, '');
  do {
    const [, number = '', unit = ''] = /^([\d.]*)([^\d.]*)/.exec(rest) ?? [];
    if (!/^(?:\d+\.?\d*|\.\d+)$/.test(number)) break;
    if (unit === '') return `time: missing unit in duration ${shown}`;
    if (!Object.hasOwn(UNITS, unit)) return `time: unknown unit ${quotedAsGo(unit)} in duration ${shown}`;
    rest = rest.slice(number.length + unit.length);
  } while (rest !== '');
  return `time: invalid duration ${shown}`;
}

/** What is less than a nanosecond is dropped. */
function nanosOf(digits: string, unit: number): bigint {
  const [whole = '', fraction = ''] = digits.split('.');
  const heeded = fraction.slice(0, FRACTION_DIGITS);
  return BigInt(whole || '0') * BigInt(unit) + BigInt(Math.trunc(Number(heeded || '0') * (unit / 10 ** heeded.length)));
}

/** As Go prints it: `1h0m0s`, `1m30.5s`, `250ms`, `0s`. Rounded to nanoseconds. */
export function formatDuration(ms: number): string {
  const sign = ms < 0 ? '-' : '';
  const size = Math.abs(ms);
  const whole = Math.trunc(size);
  const nanos = BigInt(whole) * 1_000_000n + BigInt(Math.round((size - whole) * 1e6));
  if (nanos === 0n) return '0s';
  if (nanos < 1_000n) return `${sign}${nanos}ns`;
  if (nanos < 1_000_000n) return `${sign}${decimal(nanos, 3)}\u00b5s`;
  if (nanos < 1_000_000_000n) return `${sign}${decimal(nanos, 6)}ms`;
  const minutes = nanos / 60_000_000_000n;
  const seconds = `${decimal(nanos % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return sign + seconds;
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`;
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** value / 10^digits without trailing zeros. */
function decimal(value: bigint, digits: number): string {
  const unit = 10n ** BigInt(digits);
  const fraction = String(value % unit)
    .padStart(digits, '0')
    .replace(/0+$/, '');
  return fraction === '' ? String(value / unit) : `${value / unit}.${fraction}`;
}

const MINUTE = 60;
const HOUR = 60;
const DAY = 24;
const YEAR = 365 * DAY;

/** An age as kubectl prints it: two units while they matter (`3d4h`), one later. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 2 * MINUTE) return `${seconds}s`;
  const minutes = Math.trunc(seconds / MINUTE);
  if (minutes < 10) return two(minutes, 'm', seconds % MINUTE, 's');
  if (minutes < 3 * HOUR) return `${minutes}m`;
  const hours = Math.trunc(minutes / HOUR);
  if (hours < 8) return two(hours, 'h', minutes % HOUR, 'm');
  if (hours < 2 * DAY) return `${hours}h`;
  const days = Math.trunc(hours / DAY);
  if (hours < 8 * DAY) return two(days, 'd', hours % DAY, 'h');
  if (hours < 2 * YEAR) return `${days}d`;
  const years = Math.trunc(hours / YEAR);
  return hours < 8 * YEAR ? two(years, 'y', days % 365, 'd') : `${years}y`;
}

const two = (big: number, unit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${big}${unit}` : `${big}${unit}${small}${smallUnit}`;

/** One unit only, as events show how long ago they were seen first. */
export function shortHumanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < MINUTE) return `${seconds}s`;
  const minutes = Math.trunc(seconds / MINUTE);
  if (minutes < HOUR) return `${minutes}m`;
  const hours = Math.trunc(minutes / HOUR);
  if (hours < DAY) return `${hours}h`;
  return hours < YEAR ? `${Math.trunc(hours / DAY)}d` : `${Math.trunc(hours / YEAR)}y`;
}
