import { asOwn, CelError, Duration, Optional, Timestamp } from '../cel/values.ts';
import { parseDuration } from '../duration.ts';
import { isObject, type JsonObject, type JsonSchema, memberSchema } from './json-schema.ts';

/** Words of the language that a field may have as its name; they are written `__in__`. */
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

/**
 * A value of a custom resource as expressions see it (CEL in Kubernetes, "type system integration"): whole and other
 * numbers by the schema's word, times and durations as such, names of fields escaped. `isOptional`: wrapped as optional.
 */
export function celValue(value: unknown, schema: JsonSchema, isOptional = false): unknown {
  if (isOptional) return value === undefined ? new Optional(false) : new Optional(true, celValue(value, schema));
  if (Array.isArray(value)) return asOwn(value.map((item) => celValue(item, schema.items ?? {})));
  if (isObject(value)) return objectValue(value, schema);
  if (typeof value === 'number') return schema.type === 'number' || !Number.isSafeInteger(value) ? value : BigInt(value);
  if (typeof value === 'string' && schema.type === 'string') return textValue(value, schema.format);
  return value;
}

function objectValue(value: JsonObject, schema: JsonSchema): unknown {
  const out: JsonObject = {};
  for (const [name, item] of Object.entries(value)) {
    const isDeclared = Object.hasOwn(schema.properties ?? {}, name);
    out[isDeclared ? escaped(name) : name] = celValue(item, memberSchema(schema, name) ?? {});
  }
  return asOwn(out);
}

function textValue(text: string, format: string | undefined): unknown {
  if (format === 'date-time' || format === 'date') {
    const ms = Date.parse(text);
    return Number.isNaN(ms) ? text : new Timestamp(ms);
  }
  if (format !== 'duration') return text;
  const ms = parseDuration(text);
  if (ms === undefined) throw new CelError(`invalid duration ${JSON.stringify(text)}`);
  return new Duration(ms);
}

/** Names that are no names of the language, in its spelling. */
const escaped = (name: string): string =>
  (RESERVED.has(name) ? `__${name}__` : name.replaceAll('__', '__underscores__').replaceAll('.', '__dot__').replaceAll('-', '__dash__').replaceAll('/', '__slash__'));
