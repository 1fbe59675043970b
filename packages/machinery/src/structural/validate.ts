import { type Integer, isInteger, writeJson } from '../json-text.ts';
import { equalJson } from '../equality.ts';
import { Field, type FieldError } from '../field.ts';
import { formatNamed } from './formats.ts';
import { type Before, isUnchanged, itemBefore, memberBefore } from './before.ts';
import type { Patterns } from './patterns.ts';
import { isObject, type JsonObject, type JsonSchema, memberSchema } from './json-schema.ts';
import { inKeyOrder } from './key-order.ts';

/** Checks values against one schema; collects every error in the words of upstream's validation of custom resources. */
export class StructuralValidator {
  readonly #schema: JsonSchema;
  readonly #patterns: Patterns;
  /** Values looked at so far. */
  #visits = 0;
  readonly #compiled = new Map<string, (text: string) => boolean>();

  constructor(schema: JsonSchema, patterns: Patterns) {
    this.#schema = schema;
    this.#patterns = patterns;
  }

  /** `at` is the place of the value: the root has an empty path. What is wrong with what an update left alone is not told (KEP-4008). */
  validate(value: unknown, at: Field, before?: Before): void {
    const found = new Field(at.path);
    this.#check({ value, schema: this.#schema, before, isWhole: at.path === '' }, found);
    const said = new Set<string>();
    for (const error of found.errors) {
      // Branches of a combination come to the same conclusions: one is enough.
      const text = `${error.field}: ${error.message}`;
      // What has no place at all upstream tells of nothing.
      if (!said.has(text)) at.errors.push(error.field === '[]' ? { ...error, field: '<nil>' } : error);
      said.add(text);
    }
  }

