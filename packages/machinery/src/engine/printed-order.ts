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

interface Layout {
  /** In the printed order; as texts that are names of properties, which are told apart by where they are held. */
  readonly names: readonly string[];
  readonly schemas: readonly Schema[];
  readonly places: ReadonlyMap<string, number>;
}

const layouts = new WeakMap<ObjectSchema, Layout>();

function layoutOf(schema: ObjectSchema): Layout {
  let layout = layouts.get(schema);
  if (!layout) {
    const byName = Object.fromEntries(schema.fields.map((field) => [field.name, field.schema]));
    const names = Object.keys(byName);
    const places = new Map(names.map((name, place) => [name, place]));
    layouts.set(schema, (layout = { names, schemas: Object.values(byName), places }));
  }
  return layout;
}

function ofObject(schema: ObjectSchema, value: Values, before: Values | undefined): Values {
  const { names, schemas } = layoutOf(schema);
  let at = 0;
  let changed: Record<string, unknown> | undefined;
  for (const name in value) {
    // Nearly always each comes somewhere behind the last.
    while (at < names.length && names[at] !== name) at += 1;
    if (at === names.length) return disordered(schema, value, before);
    const held = ordered(schemas[at] as Schema, value[name], before?.[name]);
    if (held !== value[name]) (changed ??= { ...value })[name] = held;
    at += 1;
  }
  return changed ?? value;
}

/** As ofObject(), for an object with fields before those that they follow, or such as its type does not name. */
function disordered(schema: ObjectSchema, value: Values, before: Values | undefined): Values {
  const { names, schemas, places } = layoutOf(schema);
  const given: number[] = [];
  for (const name in value) {
    const place = places.get(name);
    if (place === undefined) return value;
    let at = given.length;
    for (; at > 0 && (given[at - 1] as number) > place; at--) given[at] = given[at - 1] as number;
    given[at] = place;
  }
  const out: Record<string, unknown> = {};
  for (const place of given) {
    const name = names[place] as string;
    out[name] = ordered(schemas[place] as Schema, value[name], before?.[name]);
  }
  return out;
}

/** Keys of maps may be such as objects treat as special. */
const picked = (value: Values, names: readonly string[]): Values =>
  Object.fromEntries(names.map((name) => [name, value[name]]));
