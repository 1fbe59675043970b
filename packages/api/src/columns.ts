import {
  type ApiObject,
  type Column,
  compileLabelSelector,
  formatSelector,
  humanDuration,
  type Integer,
  type LabelSelector,
} from '@navarch/machinery';
import { columnFacts } from './generated/tables/columns.ts';
import type { ColumnFacts } from './column-facts.ts';

export { humanDuration };

type Key = keyof typeof columnFacts;
type NameIn<K extends Key> = (typeof columnFacts)[K][number][0];
type Cell<Obj> = (obj: Obj, now: number) => string | Integer | boolean | null;
/** Cells of nearly every kind; one that differs is given like any other. */
type CommonName = 'Name' | 'Age' | 'Created At';
type Cells<K extends Key, Obj> = { readonly [N in Exclude<NameIn<K>, CommonName>]: Cell<Obj> } & {
  readonly [N in Extract<NameIn<K>, CommonName>]?: Cell<Obj>;
};

/** Time since an RFC 3339 time; `<unknown>` where there is none. */
export const age = (time: string | null | undefined, now: number): string =>
  time ? humanDuration(now - Date.parse(time)) : '<unknown>';

const common: Readonly<Record<CommonName, Cell<ApiObject>>> = {
  Name: (obj) => obj.metadata.name,
  Age: (obj, now) => age(obj.metadata.creationTimestamp, now),
  'Created At': (obj) => obj.metadata.creationTimestamp,
};

/** The columns of a kind (`apps/Deployment`): what they are called is a fact, what stands in them is given here. */
export function columnsOf<K extends Key, Obj extends ApiObject>(key: K, cells: Cells<K, Obj>): readonly Column<Obj>[] {
  const given = cells as Readonly<Record<string, Cell<Obj> | undefined>>;
  return (columnFacts[key] as readonly ColumnFacts[]).map(([name, type, format, priority, source]) => {
    const cell = given[name] ?? (common[name as CommonName] as Cell<Obj>);
    return { name, type, format, priority, description: source, value: (obj, { now }) => cell(obj, now) };
  });
}

/** `a,b,c + 2 more...` */
export function firstOf(all: readonly string[], max: number): string {
  return all.length > max ? `${all.slice(0, max).join(',')} + ${all.length - max} more...` : all.join(',');
}

export const selectorText = (selector: LabelSelector | undefined): string =>
  formatSelector(compileLabelSelector(selector)) || '<none>';

/** `a=b,c=d` in the order of keys. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const keys = Object.keys(labels ?? {}).sort();
  return keys.length === 0 ? '<none>' : keys.map((key) => `${key}=${labels?.[key]}`).join(',');
}

/** What a pod template runs, by name and by image. */
export const containerNames = (
  template: { readonly spec: { readonly containers: readonly { readonly name: string }[] } } | undefined,
): string => (template?.spec.containers ?? []).map((container) => container.name).join(',');
export const containerImages = (
  template: { readonly spec: { readonly containers: readonly { readonly image?: string }[] } } | undefined,
): string => (template?.spec.containers ?? []).map((container) => container.image ?? '').join(',');