  #check(place: Place, at: Field): void {
    const { length } = at.errors;
    this.#checkValue(place, at);
    if (at.errors.length > length && isUnchanged(place.value, place.before, place.schema)) at.errors.length = length;
  }

  #checkValue(place: Place, at: Field): void {
    const { value, schema } = place;
    this.#visits += 1;
    if (value !== null || schema.nullable !== true) checkType(value, schema, at);
    if (schema.enum && !schema.enum.some((allowed) => equalJson(allowed, value))) {
      at.notSupported(
        inKeyOrder(value),
        schema.enum.map((allowed) => (typeof allowed === 'string' ? allowed : writeJson(allowed))),
      );
    }
    if (value === null) return;
    if (typeof value === 'string') this.#checkString(value, schema, at);
    else if (typeof value === 'number' || typeof value === 'bigint') checkNumber(value, schema, at);
    else if (Array.isArray(value)) this.#checkList(value, place, at);
    else if (isObject(value)) this.#checkObject(value, place, at);
    this.#checkCombinations(place, at);
  }

  /** Of length and pattern the first that is wrong is named. */
  #checkString(value: string, { minLength, maxLength, pattern, format }: JsonSchema, at: Field): void {
    const length = minLength === undefined && maxLength === undefined ? 0 : Array.from(value).length;
    if (maxLength !== undefined && length > maxLength) at.tooLong(maxLength);
    else if (minLength !== undefined && length < minLength)
      at.invalid(value, `${at.path} in body should be at least ${minLength} chars long`);
    else if (pattern && !this.#matches(pattern, value))
      at.invalid(value, `${at.path} in body should match '${pattern}'`);
    if (format && formatNamed(format)?.(value) === false)
      at.typeInvalid(value, `${at.path} in body must be of type ${format}: ${JSON.stringify(value)}`);
  }

  #matches(pattern: string, value: string): boolean {
    let matches = this.#compiled.get(pattern);
    if (!matches) this.#compiled.set(pattern, (matches = this.#patterns.compile(pattern)));
    return matches(value);
  }

  #checkList(value: readonly unknown[], { schema, before }: Place, at: Field): void {
    const { items, minItems, maxItems } = schema;
    if (minItems !== undefined && value.length < minItems)
      at.invalid(value.length, `${at.path} in body should have at least ${minItems} items`);
    if (maxItems !== undefined && value.length > maxItems) at.tooMany(value.length, maxItems);
    if (!items) return;
    for (const [i, item] of value.entries())
      this.#check(
        { value: item, schema: items, before: itemBefore(before, schema, item), isWhole: false },
        at.index(i),
      );
  }

  #checkObject(value: JsonObject, { schema, before, isWhole }: Place, at: Field): void {
    const { minProperties, maxProperties, required = [] } = schema;
    const count = Object.keys(value).length;
    if (minProperties !== undefined && count < minProperties)
      at.invalid(count, `${at.path} in body should have at least ${minProperties} properties`);
    if (maxProperties !== undefined && count > maxProperties) at.tooMany(count, maxProperties);
    for (const name of required) if (!Object.hasOwn(value, name)) at.at(name).required();
    for (const name of Object.keys(value).sort()) {
      const item = value[name];
      const inside = memberSchema(schema, name);
      if (!inside) continue;
      const was = isWhole && isTypeField(name) ? undefined : memberBefore(before, schema, name);
      // Of what has no path, upstream tells additional properties with a dot before their names.
      const place = at.path === '' && !Object.hasOwn(schema.properties ?? {}, name) ? `.${name}` : name;
      this.#check({ value: item, schema: inside, before: was, isWhole: false }, at.at(place));
    }
  }

  /** What is wrong with a combination as a whole has no place of its own, as go-openapi has it. */
  #checkCombinations(of: Place, at: Field): void {
    const { allOf = [], anyOf = [], oneOf = [], not } = of.schema;
    const place = JSON.stringify(at.path);
    const whole = new Field('<nil>', at.errors);
    const broken = allOf
      .map((schema) => this.#errorsOf({ ...of, schema }, at.path))
      .filter((errors) => errors.length > 0);
    at.errors.push(...broken.flat());
    if (broken.length > 0)
      whole.invalid(
        '',
        `${place} must validate all the schemas (allOf)${broken.length === allOf.length ? '. None validated' : ''}`,
      );
    if (anyOf.length > 0 && !anyOf.some((schema) => this.#holds({ ...of, schema }))) {
      this.#nearest(of, anyOf, at);
      whole.invalid('', `${place} must validate at least one schema (anyOf)`);
    }
    const right = oneOf.filter((schema) => this.#holds({ ...of, schema })).length;
    if (oneOf.length > 0 && right !== 1) {
      if (right === 0) this.#nearest(of, oneOf, at);
      whole.invalid(
        '',
        `${place} must validate one and only one schema (oneOf). ${right === 0 ? 'Found none valid' : `Found ${right} valid alternatives`}`,
      );
    }
    if (not && this.#holds({ ...of, schema: not })) whole.invalid('', `${place} must not validate the schema (not)`);
  }

  #holds(place: Place): boolean {
    return this.#errorsOf(place, '').length === 0;
  }

  #errorsOf(place: Place, path: string): readonly FieldError[] {
    const at = new Field(path);
    // Combinations are held to the whole, whatever was there before.
    this.#checkValue({ ...place, before: undefined, isWhole: false }, at);
    return at.errors;
  }

  /** The errors of the branch that has the most to say of the value. */
  #nearest(of: Place, schemas: readonly JsonSchema[], at: Field): void {
    let best: { readonly visits: number; readonly errors: readonly FieldError[] } | undefined;
    for (const schema of schemas) {
      const before = this.#visits;
      const errors = this.#errorsOf({ ...of, schema }, at.path);
      const visits = this.#visits - before;
      if (!best || visits > best.visits) best = { visits, errors };
    }
    at.errors.push(...(best?.errors ?? []));
  }
}

interface Place {
  readonly value: unknown;
  readonly schema: JsonSchema;
  readonly before: Before | undefined;
  /** The object of the request. */
  readonly isWhole: boolean;
}

