import { Field } from '../field.ts';
import { dns1035LabelErrors, pathSegmentErrors, validateObjectMeta } from '../names/names.ts';
import type { ObjectMeta } from '../meta.ts';
import { inKeyOrder } from './key-order.ts';
import { isObject, type JsonObject, type JsonSchema, memberSchema } from './json-schema.ts';

/** Reads the metadata of an object: what it is, and the paths within it that nobody knows. Throws what is wrong with it. */
export type ReadMeta = (value: unknown) => { readonly value: unknown; readonly unknownFields: readonly string[] };

/** Metadata, or what it says of the object, has another type than the API gives it. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError';
}

/**
 * Gives the objects of the API within a value the metadata that the API knows, in place; returns the paths of what it does
 * not know. Throws EmbeddedError where a type is wrong; `isLenient`: that is dropped instead.
 */
export function coerceEmbedded(
  value: unknown,
  schema: JsonSchema,
  readMeta: ReadMeta,
  isLenient: boolean,
): readonly string[] {
  const unknown: string[] = [];
  const walk = (within: unknown, of: JsonSchema, at: Field): void => {
    if (Array.isArray(within)) {
      const { items } = of;
      if (items) for (const [i, item] of within.entries()) walk(item, items, at.index(i));
      return;
    }
    if (!isObject(within)) return;
    if (of['x-kubernetes-embedded-resource']) unknown.push(...coerceIdentity(within, at, readMeta, isLenient));
    for (const [name, item] of Object.entries(within)) {
      const inside = memberSchema(of, name);
      if (inside) walk(item, inside, Object.hasOwn(of.properties ?? {}, name) ? at.at(name) : at.key(name));
    }
  };
  walk(value, schema, new Field());
  return unknown;
}

function coerceIdentity(object: JsonObject, at: Field, readMeta: ReadMeta, isLenient: boolean): readonly string[] {
  for (const name of ['apiVersion', 'kind']) {
    if (!Object.hasOwn(object, name) || typeof object[name] === 'string') continue;
    if (isLenient) delete object[name];
    else throw refusal(at.at(name), object[name], 'must be a string');
  }
  if (!Object.hasOwn(object, 'metadata')) return [];
  const here = at.at('metadata');
  try {
    const { value, unknownFields } = readMeta(object['metadata'] ?? {});
    object['metadata'] = value;
    return unknownFields.map((field) => `${here.path}.${field}`);
  } catch (error) {
    // What was stored before the schema said so is shown as it is.
    if (!isLenient) throw refusal(here, object['metadata'], (error as Error).message);
    return [];
  }
}

function refusal(at: Field, value: unknown, words: string): EmbeddedError {
  at.invalid(inKeyOrder(value), words);
  const [error] = at.errors;
  return new EmbeddedError(`${error?.field}: ${error?.message}`);
}

/** An object of the API within another says what it is, and has metadata like any other, wherever the schema has one. */
export function validateEmbedded(value: unknown, schema: JsonSchema, at: Field): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items) for (const [i, item] of value.entries()) validateEmbedded(item, items, at.index(i));
    return;
  }
  if (!isObject(value)) return;
  if (schema['x-kubernetes-embedded-resource']) checkIdentity(value, at);
  for (const [name, item] of Object.entries(value)) {
    const inside = memberSchema(schema, name);
    if (inside)
      validateEmbedded(item, inside, Object.hasOwn(schema.properties ?? {}, name) ? at.at(name) : at.key(name));
  }
}

function checkIdentity(object: JsonObject, at: Field): void {
  for (const name of ['apiVersion', 'kind']) if (!Object.hasOwn(object, name)) at.at(name).required();
  for (const name of Object.keys(object)) {
    if (name === 'metadata') checkMeta(object[name], at.at(name));
    else if (name === 'apiVersion' || name === 'kind') checkText(name, object[name], at.at(name));
  }
}

function checkText(name: 'apiVersion' | 'kind', text: unknown, at: Field): void {
  if (typeof text !== 'string') return at.invalid(text, 'must be a string');
  if (text === '') return at.invalid(text, 'must not be empty');
  if (name === 'apiVersion') {
    if (text.split('/').length > 2) at.invalid(text, `unexpected GroupVersion string: ${text}`);
    return;
  }
  const errors = dns1035LabelErrors(text.toLowerCase());
  if (errors.length > 0) at.invalid(text, `may have mixed case, but should otherwise match: ${errors.join(',')}`);
}

function checkMeta(metadata: unknown, at: Field): void {
  if (!isObject(metadata)) return;
  const { name = '', namespace = '' } = metadata as unknown as ObjectMeta;
  const named = { ...metadata, name: name || 'fakename' } as unknown as ObjectMeta;
  validateObjectMeta(named, { namespaced: namespace !== '', nameErrors: pathSegmentErrors }, at);
}
