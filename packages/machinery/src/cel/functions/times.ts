import { declare, type Overload } from '../declare.ts';
import { CelError, type Duration, type Timestamp } from '../values.ts';

const MS = 1_000_000n;
const SECOND = 1000n * MS;

/** The date in a zone: UTC, `+02:00` or a name like `Europe/Berlin`. */
function dateOf({ ns }: Timestamp, zone: string): Date {
  const ms = Number((ns - (((ns % MS) + MS) % MS)) / MS);
  return new Date(ms + offsetMs(ms, zone));
}

function offsetMs(ms: number, zone: string): number {
  if (zone === 'UTC' || zone === '') return 0;
  const [, sign, hours = '0', minutes = '0'] = /^([+-])?(\d\d?):(\d\d)$/.exec(zone) ?? [];
  if (/^[+-]?\d\d?:\d\d$/.test(zone)) return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  try {
    const parts = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }).formatToParts(ms);
    const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
    const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
    return local - Math.floor(ms / 1000) * 1000;
  } catch (error) {
    throw new CelError(`unknown time zone ${zone}`, { cause: error });
  }
}

const dayOfYear = (date: Date): number => {
  const year = date.getUTCFullYear();
  return Math.floor((Date.UTC(year, date.getUTCMonth(), date.getUTCDate()) - Date.UTC(year, 0, 1)) / 86_400_000);
};

/** A part of a time, in UTC or in a zone. */
const part = (name: string, of: (date: Date) => number): readonly Overload[] => [
  declare(`${name}(this timestamp) -> int`, (time: Timestamp) => BigInt(of(dateOf(time, 'UTC')))),
  declare(`${name}(this timestamp, string) -> int`, (time: Timestamp, zone: string) => BigInt(of(dateOf(time, zone)))),
];
/** The whole of a duration in one unit. */
const whole = (name: string, unit: bigint): Overload =>
  declare(`${name}(this duration) -> int`, ({ ns }: Duration) => ns / unit);

/** Parts of times and durations. */
export const times: readonly Overload[] = [
  ...part('getFullYear', (date) => date.getUTCFullYear()),
  ...part('getMonth', (date) => date.getUTCMonth()),
  ...part('getDayOfYear', dayOfYear),
  ...part('getDayOfMonth', (date) => date.getUTCDate() - 1),
  ...part('getDate', (date) => date.getUTCDate()),
  ...part('getDayOfWeek', (date) => date.getUTCDay()),
  ...part('getHours', (date) => date.getUTCHours()),
  whole('getHours', 3600n * SECOND),
  ...part('getMinutes', (date) => date.getUTCMinutes()),
  whole('getMinutes', 60n * SECOND),
  ...part('getSeconds', (date) => date.getUTCSeconds()),
  whole('getSeconds', SECOND),
  ...part('getMilliseconds', (date) => date.getUTCMilliseconds()),
  whole('getMilliseconds', MS),
];
