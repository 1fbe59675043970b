import type { ApiObject, Column } from '@navarch/machinery';

/** Ages as kubectl shows them: two units at most, the smaller one only while it matters. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return pair(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? pair(years, 'y', days % 365, 'd') : `${years}y`;
}

const pair = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;

/** Time since an RFC 3339 time; `<unknown>` where there is none. */
export const age = (time: string | undefined, now: number): string => (time ? humanDuration(now - Date.parse(time)) : '<unknown>');

export const nameColumn: Column<ApiObject> = { name: 'Name', type: 'string', format: 'name', priority: 0, value: (obj) => obj.metadata.name };
export const ageColumn: Column<ApiObject> = { name: 'Age', type: 'string', priority: 0, value: (obj, { now }) => age(obj.metadata.creationTimestamp, now) };
export const createdColumn: Column<ApiObject> = {
  name: 'Created At', type: 'date', priority: 0, value: (obj) => obj.metadata.creationTimestamp,
};

type Value<Obj> = (obj: Obj, now: number) => string | number | boolean | null;
const column = (type: Column<never>['type'], priority: number) => <Obj>(name: string, value: Value<Obj>): Column<Obj> =>
  ({ name, type, priority, value: (obj, { now }) => value(obj, now) });

/** Always shown, and shown with `-o wide` only. */
export const text = column('string', 0);
export const integer = column('integer', 0);
export const wide = column('string', 1);
