import { ascending } from '@navarch/base';
import type { ObjectSchema, Schema } from '../schema.ts';

type Values = Readonly<Record<string, unknown>>;

/**
 * A value whose fields are all printed as they are, but of which somebody may have set some after it was decoded: with the
 * fields of every object in it in the printed order. What is in order, or the same as in `before`, is not copied; nothing
 * that is given is changed. An object with fields that its type does not name stays as it is.
 */
export function inPrintedOrder<T extends object>(schema: ObjectSchema, value: T, before?: object): T {
  return ofObject(schema, value as Values, before as Values | undefined) as T;
}

function ordered(schema: Schema, value: unknown, before: unknown): unknown {
  if (value === before || typeof value !== 'object' || value === null) return value;
  switch (schema.type) {
    case 'object':
      return Array.isArray(value) ? value : ofObject(schema, value as Values, before as Values | undefined);
    case 'list':
      return Array.isArray(value) ? ofList(schema.items, value, before) : value;
    case 'map':
      return ofMap(schema.values, value as Values);
    default:
      return value;
  }
}

function ofList(items: Schema, value: readonly unknown[], before: unknown): readonly unknown[] {
  if (!hasFields(items)) return value;
  const known: readonly unknown[] = Array.isArray(before) ? before : [];
  let out: unknown[] | undefined;
  for (let i = 0; i < value.length; i++) {
    const item = ordered(items, value[i], known[i]);
    if (item !== value[i]) (out ??= [...value])[i] = item;
  }
  return out ?? value;
}

/** Keys in the order of their bytes. */
function ofMap(values: Schema, value: Values): Values {
  const isDeep = hasFields(values);
  let last = '';
  let isOrdered = true;
  let changed: Record<string, unknown> | undefined;
  for (const key in value) {
    if (key < last) isOrdered = false;
    last = key;
    const held = isDeep ? ordered(values, value[key], undefined) : value[key];
    if (held !== value[key]) (changed ??= { ...value })[key] = held;
  }
  const whole = changed ?? value;
  return isOrdered ? whole : picked(whole, ascending(Object.keys(whole)));
}

/** Whether there may be objects in such a value, whose fields have an order. */
const hasFields = ({ type }: Schema): boolean => type === 'object' || type === 'list' || type === 'map';

interface Place {
  readonly at: number;
  readonly schema: Schema;
}

const places = new WeakMap<ObjectSchema, ReadonlyMap<string, Place>>();

function placesOf(schema: ObjectSchema): ReadonlyMap<string, Place> {
  let of = places.get(schema);
  if (!of)
    places.set(schema, (of = new Map(schema.fields.map((field, at) => [field.name, { at, schema: field.schema }]))));
  return of;
}

function ofObject(schema: ObjectSchema, value: Values, before: Values | undefined): Values {
  const of = placesOf(schema);
  let last = -1;
  let isOrdered = true;
  let changed: Record<string, unknown> | undefined;
  for (const name in value) {
    const place = of.get(name);
    if (!place) return value;
    if (place.at < last) isOrdered = false;
    last = place.at;
    const held = ordered(place.schema, value[name], before?.[name]);
    if (held !== value[name]) (changed ??= { ...value })[name] = held;
  }
  const whole = changed ?? value;
  if (isOrdered) return whole;
  const at = (name: string): number => of.get(name)?.at ?? 0;
  return picked(
    whole,
    Object.keys(whole).sort((a, b) => at(a) - at(b)),
  );
}

/** Keys of maps may be such as objects treat as special. */
const picked = (value: Values, names: readonly string[]): Values =>
  Object.fromEntries(names.map((name) => [name, value[name]]));
