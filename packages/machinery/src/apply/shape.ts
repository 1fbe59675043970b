import { writeJson } from '../json-text.ts';
import type { ListSchema, MapSchema, ObjectSchema, Schema } from '../schema.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value of which the schema says nothing: objects have an owner per field, everything else is a whole. */
export const DEDUCED: MapSchema = {
  type: 'map',
  get values(): Schema {
    return DEDUCED;
  },
};

/** An object whose fields have owners of their own. */
export const isGranularObject = (schema: Schema): schema is ObjectSchema | MapSchema =>
  (schema.type === 'object' && schema.structType !== 'atomic') ||
  (schema.type === 'map' && schema.mapType !== 'atomic');

/** A list whose items have owners of their own. */
export const isAssociative = (schema: Schema): schema is ListSchema =>
  schema.type === 'list' && (schema.listType === 'set' || schema.listType === 'map');

/** undefined: the schema has no such field. */
export function childSchema(schema: ObjectSchema | MapSchema, name: string): Schema | undefined {
  if (schema.type === 'map') return schema.values;
  return schema.field(name)?.schema ?? (schema.preservesUnknown ? DEDUCED : undefined);
}

/** Fields that a type declares are part of it; keys of a map are owned as such. */
export const isDeclared = (schema: ObjectSchema | MapSchema, name: string): boolean =>
  schema.type === 'object' && schema.field(name) !== undefined;

/** The object does not fit the schema, so that no owners can be found. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

interface ListKey {
  readonly name: string;
  /** What an item has that does not say it. */
  readonly fallback: unknown;
}

const keysOfLists = new WeakMap<ListSchema, readonly ListKey[]>();

export function sortedKeys(schema: ListSchema): readonly ListKey[] {
  let keys = keysOfLists.get(schema);
  if (!keys)
    keysOfLists.set(
      schema,
      (keys = [...(schema.listMapKeys ?? [])]
        .sort()
        .map((name) => ({ name, fallback: fallbackOf(schema.items, name) }))),
    );
  return keys;
}

/** What is always printed is published with its zero as default. */
function fallbackOf(items: Schema, name: string): unknown {
  const field = items.type === 'object' ? items.field(name) : undefined;
  if (field === undefined || field.default !== undefined || field.isPointer || field.omit !== 'never')
    return field?.default;
  switch (field.schema.type) {
    case 'string':
      return '';
    case 'boolean':
      return false;
    case 'int32':
    case 'int64':
      return 0;
    default:
      return undefined;
  }
}

/** Only scalars can be told apart by what they are. Throws ShapeError. */
function setItem(item: unknown, index: number): unknown {
  if (Array.isArray(item))
    throw new ShapeError(`element ${index}: not supported: associative list with lists as elements`);
  if (isObject(item))
    throw new ShapeError(`element ${index}: associative list without keys has an element that's a map type`);
  if (item === null)
    throw new ShapeError(`element ${index}: associative list without keys has an element that's an explicit null`);
  return item;
}

/** The path element of a list's item. Throws ShapeError when the item lacks its keys. */
export function itemElement(schema: ListSchema, item: unknown, index: number): string {
  const name = plainNameOf(schema, item);
  if (name !== undefined) return name;
  if (schema.listType === 'set') return `v:${writeJson(setItem(item, index))}`;
  if (item === null) throw new ShapeError(`element ${index}: associative list with keys may not have a null element`);
  const source = isObject(item) ? item : undefined;
  if (!source) throw new ShapeError(`element ${index}: associative list with keys may not have non-map elements`);
  const keys: Record<string, unknown> = {};
  for (const { name, fallback } of sortedKeys(schema)) {
    const value = source[name] === undefined ? fallback : source[name];
    // An item without one of its keys is another than all that have it.
    if (value !== undefined) keys[name] = value;
  }
  if (Object.keys(keys).length === 0) {
    const names = (schema.listMapKeys ?? []).map((name) => JSON.stringify(name)).join(' ');
    throw new ShapeError(
      `element ${index}: associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    );
  }
  return `k:${writeJson(keys)}`;
}

/** Texts that JSON writes as they are. */
const PLAIN = /^[\w./:-]*$/;

/** The element of an item with one name, in a text that needs no quoting: so are those of most lists. */
function plainNameOf(schema: ListSchema, item: unknown): string | undefined {
  const [key, ...others] = schema.listMapKeys ?? [];
  if (schema.listType !== 'map' || key === undefined || others.length > 0 || !isObject(item)) return undefined;
  const value = item[key];
  return typeof value === 'string' && PLAIN.test(value) && PLAIN.test(key) ? `k:{"${key}":"${value}"}` : undefined;
}

/** Whether the two are compared as wholes: two empty containers too, so that null and {} stay apart. */
export function isLeafPair(previous: unknown, next: unknown, schema: Schema): boolean {
  if (isGranularObject(schema)) return !isFilledObject(previous) && !isFilledObject(next);
  return !isAssociative(schema) || (!isFilledList(previous) && !isFilledList(next));
}

export function isFilledObject(value: unknown): boolean {
  if (!isObject(value)) return false;
  for (const _ in value) return true;
  return false;
}

export const isFilledList = (value: unknown): boolean => Array.isArray(value) && value.length > 0;
