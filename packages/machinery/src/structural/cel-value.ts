import { parseTimestamp } from '../cel/functions/conversions.ts';
import { asOwn, CelError, Duration, Optional, Timestamp } from '../cel/values.ts';
import { parseNanoseconds } from '../duration.ts';
import { isObject, type JsonObject, type JsonSchema, memberSchema } from './json-schema.ts';

/** Words of the language that a field may have as its name; they are written `__in__`. */
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/**
 * A value of a custom resource as expressions see it (CEL in Kubernetes, "type system integration"): whole and other
 * numbers by the schema's word, times and durations as such, names of fields escaped. `isOptional`: wrapped as optional.
 */
export function celValue(value: unknown, schema: JsonSchema, isOptional = false): unknown {
  if (isOptional) return value === undefined ? new Optional(false) : new Optional(true, celValue(value, schema));
  if (Array.isArray(value)) return asOwn(value.map((item) => celValue(item, schema.items ?? {})));
  if (isObject(value)) return objectValue(value, schema);
  if (typeof value === 'number')
    return schema.type === 'number' || !Number.isSafeInteger(value) ? value : BigInt(value);
  if (typeof value === 'string' && schema.type === 'string') return textValue(value, schema.format);
  return value;
}

function objectValue(value: JsonObject, schema: JsonSchema): unknown {
  const out: JsonObject = {};
  for (const [name, item] of Object.entries(value)) {
    const isDeclared = Object.hasOwn(schema.properties ?? {}, name);
    const made = celValue(item, memberSchema(schema, name) ?? {});
    out[isDeclared ? (escapedName(name) ?? name) : name] = made;
    // Words of the language may be written as they are after a dot.
    if (isDeclared && RESERVED.has(name)) Object.defineProperty(out, name, { value: made });
  }
  return asOwn(out);
}

function textValue(text: string, format: string | undefined): unknown {
  switch (format) {
    case 'date-time':
    case 'date':
      return timeValue(text, format);
    case 'duration': {
      const ns = parseNanoseconds(text);
      if (ns === undefined) throw new CelError(`invalid duration ${JSON.stringify(text)}`);
      return new Duration(ns);
    }
    case 'byte':
      return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    default:
      return text;
  }
}

function timeValue(text: string, format: 'date-time' | 'date'): unknown {
  const found = parseTimestamp(
    format === 'date'
      ? `${text}T00:00:00Z`
      : text.replace(/[tz ]/g, (sign) => (sign === ' ' ? 'T' : sign.toUpperCase())),
  );
  return found instanceof Timestamp ? found : text;
}

/** A name that is none of the language, in its spelling; undefined: it has none. */
export function escapedName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`;
  if (!/^[A-Za-z_./-][\w./-]*$/.test(name)) return undefined;
  return name.replace(/__|[-./]/g, (sign) => ESCAPES[sign] ?? sign);
}

const ESCAPES: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};
