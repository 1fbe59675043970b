import type { ListSchema, MapSchema, ObjectSchema, ScalarSchema, Schema } from '../schema.ts';
import { childSchema, DEDUCED, isAssociative, isObject, itemElement, ShapeError } from './shape.ts';
import { pathText } from './field-set.ts';

/**
 * What of a value does not fit its schema, each with its place, in the words of upstream's typed values: fields that are
 * not declared, values of another type, items without their keys, items with the same keys. Empty where all of it fits.
 */
export function misfits(value: unknown, schema: Schema): readonly string[] {
  const found: string[] = [];
  checkValue(value, schema, '', found);
  return found;
}

function checkValue(value: unknown, schema: Schema, at: string, found: string[]): void {
  // Of what no schema knows everything is right.
  if (value === null || value === undefined || schema === DEDUCED) return;
  switch (schema.type) {
    case 'object':
    case 'map':
      return isObject(value)
        ? checkMembers(value, schema, at, found)
        : tell(found, at, `expected map, got ${plain(value)}`);
    case 'list':
      return Array.isArray(value)
        ? checkItems(value, schema, at, found)
        : tell(found, at, `expected list, got ${plain(value)}`);
    default:
      return checkScalar(value, schema, at, found);
  }
}

function checkMembers(
  value: Readonly<Record<string, unknown>>,
  schema: ObjectSchema | MapSchema,
  at: string,
  found: string[],
): void {
  for (const name of Object.keys(value)) {
    const here = `${at}.${name}`;
    const child = childSchema(schema, name);
    if (child) checkValue(value[name], child, here, found);
    else tell(found, here, 'field not declared in schema');
  }
}

function checkItems(list: readonly unknown[], schema: ListSchema, at: string, found: string[]): void {
  const seen = new Set<string>();
  for (const [i, item] of list.entries()) {
    let place = `[${i}]`;
    if (isAssociative(schema)) {
      const element = elementOf(schema, item, i, at, found);
      // Without its key nothing more can be said of an item, nor of those behind it.
      if (element === undefined) return;
      place = pathText([element]);
      if (seen.has(element)) tell(found, at, `duplicate entries for key ${place}`);
      seen.add(element);
    }
    checkValue(item, schema.items, at + place, found);
  }
}

function elementOf(schema: ListSchema, item: unknown, index: number, at: string, found: string[]): string | undefined {
  try {
    return itemElement(schema, item, index);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    tell(found, at, error.message);
    return undefined;
  }
}

function checkScalar(value: unknown, { type }: ScalarSchema, at: string, found: string[]): void {
  switch (type) {
    case 'any':
      return;
    case 'string':
    case 'bytes':
    case 'duration':
      if (typeof value !== 'string')
        tell(found, at, `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`);
      return;
    case 'boolean':
      if (typeof value !== 'boolean') tell(found, at, `expected boolean, got ${plain(value)}`);
      return;
    case 'time':
    case 'microTime':
    case 'quantity':
    case 'intOrString':
      if (typeof value === 'object') tell(found, at, `expected any scalar, got ${plain(value)}`);
      return;
    default:
      if (typeof value !== 'number' && typeof value !== 'bigint')
        tell(found, at, `expected numeric (int or float), got ${goType(value)}`);
  }
}

const tell = (found: string[], at: string, words: string): void =>
  void found.push(at === '' ? words : `${at}: ${words}`);

/** As Go's %v shows a value behind a pointer. */
const plain = (value: unknown): string => `&{${inside(value)}}`;

function inside(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(inside).join(' ')}]`;
  if (isObject(value))
    return `map[${Object.keys(value)
      .sort()
      .map((name) => `${name}:${inside(value[name])}`)
      .join(' ')}]`;
  return String(value);
}

/** As Go's %#v shows it. */
function goSyntax(value: unknown): string {
  if (value === null) return 'interface {}(nil)';
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (isObject(value))
    return `map[string]interface {}{${Object.keys(value)
      .sort()
      .map((name) => `${JSON.stringify(name)}:${goSyntax(value[name])}`)
      .join(', ')}}`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
