import { interned } from '@navarch/base';
import type { ManagedFieldsEntry } from '../meta.ts';
import { difference, type FieldSet, isEmptySet, isEqualSet, union } from './field-set.ts';
import { keptSet } from './kept-set.ts';

/** Who owns which fields, and since when: metadata.managedFields while it is worked on. */
export interface Owner {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339 in whole seconds. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Other managers' updates are kept apart up to this many; older ones are counted together as `ancient-changes`. */
const UPDATERS_MAX = 10;
const ANCIENT = 'ancient-changes';

/** What the server itself sets: nobody owns it. */
export const UNOWNED: FieldSet = {
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    '.': {},
    'f:name': {},
    'f:namespace': {},
    'f:creationTimestamp': {},
    'f:selfLink': {},
    'f:uid': {},
    'f:clusterName': {},
    'f:generation': {},
    'f:managedFields': {},
    'f:resourceVersion': {},
  },
};

export const ownable = (set: FieldSet): FieldSet => difference(set, UNOWNED);

/** The same owner writes again: appliers whatever the version, updaters per version. */
export const isSameOwner = (a: Owner, b: Owner): boolean =>
  a.manager === b.manager &&
  a.operation === b.operation &&
  a.subresource === b.subresource &&
  (a.operation === 'Apply' || a.apiVersion === b.apiVersion);

/**
 * Entries that say nothing readable are dropped, as upstream drops the whole list it cannot decode. Of several entries
 * of one owner, which only clients make, the last counts.
 */
export function ownersOf(entries: readonly ManagedFieldsEntry[] = []): readonly Owner[] {
  const owners = entries
    .filter((entry) => entry.fieldsV1 !== undefined && (entry.operation === 'Apply' || entry.operation === 'Update'))
    .map((entry): Owner => ({
      manager: entry.manager ?? '',
      operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
      apiVersion: entry.apiVersion ?? '',
      subresource: entry.subresource ?? '',
      time: entry.time,
      fields: entry.fieldsV1 as FieldSet,
    }));
  return owners.filter((owner, i) => !owners.slice(i + 1).some((later) => isSameOwner(owner, later)));
}

/** A client that sends one empty entry wants the record to begin anew. */
export const asksForReset = (entries: readonly ManagedFieldsEntry[] | undefined): boolean =>
  entries?.length === 1 && Object.values(entries[0] as object).every((value) => value === undefined || value === '');

/** `held`: entries as they were written here before. Those that still say the same are among what comes out. */
export function entriesOf(
  owners: readonly Owner[],
  held: readonly ManagedFieldsEntry[] = [],
): readonly ManagedFieldsEntry[] {
  return [...capped(owners)].sort(compareOwners).map((owner) => {
    const last = held.find((entry) => entry.fieldsV1 === owner.fields);
    if (last && saysSame(last, owner)) return last;
    return entryOf(owner, (last?.fieldsV1 as FieldSet | undefined) ?? keptSet(owner.fields));
  });
}

/** `fields` in the printed order. */
export function entryOf(
  { manager, operation, apiVersion, subresource, time }: Omit<Owner, 'fields'>,
  fields: FieldSet,
): ManagedFieldsEntry {
  return {
    ...(manager ? { manager: interned(manager) } : {}),
    operation,
    apiVersion,
    ...(time ? { time } : {}),
    fieldsType: 'FieldsV1',
    fieldsV1: fields,
    ...(subresource ? { subresource } : {}),
  };
}

const saysSame = (entry: ManagedFieldsEntry, { manager, operation, apiVersion, subresource, time }: Owner): boolean =>
  entry.time === time &&
  entry.operation === operation &&
  entry.manager === manager &&
  entry.apiVersion === apiVersion &&
  (entry.subresource ?? '') === subresource &&
  entry.fieldsType === 'FieldsV1';

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Times are RFC 3339 in UTC with a fixed width, so texts sort as times do. */
const compareOwners = (a: Owner, b: Owner): number =>
  order(a.operation, b.operation) ||
  order(a.time ?? '', b.time ?? '') ||
  order(a.manager, b.manager) ||
  order(a.apiVersion, b.apiVersion) ||
  order(a.subresource, b.subresource);

function capped(owners: readonly Owner[]): readonly Owner[] {
  if (owners.length <= UPDATERS_MAX) return owners;
  const updaters = owners.filter((owner) => owner.operation === 'Update').sort(compareOwners);
  if (updaters.length <= UPDATERS_MAX) return owners;
  let rest: readonly Owner[] = updaters;
  while (rest.length > UPDATERS_MAX) {
    const [oldest, ...others] = rest as readonly [Owner, ...Owner[]];
    const bucket = others.find(
      (owner) => owner.manager === ANCIENT && owner.apiVersion === oldest.apiVersion && owner.subresource === '',
    );
    const ancient: Owner = {
      ...(bucket ?? oldest),
      manager: ANCIENT,
      subresource: '',
      fields: bucket ? union(bucket.fields, oldest.fields) : oldest.fields,
    };
    // Behind the others, so that the next round looks at the next oldest.
    rest = [...others.filter((owner) => owner !== bucket), ancient];
    if (rest.every((owner) => owner.manager === ANCIENT)) break;
  }
  return [...owners.filter((owner) => owner.operation === 'Apply'), ...rest];
}

/** Replaces (or adds, or with an empty set removes) one owner. */
export function withOwner(owners: readonly Owner[], owner: Owner): readonly Owner[] {
  const others = owners.filter((other) => !isSameOwner(other, owner));
  return isEmptySet(owner.fields) ? others : [...others, owner];
}

/** Whether two records say the same, times apart: those alone are no reason to write. */
export function isEqualManagement(
  a: readonly ManagedFieldsEntry[] = [],
  b: readonly ManagedFieldsEntry[] = [],
): boolean {
  const [left, right] = [ownersOf(a), ownersOf(b)];
  return (
    left.length === right.length &&
    left.every((owner) => {
      const same = right.find((other) => isSameOwner(owner, other));
      return same !== undefined && same.apiVersion === owner.apiVersion && isEqualSet(owner.fields, same.fields);
    })
  );
}