/** Both versions of an object are shown in that of the request: whether these two have changed cannot be seen. */
const isTypeField = (name: string): boolean => name === 'apiVersion' || name === 'kind';

/** Formats by which a number is stored; upstream names a value by its own where both have one. */
const NUMBER_FORMATS = new Set(['int32', 'int64', 'float', 'double']);

function checkType(value: unknown, schema: JsonSchema, at: Field): void {
  const actual = typeOf(value);
  const types = schema.type ? [schema.type] : schema['x-kubernetes-int-or-string'] ? ['integer', 'string'] : [];
  if (types.length === 0) return;
  const isRight = types.includes(actual) || (actual === 'integer' && types.includes('number'));
  const { format = '' } = schema;
  const hasFormat =
    format !== '' && (NUMBER_FORMATS.has(format) || (schema.type === 'string' && formatNamed(format) !== undefined));
  const isPlain = actual === 'string' || actual === 'array' || actual === 'null';
  if (hasFormat && !isPlain && !isRight) {
    const own = actual === 'integer' ? 'int64' : actual === 'number' ? 'float64' : '';
    at.typeInvalid(own, `${at.path} in body must be of type ${format}: ${JSON.stringify(own)}`);
  } else if (!isRight && !(hasFormat && schema.type === 'string' && actual === 'array')) {
    at.typeInvalid(actual, `${at.path} in body must be of type ${types.join(',')}: ${JSON.stringify(actual)}`);
  }
  if (schema.type !== 'integer' || (typeof value !== 'number' && typeof value !== 'bigint')) return;
  const isOut = !isInteger(value) || (format === 'int32' && Math.abs(Number(value)) > 2 ** 31);
  const named = NUMBER_FORMATS.has(format) ? `with format ${format}` : '(default format)';
  if (isOut) new Field('<nil>', at.errors).invalid('', `Checked value must be of type integer ${named} in ${at.path}`);
}

/** The type of a value in the words of JSON schema. */
function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (isInteger(value)) return 'integer';
  return typeof value;
}

function checkNumber(value: Integer, schema: JsonSchema, at: Field): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    at.invalid(value, `${at.path} in body should be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    at.invalid(value, `${at.path} in body should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  }
  if (multipleOf !== undefined && !Number.isInteger(Number(value) / multipleOf))
    at.invalid(value, `${at.path} in body should be a multiple of ${multipleOf}`);
}

/** Sets have no value twice, list maps no combination of their keys, at any depth. */
export function validateListTypes(value: unknown, schema: JsonSchema, at: Field): void {
  if (Array.isArray(value)) {
    checkUnique(value, schema, at);
    const { items } = schema;
    if (items) for (const [i, item] of value.entries()) validateListTypes(item, items, at.index(i));
  } else if (isObject(value)) {
    for (const [name, item] of Object.entries(value)) {
      const isDeclared = Object.hasOwn(schema.properties ?? {}, name);
      const inside = memberSchema(schema, name);
      if (inside) validateListTypes(item, inside, isDeclared ? at.at(name) : at.key(name));
    }
  }
}

function checkUnique(list: readonly unknown[], schema: JsonSchema, at: Field): void {
  const type = schema['x-kubernetes-list-type'];
  if (type !== 'set' && type !== 'map') return;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const stray = type === 'map' ? list.findIndex((item) => item !== null && !isObject(item)) : -1;
  if (stray >= 0)
    return at.index(stray).invalid(inKeyOrder(list[stray]), 'must be an object for an array of list-type map');
  const counts = new Map<string, number>();
  for (const [i, item] of list.entries()) {
    const shown = inKeyOrder(type === 'set' ? item : keyValues(item, keys));
    const text = writeJson(shown);
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    // Said once of each value, where it comes the second time.
    if (count === 2) at.index(i).duplicate(shown);
  }
}

function keyValues(item: unknown, keys: readonly string[]): JsonObject {
  const source = isObject(item) ? item : {};
  return Object.fromEntries(keys.filter((key) => source[key] !== undefined).map((key) => [key, source[key]]));
}
