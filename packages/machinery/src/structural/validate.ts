import { type Integer, isInteger, writeJson } from '../json-text.ts';
import { equalJson } from '../equality.ts';
import { Field, type FieldError } from '../field.ts';
import { formatDouble } from '../go-values.ts';
import { formatNamed } from './formats.ts';
import { type Before, isUnchanged, itemBefore, memberBefore } from './before.ts';
import type { Patterns } from './patterns.ts';
import { isObject, type JsonObject, type JsonSchema, memberSchema } from './json-schema.ts';
import { inKeyOrder } from './key-order.ts';

/** Checks values against one schema; collects every error in the words of upstream's validation of custom resources. */
export class StructuralValidator {
  readonly #schema: JsonSchema;
  readonly #patterns: Patterns;
  /** How much of what was looked at so far could be checked, as upstream counts it. */
  #matches = 0;
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

  /** In the order in which upstream looks. */
  #checkValue(place: Place, at: Field): void {
    const { value, schema } = place;
    const { length } = at.errors;
    if (value !== null || schema.nullable !== true) checkType(value, schema, at);
    const isOfType = at.errors.length === length;
    if (value === null) {
      this.#matches += isOfType ? 1 : 0;
      checkEnum(value, schema, at);
      return;
    }
    this.#matches += ownMatches(value, schema, isOfType);
    this.#checkCombinations(place, at);
    if (typeof value === 'string') this.#checkString(value, schema, at);
    else if (typeof value === 'number' || typeof value === 'bigint') checkNumber(value, schema, at);
    else if (Array.isArray(value)) this.#checkList(value, place, at);
    checkEnum(value, schema, at);
    if (isObject(value)) this.#checkObject(value, place, at);
  }

  /** Of length and pattern the first that is wrong is named. */
  #checkString(value: string, { minLength, maxLength, pattern, format }: JsonSchema, at: Field): void {
    const length = minLength === undefined && maxLength === undefined ? 0 : Array.from(value).length;
    if (maxLength !== undefined && length > maxLength) at.tooLong(maxLength);
    else if (minLength !== undefined && length < minLength)
      at.invalid(value, `${at.path} in body should be at least ${minLength} chars long`);
    else if (pattern && !this.#fits(pattern, value)) at.invalid(value, `${at.path} in body should match '${pattern}'`);
    if (format && formatNamed(format)?.(value) === false)
      at.typeInvalid(value, `${at.path} in body must be of type ${format}: ${JSON.stringify(value)}`);
  }

  #fits(pattern: string, value: string): boolean {
    let matches = this.#compiled.get(pattern);
    if (!matches) this.#compiled.set(pattern, (matches = this.#patterns.compile(pattern)));
    return matches(value);
  }

  #checkList(value: readonly unknown[], { schema, before }: Place, at: Field): void {
    const { items, minItems, maxItems } = schema;
    for (const [i, item] of items ? value.entries() : [])
      this.#check(
        { value: item, schema: items ?? {}, before: itemBefore(before, schema, item), isWhole: false },
        at.index(i),
      );
    if (minItems !== undefined && value.length < minItems)
      at.invalid(value.length, `${at.path} in body should have at least ${minItems} items`);
    if (maxItems !== undefined && value.length > maxItems) at.tooMany(value.length, maxItems);
  }

  #checkObject(value: JsonObject, { schema, before, isWhole }: Place, at: Field): void {
    const { minProperties, maxProperties, required = [] } = schema;
    const count = Object.keys(value).length;
    if (minProperties !== undefined && count < minProperties)
      at.invalid(count, `${at.path} in body should have at least ${minProperties} properties`);
    if (maxProperties !== undefined && count > maxProperties) at.tooMany(count, maxProperties);
    for (const name of Object.keys(value).sort()) {
      const item = value[name];
      const inside = memberSchema(schema, name);
      if (!inside) continue;
      const was = isWhole && isTypeField(name) ? undefined : memberBefore(before, schema, name);
      // Of what has no path, upstream tells additional properties with a dot before their names.
      const place = at.path === '' && !Object.hasOwn(schema.properties ?? {}, name) ? `.${name}` : name;
      this.#check({ value: item, schema: inside, before: was, isWhole: false }, at.at(place));
    }
    for (const name of required) if (!Object.hasOwn(value, name)) at.at(name).required();
  }

  /** What is wrong with a combination as a whole has no place of its own, as go-openapi has it. */
  #checkCombinations(of: Place, at: Field): void {
    const { allOf = [], anyOf = [], oneOf = [], not } = of.schema;
    const place = JSON.stringify(at.path);
    const whole = new Field('<nil>', at.errors);
    if (anyOf.length > 0) this.#checkAny(of, anyOf, whole, at);
    if (oneOf.length > 0) this.#checkOne(of, oneOf, whole, at);
    const all = allOf.map((schema) => this.#tried(of, schema, at.path));
    for (const tried of all) this.#take(tried, at);
    const broken = all.filter(({ errors }) => errors.length > 0).length;
    if (broken > 0)
      whole.invalid(
        '',
        `${place} must validate all the schemas (allOf)${broken === allOf.length ? '. None validated' : ''}`,
      );
    if (not && isRight(this.#tried(of, not, at.path))) whole.invalid('', `${place} must not validate the schema (not)`);
  }

  #checkAny(of: Place, schemas: readonly JsonSchema[], whole: Field, at: Field): void {
    let best: Tried | undefined;
    for (const schema of schemas) {
      const tried = this.#tried(of, schema, at.path);
      if (isRight(tried)) return this.#take(tried, at);
      best = better(best, tried);
    }
    whole.invalid('', `${JSON.stringify(at.path)} must validate at least one schema (anyOf)`);
    if (best) this.#take(best, at);
  }

  #checkOne(of: Place, schemas: readonly JsonSchema[], whole: Field, at: Field): void {
    const all = schemas.map((schema) => this.#tried(of, schema, at.path));
    const right = all.filter(isRight);
    const [first] = right;
    if (first && right.length === 1) return this.#take(first, at);
    whole.invalid(
      '',
      `${JSON.stringify(at.path)} must validate one and only one schema (oneOf). ${right.length === 0 ? 'Found none valid' : `Found ${right.length} valid alternatives`}`,
    );
    const best = right.length === 0 ? all.reduce<Tried | undefined>(better, undefined) : undefined;
    if (best) this.#take(best, at);
  }

  /** What comes of one alternative; nothing is told or counted of it yet. */
  #tried(of: Place, schema: JsonSchema, path: string): Tried {
    const counted = this.#matches;
    const at = new Field(path);
    this.#matches = 0;
    // Combinations are held to the whole, whatever was there before.
    this.#checkValue({ ...of, schema, before: undefined, isWhole: false }, at);
    const tried = { errors: at.errors, matches: this.#matches };
    this.#matches = counted;
    return tried;
  }

  #take({ errors, matches }: Tried, at: Field): void {
    this.#matches += matches;
    at.errors.push(...errors);
  }
}

