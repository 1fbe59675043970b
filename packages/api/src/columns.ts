import { type ApiObject, type Column, humanDuration } from '@navarch/machinery';

export { humanDuration };

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
