import { writeJson } from '../json-text.ts';
import type { Field } from '../field.ts';
import { formats } from './formats.ts';
import type { Rule } from './rule.ts';

/** A value beside what it was before. */
export interface Change {
  readonly next: unknown;
  readonly previous: unknown;
  /** The object is changed, not made, and the place was there before. */
  readonly isUpdate: boolean;
}

/** How a field may be empty. */
export interface Shape {
  /** Set and zero are two things. */
  readonly isPointer: boolean;
  readonly isObject: boolean;
  readonly isList: boolean;
  readonly listMapKeys: readonly string[];
  readonly hasDefault: boolean;
}

export function isSet(value: unknown, { isPointer, isObject }: Pick<Shape, 'isPointer' | 'isObject'>): boolean {
  if (value === undefined || value === null) return isObject && !isPointer;
  if (isPointer || (typeof value === 'boolean' && value)) return true;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object') return isObject || Object.keys(value).length > 0;
  return value !== '' && value !== 0 && value !== false;
}

const IMMUTABLE = 'field is immutable';

/** Rules after which nothing more is asked of the field. Each says whether that is so. */
export const gates: Readonly<Record<string, (rule: Rule, change: Change, shape: Shape, at: Field) => boolean>> = {
  optional(_rule, { next }, shape, at) {
    if (isSet(next, shape)) return false;
    // What has a default is only missing when somebody took it away.
    if (shape.hasDefault) at.required();
    return true;
  },
  required(_rule, { next }, shape, at) {
    if (isSet(next, shape)) return false;
    at.required();
    return true;
  },
  forbidden(_rule, { next }, shape, at) {
    if (isSet(next, shape)) at.forbidden();
    return true;
  },
  immutable(_rule, { isUpdate }, _shape, at) {
    if (isUpdate) at.invalid(undefined, IMMUTABLE);
    return isUpdate;
  },
  maxItems({ value }, { next }, _shape, at) {
    const length = Array.isArray(next) ? next.length : 0;
    if (length > Number(value)) at.tooMany(length, Number(value));
    return length > Number(value);
  },
  update({ value }, change, shape, at) {
    return change.isUpdate && updateGates[value]?.(change, shape, at) === true;
  },
};

/** What may become of a field that was there, or was not. */
const updateGates: Readonly<Record<string, (change: Change, shape: Shape, at: Field) => boolean>> = {
  NoSet: (change, shape, at) =>
    refused(!isSet(change.previous, shape) && isSet(change.next, shape), 'field cannot be set once created', at),
  NoUnset: (change, shape, at) =>
    refused(isSet(change.previous, shape) && !isSet(change.next, shape), 'field cannot be cleared once set', at),
  NoModify: (change, shape, at) =>
    refused(isSet(change.previous, shape) && isSet(change.next, shape), 'field cannot be modified once set', at),
  NoAddItem({ next, previous }, { listMapKeys }, at) {
    const before = new Set(itemsOf(previous).map((item) => keyOf(item, listMapKeys)));
    const added = itemsOf(next).flatMap((item, i) => (before.has(keyOf(item, listMapKeys)) ? [] : [i]));
    for (const i of added) at.index(i).forbidden('item may not be added');
    return added.length > 0;
  },
  NoRemoveItem({ next, previous }, { listMapKeys }, at) {
    const now = new Set(itemsOf(next).map((item) => keyOf(item, listMapKeys)));
    const gone = itemsOf(previous).filter((item) => !now.has(keyOf(item, listMapKeys)));
    for (const _ of gone) at.forbidden('item may not be removed');
    return gone.length > 0;
  },
};

function refused(isRefused: boolean, detail: string, at: Field): boolean {
  if (isRefused) at.invalid(undefined, detail);
  return isRefused;
}

export const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** By what items of a list are told apart: their keys, or all of them. */
export function keyOf(item: unknown, keys: readonly string[]): string {
  if (keys.length === 0) return writeJson(item);
  return writeJson(keys.map((key) => (item as Readonly<Record<string, unknown>>)[key] ?? ''));
}

/** Everything else that is asked of a value that is there. */
export const checks: Readonly<Record<string, (rule: Rule, change: Change, at: Field) => void>> = {
  format({ value }, { next }, at) {
    formats[value]?.(String(next ?? ''), at);
  },
  enum({ value }, { next }, at) {
    const all = value.split('|');
    if (!all.includes(String(next ?? ''))) at.notSupported(next ?? '', all);
  },
  minimum({ value }, { next }, at) {
    if (Number(next ?? 0) < Number(value)) at.invalid(next ?? 0, `must be greater than or equal to ${value}`);
  },
  maximum({ value }, { next }, at) {
    if (Number(next ?? 0) > Number(value)) at.invalid(next ?? 0, `must be less than or equal to ${value}`);
  },
  maxLength({ value }, { next }, at) {
    if (Array.from(String(next ?? '')).length > Number(value)) at.tooManyCharacters(Number(value));
  },
  maxBytes({ value }, { next }, at) {
    if (new TextEncoder().encode(String(next ?? '')).length > Number(value)) at.tooLong(Number(value));
  },
  monotonic(_rule, { next, previous, isUpdate }, at) {
    if (isUpdate && typeof next === 'number' && typeof previous === 'number' && next < previous) {
      at.invalid(next, `may not be decreased from ${previous}`);
    }
  },
};
