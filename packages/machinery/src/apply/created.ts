import { ascending, interned } from '@navarch/base';
import { equalJson } from '../equality.ts';
import type { ListSchema, MapSchema, ObjectSchema, Schema } from '../schema.ts';
import type { ManagedFieldsEntry } from '../meta.ts';
import type { Write } from './apply.ts';
import { compareElements, type FieldSet, isEmptySet, union } from './field-set.ts';
import { type Given, givenFields, keyMember, type Member } from './given.ts';
import { sharedFields, UNOWNED } from './managed-fields.ts';
import {
  childSchema,
  DEDUCED,
  isAssociative,
  isGranularObject,
  isLeafPair,
  isObject,
  itemElement,
  type JsonObject,
  PLAIN,
} from './shape.ts';

// What is owned is written down here as the text that FieldsV1 has on the wire, without sets in between: every creation
// does it. A node's text is '' where there is nothing, `{}` for a place that is owned itself and has nothing below.

const OWNED = '{}';

/**
 * The record of a new object: its creator owns what is set. Says the same as entriesOf(ownersAfterUpdate()) with the
 * kind's empty object as the live one. Throws ShapeError for list items without their keys.
 */
export function creatorsEntries(
  { schema, live: empty, writer, ignored }: Omit<Write, 'owners'>,
  next: JsonObject,
): readonly ManagedFieldsEntry[] {
  const text = `{${fieldsBeside(empty, next, schema, nobodysWith(ignored))}}`;
  if (text === OWNED) return [];
  const { manager, apiVersion, time, subresource } = writer;
  return [
    {
      ...(manager ? { manager: interned(manager) } : {}),
      operation: 'Update',
      apiVersion,
      ...(time ? { time } : {}),
      fieldsType: 'FieldsV1',
      fieldsV1: sharedFields(text),
      ...(subresource ? { subresource } : {}),
    },
  ];
}

const nobodys = new WeakMap<FieldSet, FieldSet>();

function nobodysWith(ignored: FieldSet): FieldSet {
  let set = nobodys.get(ignored);
  if (!set) nobodys.set(ignored, (set = union(UNOWNED, ignored)));
  return set;
}

/** What is in `next` and not the same in `previous`, for the members of an object. */
function fieldsBeside(
  previous: JsonObject,
  next: JsonObject,
  schema: ObjectSchema | MapSchema,
  unowned: FieldSet | undefined,
): string {
  let text = '';
  for (const { name, element, quoted, schema: child } of membersOf(next, schema)) {
    const item = next[name];
    const branch = unowned?.[element];
    if (item === undefined || (branch && isEmptySet(branch))) continue;
    const node = nodeBeside(previous[name], item, child, branch);
    if (node !== '') text = joined(text, quoted + node);
  }
  return text;
}

function nodeBeside(previous: unknown, next: unknown, schema: Schema, unowned: FieldSet | undefined): string {
  if (previous === next) return '';
  if (previous === undefined && !unowned) return node(next, schema);
  if (isLeafPair(previous, next, schema)) return unowned || equalJson(previous, next) ? '' : OWNED;
  const inside = isGranularObject(schema)
    ? fieldsBeside(isObject(previous) ? previous : {}, isObject(next) ? next : {}, schema, unowned)
    : // An empty object has no list with items in it.
      items(Array.isArray(next) ? next : [], schema as ListSchema);
  return inside === '' ? '' : `{${inside}}`;
}

/** The node of a value that was not there: all that is in it is new, and so is the place itself. */
function node(value: unknown, schema: Schema): string {
  if (isGranularObject(schema) && isObject(value)) return withPlace(fieldsOf(value, schema));
  return isAssociative(schema) && Array.isArray(value) ? withPlace(items(value, schema)) : OWNED;
}

/** What is said of objects whose given fields have nothing below them: they are many, and few are different. */
const flatTexts = new WeakMap<Given, string>();

function fieldsOf(value: JsonObject, schema: ObjectSchema | MapSchema): string {
  if (schema.type !== 'object' || schema.preservesUnknown) return textOf(value, membersOf(value, schema));
  const given = givenFields(value, schema);
  if (!given.isFlat) return textOf(value, given.members);
  let text = flatTexts.get(given);
  if (text === undefined) flatTexts.set(given, (text = textOf(value, given.members)));
  return text;
}

function textOf(value: JsonObject, members: readonly Member[]): string {
  let text = '';
  for (const { name, quoted, schema } of members) {
    const item = value[name];
    if (item !== undefined) text = joined(text, quoted + node(item, schema));
  }
  return text;
}

function items(list: readonly unknown[], schema: ListSchema): string {
  return namedItems(list, schema) ?? anyItems(list, schema);
}

/** Most lists are of items with one name each, in texts that need no quoting; undefined where this one is another. */
function namedItems(list: readonly unknown[], schema: ListSchema): string | undefined {
  const [key, ...others] = schema.listMapKeys ?? [];
  if (schema.listType !== 'map' || key === undefined || others.length > 0 || !PLAIN.test(key)) return undefined;
  const nameOf = (item: unknown): unknown => (item as JsonObject)[key];
  let isSorted = true;
  let last: string | undefined;
  for (const item of list) {
    const name = isObject(item) ? item[key] : undefined;
    if (typeof name !== 'string' || !PLAIN.test(name)) return undefined;
    if (last !== undefined && name < last) isSorted = false;
    last = name;
  }
  const sorted = isSorted ? list : list.toSorted((a, b) => ((nameOf(a) as string) < (nameOf(b) as string) ? -1 : 1));
  let text = '';
  last = undefined;
  for (const item of sorted) {
    const name = nameOf(item) as string;
    // The same name again is for those who look at all of them.
    if (name === last) return undefined;
    text = joined(text, `"k:{\\"${key}\\":\\"${name}\\"}":${node(item, schema.items)}`);
    last = name;
  }
  return text;
}

function anyItems(list: readonly unknown[], schema: ListSchema): string {
  const nodes = new Map<string, string>();
  for (let i = 0; i < list.length; i++) {
    const element = itemElement(schema, list[i], i);
    // Items that share their keys cannot be told apart: all of them are one thing.
    nodes.set(element, nodes.has(element) ? OWNED : node(list[i], schema.items));
  }
  const elements = [...nodes.keys()];
  if (elements.length > 1) elements.sort(compareElements);
  let text = '';
  for (const element of elements) text = joined(text, `${JSON.stringify(element)}:${nodes.get(element) as string}`);
  return text;
}

/** In the order of the record: the fields that a type declares and the value gives; the keys of everything else. */
function membersOf(value: JsonObject, schema: ObjectSchema | MapSchema): readonly Member[] {
  if (schema.type === 'object' && !schema.preservesUnknown) return givenFields(value, schema).members;
  return ascending(Object.keys(value)).map((name) => keyMember(name, childSchema(schema, name) ?? DEDUCED));
}

const withPlace = (inside: string): string => (inside === '' ? OWNED : `{".":{},${inside}}`);
const joined = (text: string, more: string): string => (text === '' ? more : `${text},${more}`);
