import { equalJson } from '../equality.ts';
import type { ListSchema, MapSchema, ObjectSchema, Schema } from '../schema.ts';
import { below, type FieldSet, hasChild, insertNode, insertPath, nodeOf, pathText } from './field-set.ts';
import { misfits } from './fit.ts';
import { type Given, givenFields } from './given.ts';
import { keptSet } from './kept-set.ts';
import {
  childSchema,
  DEDUCED,
  isAssociative,
  isDeclared,
  isFilledList,
  isFilledObject,
  isGranularObject,
  isLeafPair,
  isObject,
  itemElement,
  type JsonObject,
  ShapeError,
} from './shape.ts';

/** Every place that `value` sets. Throws ShapeError for what the schema does not know and for items with the same keys: all of it at once. */
export function fieldSetOf(value: JsonObject, schema: ObjectSchema): FieldSet {
  const problems = misfits(value, schema);
  if (problems.length > 0)
    throw new ShapeError(problems.length === 1 ? problems.join() : ['errors:', ...problems].join('\n  '));
  return heldFieldSetOf(value, schema);
}

/** The same for an object that the server holds: it may have items with the same keys. */
export function heldFieldSetOf(value: JsonObject, schema: ObjectSchema): FieldSet {
  return objectSet(value, schema, []);
}

function objectSet(value: JsonObject, schema: ObjectSchema | MapSchema, path: readonly string[]): FieldSet {
  const out: Record<string, FieldSet> = {};
  for (const [name, item] of Object.entries(value)) {
    const element = `f:${name}`;
    const here = [...path, element];
    const child = childSchema(schema, name);
    if (!child) throw new ShapeError(`${pathText(here)}: field not declared in schema`);
    const isEmptyValue = item === null || (isObject(item) && Object.keys(item).length === 0);
    const set = valueSet(item, child, here);
    const node = nodeOf(set ?? {}, set === undefined || isEmptyValue || !isDeclared(schema, name));
    if (node) out[element] = node;
  }
  return out;
}

/** undefined: the value is owned as a whole. */
function valueSet(value: unknown, schema: Schema, path: readonly string[]): FieldSet | undefined {
  if (isGranularObject(schema) && isObject(value)) return objectSet(value, schema, path);
  if (isGranularObject(schema) && value === null && schema !== DEDUCED) return {};
  if (!isAssociative(schema) || !(Array.isArray(value) || value === null)) return undefined;
  const out: Record<string, FieldSet> = {};
  (value as readonly unknown[] | null)?.forEach((item, i) => {
    const element = elementAt(schema, item, i, path);
    out[element] = nodeOf(valueSet(item, schema.items, [...path, element]) ?? {}, true) as FieldSet;
  });
  return out;
}

function elementAt(schema: ListSchema, item: unknown, index: number, path: readonly string[]): string {
  try {
    return itemElement(schema, item, index);
  } catch (error) {
    throw error instanceof ShapeError ? new ShapeError(`${pathText(path)}: ${error.message}`) : error;
  }
}

