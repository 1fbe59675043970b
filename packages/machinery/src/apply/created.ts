import { equalJson } from '../equality.ts';
import type { ListSchema, MapSchema, ObjectSchema, Schema } from '../schema.ts';
import type { ManagedFieldsEntry } from '../meta.ts';
import { ownersAfterUpdate, type Write } from './apply.ts';
import { type FieldSet, isEmptySet, union } from './field-set.ts';
import { givenFields } from './given.ts';
import { entriesOf, entryOf, UNOWNED } from './managed-fields.ts';
import { type Seen, seenBeside } from './seen.ts';
import {
  childSchema,
  DEDUCED,
  isAssociative,
  isGranularObject,
  isLeafPair,
  isObject,
  itemElement,
  type JsonObject,
  sortedKeys,
} from './shape.ts';

// Every creation records its fields, and objects of one template own the same ones. So an object is only gone through
// for what makes a difference to its record, one step after the other; the record itself is made for the first.

/**
 * The record of a new object: its creator owns what is set. Says the same as entriesOf(ownersAfterUpdate()) with the
 * kind's empty object as the live one. Throws ShapeError for list items without their keys.
 */
export function creatorsEntries(write: Omit<Write, 'owners'>, next: JsonObject): readonly ManagedFieldsEntry[] {
  const { schema, live: empty, writer, ignored } = write;
  const unowned = nobodysWith(ignored);
  const seen = fieldsBeside(empty, next, schema, unowned, seenBeside(empty, unowned));
  if (seen.fields) return isEmptySet(seen.fields) ? [] : [entryOf({ ...writer, operation: 'Update' }, seen.fields)];
  const entries = entriesOf(ownersAfterUpdate({ ...write, owners: [] }, next));
  seen.fields = (entries[0]?.fieldsV1 as FieldSet | undefined) ?? {};
  return entries;
}

const nobodys = new WeakMap<FieldSet, FieldSet>();

function nobodysWith(ignored: FieldSet): FieldSet {
  let set = nobodys.get(ignored);
  if (!set) nobodys.set(ignored, (set = union(UNOWNED, ignored)));
  return set;
}

/** Steps that are not names, numbers or what an object gives. */
const SAME = Symbol('same');
const OTHER = Symbol('other');
const NEW = Symbol('new');
const WHOLE = Symbol('whole');
const ODD = Symbol('odd');
const END = Symbol('end');

/** What is in `next` and not the same in `previous`, for the members of an object. */
function fieldsBeside(
  previous: JsonObject,
  next: JsonObject,
  schema: ObjectSchema | MapSchema,
  unowned: FieldSet | undefined,
  from: Seen,
): Seen {
  let seen = from;
  if (isDeclared(schema)) {
    const given = givenFields(next, schema);
    seen = seen.after(given);
    for (const { name, element, schema: child } of given.members) {
      const branch = unowned?.[element];
      if (branch && isEmptySet(branch)) continue;
      seen = valueBeside(previous[name], next[name], child, branch, seen);
    }
    return seen;
  }
  for (const name in next) {
    if (next[name] === undefined) continue;
    const branch = unowned?.[`f:${name}`];
    if (branch && isEmptySet(branch)) continue;
    seen = valueBeside(previous[name], next[name], childSchema(schema, name) ?? DEDUCED, branch, seen.after(name));
  }
  return seen.after(END);
}

function valueBeside(
  previous: unknown,
  next: unknown,
  schema: Schema,
  unowned: FieldSet | undefined,
  seen: Seen,
): Seen {
  if (previous === next) return seen.after(SAME);
  if (previous === undefined && !unowned) return newValue(next, schema, seen.after(NEW));
  if (isLeafPair(previous, next, schema)) return seen.after(unowned || equalJson(previous, next) ? SAME : WHOLE);
  const inside = seen.after(OTHER);
  if (isGranularObject(schema))
    return fieldsBeside(isObject(previous) ? previous : {}, isObject(next) ? next : {}, schema, unowned, inside);
  // An empty object has no list with items in it.
  return items(Array.isArray(next) ? next : [], schema as ListSchema, inside);
}

/** A value that was not there: all that is in it is new. */
function newValue(value: unknown, schema: Schema, seen: Seen): Seen {
  if (isGranularObject(schema)) return isObject(value) ? newFields(value, schema, seen) : seen.after(WHOLE);
  if (!isAssociative(schema)) return seen;
  return Array.isArray(value) ? items(value, schema, seen) : seen.after(WHOLE);
}

function newFields(value: JsonObject, schema: ObjectSchema | MapSchema, from: Seen): Seen {
  let seen = from;
  if (isDeclared(schema)) {
    const given = givenFields(value, schema);
    seen = seen.after(given);
    if (given.isFlat) return seen;
    for (const { name, schema: child } of given.members) seen = newValue(value[name], child, seen);
    return seen;
  }
  for (const name in value)
    if (value[name] !== undefined) seen = newValue(value[name], childSchema(schema, name) ?? DEDUCED, seen.after(name));
  return seen.after(END);
}

/** In the order they are in: the record has them in another, and is the same for each order. */
function items(list: readonly unknown[], schema: ListSchema, from: Seen): Seen {
  let seen = from.after(list.length);
  for (let i = 0; i < list.length; i++) seen = newValue(list[i], schema.items, item(list[i], schema, i, seen));
  return seen;
}

/** Which item it is. Texts and numbers that are keys differ where the elements of the record do. */
function item(value: unknown, schema: ListSchema, index: number, from: Seen): Seen {
  let seen = from;
  if (schema.listType === 'set' && typeof value === 'string') return seen.after(value);
  if (schema.listType === 'map' && isObject(value)) {
    let [isTold, isPlain] = [false, true];
    for (const { name } of sortedKeys(schema)) {
      const key = value[name];
      if (typeof key === 'object') isPlain = false;
      isTold ||= key !== undefined;
      seen = seen.after(key);
    }
    if (isTold && isPlain) return seen;
  }
  return seen.after(ODD).after(itemElement(schema, value, index));
}

const isDeclared = (schema: ObjectSchema | MapSchema): schema is ObjectSchema =>
  schema.type === 'object' && !schema.preservesUnknown;
