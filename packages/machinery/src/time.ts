/** Times on the wire: RFC 3339 in UTC, whole seconds (metav1.Time) or microseconds (metav1.MicroTime). In memory: ms since the epoch. */

export const formatTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** Six digits always; below a millisecond as far as `ms` has fractions. */
export function formatMicroTime(ms: number): string {
  const micros = Math.floor(ms * 1000);
  const whole = Math.floor(micros / 1e6);
  return `${new Date(whole * 1000).toISOString().slice(0, 19)}.${String(micros - whole * 1e6).padStart(6, '0')}Z`;
}

/** RFC 3339: year, month, day, hour, minute, second, fraction, then sign, hours and minutes of the zone. */
export const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Milliseconds since the epoch, with the fraction to the microsecond; undefined when the text is no RFC 3339 time. */
export function parseTime(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const seconds = Date.UTC(year, month - 1, day, hour, minute, second);
  // Date.UTC carries the 31st of February over into March; Go refuses it.
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return undefined;
  if (day < 1 || new Date(seconds).getUTCDate() !== day) return undefined;
  const fraction = Number((match[7] ?? '').slice(0, 6).padEnd(6, '0')) / 1000;
  const offset = match[8] ? (match[8] === '-' ? -1 : 1) * (Number(match[9]) * 60 + Number(match[10])) * 60_000 : 0;
  return seconds - offset + fraction;
}