interface Tried {
  readonly errors: readonly FieldError[];
  readonly matches: number;
}

const isRight = ({ errors }: Tried): boolean => errors.length === 0;

/** Of alternatives that fail, the one of which most could be checked has the most to say of the value. */
const better = (best: Tried | undefined, tried: Tried): Tried => (!best || tried.matches > best.matches ? tried : best);

/** What upstream counts of a value itself: one for each check that its schema has for it, and what that check counts. */
function ownMatches(value: unknown, schema: JsonSchema, isOfType: boolean): number {
  const { type, format = '' } = schema;
  const isTyped = type !== undefined || format !== '' || schema['x-kubernetes-int-or-string'] === true;
  const always = 4; // Itself, its combinations twice, its enumeration.
  return always + (isTyped ? (isOfType ? 2 : 1) : 0) + matchesOfSort(value, format);
}

function matchesOfSort(value: unknown, format: string): number {
  if (typeof value === 'string') return format !== '' && formatNamed(format) !== undefined ? 2 : 1;
  if (typeof value === 'number' || typeof value === 'bigint' || Array.isArray(value)) return 2;
  return isObject(value) ? 1 : 0;
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

function checkEnum(value: unknown, { enum: allowed }: JsonSchema, at: Field): void {
  if (!allowed || allowed.some((one) => equalJson(one, asTypeOf(one, value)))) return;
  at.notSupported(
    inKeyOrder(value),
    allowed.map((one) => (typeof one === 'string' ? one : writeJson(one))),
  );
}

/** Upstream compares in the type that the enumeration has: beside integers a number loses its fraction. */
const asTypeOf = (one: unknown, value: unknown): unknown =>
  typeof value === 'number' && isInteger(one) ? Math.trunc(value) : value;

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
}

/** Of integers the size is checked as well. */
function checkRange(value: Integer, { format = '' }: JsonSchema, at: Field): void {
  const bits = format === 'int32' ? 32 : 64;
  // The least of integers cannot be told from the floats below it.
  if (isInteger(value) && value !== -(2 ** 63) && BigInt.asIntN(bits, BigInt(value)) === BigInt(value)) return;
  const named = NUMBER_FORMATS.has(format) ? `with format ${format}` : '(default format)';
  new Field('<nil>', at.errors).invalid('', `Checked value must be of type integer ${named} in ${at.path}`);
}

/** The type of a value in the words of JSON schema. */
function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return 'integer';
  return typeof value;
}

function checkNumber(value: Integer, schema: JsonSchema, at: Field): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (schema.type === 'integer') checkRange(value, schema, at);
  if (multipleOf !== undefined && !isMultiple(value, multipleOf))
    at.invalid(value, `${at.path} in body should be a multiple of ${limitText(multipleOf, value)}`);
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    at.invalid(
      value,
      `${at.path} in body should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${limitText(minimum, value)}`,
    );
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    at.invalid(
      value,
      `${at.path} in body should be less than ${exclusiveMaximum ? '' : 'or equal to '}${limitText(maximum, value)}`,
    );
  }
}

/** Beside an integer a limit is one too. */
const limitText = (limit: number, value: Integer): string =>
  typeof value === 'bigint' || Number.isSafeInteger(value) ? writeJson(limit) : formatDouble(limit);

/** Of integers exactly; of floats nearly, as upstream's library has it, and not beyond what a double can count to. */
function isMultiple(value: Integer, of: number): boolean {
  if (Number.isSafeInteger(of) && (typeof value === 'bigint' || Number.isSafeInteger(value)))
    return BigInt(value) % BigInt(of) === 0n;
  const times = of < 1 ? (1 / of) * Number(value) : Number(value) / of;
  if (Math.abs(times) > Number.MAX_SAFE_INTEGER) return false;
  const whole = Math.trunc(times);
  return times === whole || (times > 0 && (times - whole) / (times + whole) < MULTIPLE_ERROR);
}

const MULTIPLE_ERROR = 1e-9;

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