export interface Comparison {
  readonly added: FieldSet;
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

/** Where `next` differs from `previous`. */
export function compareObjects(previous: JsonObject, next: JsonObject, schema: ObjectSchema): Comparison {
  const found = { added: {}, changed: {}, removed: {} };
  compareInside(previous, next, schema, [], found);
  return found;
}

function compareValues(previous: unknown, next: unknown, schema: Schema, path: string[], found: Comparison): void {
  if (previous === next) return;
  if (previous === undefined) return insertNode(found.added, path, addedNode(next, schema));
  if (isLeafPair(previous, next, schema)) {
    if (next === undefined) insertPath(found.removed, path);
    else if (!equalJson(previous, next)) insertPath(found.changed, path);
    return;
  }
  if (isGranularObject(schema))
    compareInside(isObject(previous) ? previous : {}, isObject(next) ? next : {}, schema, path, found);
  else compareItems(asList(previous), asList(next), schema as ListSchema, path, found);
  if (next === undefined) insertPath(found.removed, path);
}

/** The node of a value that was not there: all that is in it is new, and so is the place itself. In the printed order. */
function addedNode(value: unknown, schema: Schema): FieldSet {
  if (isGranularObject(schema) && isObject(value)) {
    if (schema.type === 'object' && !schema.preservesUnknown) return addedFields(value, schema);
    return nodeOf(addedMembers(value, schema), true) as FieldSet;
  }
  if (!isAssociative(schema) || !Array.isArray(value) || value.length === 0) return {};
  const out: Record<string, FieldSet> = {};
  for (let i = 0; i < value.length; i++) {
    const element = itemElement(schema, value[i], i);
    // Items that share their keys cannot be told apart: all of them are one thing.
    out[element] = out[element] ? {} : addedNode(value[i], schema.items);
  }
  return nodeOf(out, true) as FieldSet;
}

/** What was made of objects whose given fields have nothing below them: they are many, and few are different. */
const flatNodes = new WeakMap<Given, FieldSet>();

function addedFields(value: JsonObject, schema: ObjectSchema): FieldSet {
  const given = givenFields(value, schema);
  const made = flatNodes.get(given);
  if (made) return made;
  const out: Record<string, FieldSet> = {};
  for (const { name, element, schema: child } of given.members) out[element] = addedNode(value[name], child);
  const node = nodeOf(out, true) as FieldSet;
  if (!given.isFlat) return node;
  // As all records will have it: what is kept is not gone through again.
  const kept = Object.freeze(keptSet(node));
  flatNodes.set(given, kept);
  return kept;
}

function addedMembers(value: JsonObject, schema: ObjectSchema | MapSchema): FieldSet {
  const out: Record<string, FieldSet> = {};
  for (const name in value)
    if (value[name] !== undefined) out[`f:${name}`] = addedNode(value[name], childSchema(schema, name) ?? DEDUCED);
  return out;
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []);

function compareInside(
  previous: JsonObject,
  next: JsonObject,
  schema: ObjectSchema | MapSchema,
  path: string[],
  found: Comparison,
): void {
  const visit = (name: string): void => {
    if (previous[name] === next[name]) return;
    path.push(`f:${name}`);
    compareValues(previous[name], next[name], childSchema(schema, name) ?? DEDUCED, path, found);
    path.pop();
  };
  for (const name in previous) visit(name);
  for (const name in next) if (!Object.hasOwn(previous, name)) visit(name);
}

function compareItems(
  previous: readonly unknown[],
  next: readonly unknown[],
  schema: ListSchema,
  path: string[],
  found: Comparison,
): void {
  const before = indexed(previous, schema);
  const after = indexed(next, schema);
  const compare = (element: string, olds: readonly unknown[], news: readonly unknown[]): void => {
    path.push(element);
    if (olds.length <= 1 && news.length <= 1) compareValues(olds[0], news[0], schema.items, path, found);
    // Items that share their keys cannot be told apart: all of them are one thing.
    else if (!equalJson(olds, news))
      insertPath(olds.length === 0 ? found.added : news.length === 0 ? found.removed : found.changed, path);
    path.pop();
  };
  for (const [element, olds] of before) compare(element, olds, after.get(element) ?? NONE);
  for (const [element, news] of after) if (!before.has(element)) compare(element, NONE, news);
}

const NONE: readonly never[] = [];

function indexed(list: readonly unknown[], schema: ListSchema): Map<string, unknown[]> {
  const out = new Map<string, unknown[]>();
  list.forEach((item, i) => {
    const element = itemElement(schema, item, i);
    const same = out.get(element);
    if (same) same.push(item);
    else out.set(element, [item]);
  });
  return out;
}

/** `live` with everything that `config` says; lists keep the order of `config` for what both have. */
export function mergeValues(live: unknown, config: unknown, schema: Schema): unknown {
  if (config === undefined) return live;
  if (isGranularObject(schema)) {
    // Null takes nothing away from what has something in it.
    if (config === null) return isFilledObject(live) ? live : null;
    if (!isObject(config) || !isObject(live)) return config;
    const out: Record<string, unknown> = { ...live };
    for (const [name, value] of Object.entries(config))
      out[name] = mergeValues(live[name], value, childSchema(schema, name) ?? DEDUCED);
    return out;
  }
  if (!isAssociative(schema)) return config;
  if (config === null) return isFilledList(live) ? live : null;
  return Array.isArray(config) && Array.isArray(live) ? mergeItems(live, config, schema) : config;
}

function mergeItems(live: readonly unknown[], config: readonly unknown[], schema: ListSchema): readonly unknown[] {
  const left = live.map((item, i) => itemElement(schema, item, i));
  const right = config.map((item, i) => itemElement(schema, item, i));
  const before = indexed(live, schema);
  const wanted = new Set(right);
  const shared = right.filter((element) => before.has(element));
  const done = new Set<string>();
  const out: unknown[] = [];
  let at = 0;
  let nextShared = 0;
  for (const [i, element] of right.entries()) {
    // What only `live` has stays before what it stood before; what both have waits for its turn in `config`.
    while (at < left.length && left[at] !== element) {
      const head = left[at] as string;
      if (!wanted.has(head)) out.push(live[at++]);
      else if (nextShared < shared.length && shared[nextShared] !== head) at += 1;
      else {
        if (done.has(head)) at += 1;
        break;
      }
    }
    if (left[at] === element) at += 1;
    if (shared[nextShared] === element) nextShared += 1;
    const same = before.get(element);
    out.push(mergeValues(same?.length === 1 ? same[0] : undefined, config[i], schema.items));
    done.add(element);
  }
  for (; at < left.length; at++) if (!wanted.has(left[at] as string)) out.push(live[at]);
  return out;
}

/** `value` without the places in `set`. A container that loses everything becomes null. */
export function withoutFields(value: unknown, set: FieldSet, schema: Schema): unknown {
  if (isObject(value) && isGranularObject(schema)) {
    const out: Record<string, unknown> = {};
    let count = 0;
    for (const [name, item] of Object.entries(value)) {
      const element = `f:${name}`;
      if (hasChild(set, element)) continue;
      const inside = below(set, element);
      out[name] = inside ? withoutFields(item, inside, childSchema(schema, name) ?? DEDUCED) : item;
      count += 1;
    }
    return count === 0 ? null : out;
  }
  if (!Array.isArray(value) || !isAssociative(schema)) return value;
  const out: unknown[] = [];
  value.forEach((item, i) => {
    const element = itemElement(schema, item, i);
    if (hasChild(set, element)) return;
    const inside = below(set, element);
    out.push(inside ? withoutFields(item, inside, schema.items) : item);
  });
  return out.length === 0 ? null : out;
}

/** The same set with every declared field on the way to a member as a member itself: owned content owns its containers. */
export function withContainers(set: FieldSet, schema: Schema | undefined): FieldSet {
  const out: Record<string, FieldSet> = {};
  for (const [element, node] of Object.entries(set)) {
    if (element === '.') {
      out[element] = node;
      continue;
    }
    const name = element.slice(2);
    const isField =
      element.startsWith('f:') && schema !== undefined && (schema.type === 'object' || schema.type === 'map');
    const child = isField ? childSchema(schema, name) : schema?.type === 'list' ? schema.items : undefined;
    const deeper = withContainers(node, child);
    const isContainer = isField && isDeclared(schema, name) && Object.keys(deeper).length > 0;
    out[element] = isContainer && !deeper['.'] ? { '.': {}, ...deeper } : deeper;
  }
  return out;
}
