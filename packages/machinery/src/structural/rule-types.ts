import type { Sized } from '../cel/estimate.ts';
import {
  bool,
  bytes,
  type CelType,
  double,
  duration,
  dyn,
  int,
  listOf,
  mapOf,
  object,
  string,
  timestamp,
} from '../cel/types.ts';
import { escapedName } from './cel-value.ts';
import type { JsonSchema } from './json-schema.ts';

/** What expressions are told of the values of a schema: their type, and how large they may be (KEP-2876, "Resource constraints"). */
export interface Declared extends Sized {
  readonly type: CelType;
  /** Bytes of the smallest such value in JSON. */
  readonly bytesMin: number;
  readonly item?: Declared | undefined;
  readonly key?: Declared | undefined;
  field?(name: string): Declared | undefined;
}

/** Bytes of the largest request. */
export const REQUEST_BYTES_MAX = 3 * 1024 * 1024;
/** Code points of text take so many bytes. */
const RUNE_BYTES = 4;
/** A list or map has brackets around it, an entry of a map a key, quotes, a colon and a comma. */
const BRACKETS = 2;
const ENTRY_BYTES = 6;
const REST = REQUEST_BYTES_MAX - BRACKETS;

const scalar = (type: CelType, bytesMin: number, sizeMax = 0): Declared => ({ type, bytesMin, sizeMax });
const KEY = scalar(string, 2);
/** Texts that are more than texts, by their format: the bytes of the shortest and of the longest. */
const FORMATS: Readonly<Record<string, Declared>> = {
  duration: scalar(duration, 3, 32),
  date: scalar(timestamp, 12, 12),
  'date-time': scalar(timestamp, 21, 32),
};

/**
 * What expressions see of a schema; undefined where they see nothing. `isResource`: an object of the API, whose kind,
 * version and name are always there.
 */
export function declaredBy(schema: JsonSchema, isResource = false): Declared | undefined {
  if (schema['x-kubernetes-int-or-string']) return scalar(dyn, 1, textMax(schema) ?? REST);
  if (isResource) return declaredObject(withResourceFields(schema));
  switch (schema.type) {
    case 'array':
      return declaredList(schema);
    case 'object':
      return typeof schema.additionalProperties === 'object'
        ? declaredMap(schema, schema.additionalProperties)
        : declaredObject(schema);
    case 'string':
      return declaredText(schema);
    case 'boolean':
      return scalar(bool, 4);
    case 'number':
      return scalar(double, 1);
    case 'integer':
      return scalar(int, 1);
    default:
      return undefined;
  }
}

const TEXT: JsonSchema = { type: 'string' };
/** Names are subdomains; generated ones get at least one more character. */
const NAME_MAX = 253;

/** Every object of the API has these, whatever its schema says. One that says all of them is taken at its word. */
function withResourceFields(schema: JsonSchema): JsonSchema {
  const { kind, apiVersion, metadata } = schema.properties ?? {};
  const { name, generateName } = metadata?.properties ?? {};
  const isSaid =
    [kind, apiVersion, name, generateName].every((one) => one?.type === 'string') && metadata?.type === 'object';
  if (isSaid) return { ...schema, type: 'object' };
  const capped = (said: JsonSchema | undefined, max: number): JsonSchema => ({
    type: 'string',
    maxLength: Math.min(said?.maxLength ?? max, max),
  });
  const own: JsonSchema = {
    type: 'object',
    properties: { name: capped(name, NAME_MAX), generateName: capped(generateName, NAME_MAX - 1) },
  };
  return {
    ...schema,
    type: 'object',
    properties: { ...schema.properties, kind: TEXT, apiVersion: TEXT, metadata: own },
  };
}

const inside = (schema: JsonSchema): Declared | undefined =>
  declaredBy(schema, schema['x-kubernetes-embedded-resource'] === true);
const textMax = ({ maxLength }: JsonSchema): number | undefined =>
  maxLength === undefined ? undefined : Math.max(0, maxLength) * RUNE_BYTES;

function declaredText(schema: JsonSchema): Declared {
  const { format = '', maxLength, enum: values = [] } = schema;
  if (format === 'byte') return scalar(bytes, 2, maxLength === undefined ? REST : Math.max(0, maxLength));
  const known = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (known) return known;
  const longest = values.reduce<number>(
    (max, value) => (typeof value === 'string' ? Math.max(max, new TextEncoder().encode(value).length) : max),
    0,
  );
  return scalar(string, 2, textMax(schema) ?? (values.length > 0 ? longest : REST));
}

function declaredList({ items, maxItems }: JsonSchema): Declared | undefined {
  const item = items && inside(items);
  if (!item) return undefined;
  const sizeMax = maxItems === undefined ? Math.floor(REST / (item.bytesMin + 1)) : Math.max(0, maxItems);
  return { type: listOf(item.type), bytesMin: BRACKETS, sizeMax, item };
}

function declaredMap({ maxProperties }: JsonSchema, values: JsonSchema): Declared | undefined {
  const item = inside(values);
  if (!item) return undefined;
  const sizeMax =
    maxProperties === undefined ? Math.floor(REST / (item.bytesMin + ENTRY_BYTES)) : Math.max(0, maxProperties);
  return { type: mapOf(string, item.type), bytesMin: BRACKETS, sizeMax, item, key: KEY };
}

function declaredObject({ properties = {}, required = [] }: JsonSchema): Declared {
  const fields = new Map<string, Declared>();
  let bytesMin = BRACKETS;
  for (const [name, schema] of Object.entries(properties)) {
    const declared = inside(schema);
    if (!declared) continue;
    const known = escapedName(name);
    if (known !== undefined) fields.set(known, declared);
    // A name in quotes, a colon and a comma.
    if (required.includes(name) && schema.default === undefined)
      bytesMin += new TextEncoder().encode(name).length + declared.bytesMin + 4;
  }
  const field = (name: string): Declared | undefined => fields.get(name);
  // Words of the language may be written as they are after a dot.
  const type = object('object', (name) => (field(name) ?? field(escapedName(name) ?? name))?.type);
  return { type, bytesMin, sizeMax: 0, field };
}
