export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** Ahead of UTC, in milliseconds. */
  readonly offsetMs: number;
}

/** What clocks show in a zone of the IANA database, by ms since the epoch. Throws RangeError for a zone that nobody knows. */
export function localTime(timeZone: string): (ms: number) => LocalTime {
  const offsetMs = offsetIn(timeZone);
  return (ms) => {
    const offset = offsetMs(ms);
    const shown = new Date(ms + offset);
    return {
      year: shown.getUTCFullYear(),
      month: shown.getUTCMonth() + 1,
      day: shown.getUTCDate(),
      hour: shown.getUTCHours(),
      minute: shown.getUTCMinutes(),
      weekday: shown.getUTCDay(),
      offsetMs: offset,
    };
  };
}

/** RFC 3339 in whole seconds as clocks of the zone show it. */
export function timestampIn(timeZone: string, ms: number): string {
  const offset = offsetIn(timeZone)(ms);
  const text = new Date(ms + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${text}Z`;
  const minutes = Math.abs(offset) / 60_000;
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
  return `${text}${offset < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}

function offsetIn(timeZone: string): (ms: number) => number {
  if (timeZone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  return (ms) => {
    const part = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const of = (type: Intl.DateTimeFormatPartTypes): number => part.get(type) ?? 0;
    const shown = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
    return shown - Math.floor(ms / 1000) * 1000;
  };
}
