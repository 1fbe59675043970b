import type { ObjectSchema, Schema } from '../schema.ts';

type Values = Record<string, unknown>;

/**
 * Brings the fields of objects within a normal value into the printed order, where somebody set fields of theirs to normal
 * values. `path` names the objects: `spec`, or `spec.containers` for each of a list. What is not there is passed over.
 */
export function orderFields(schema: ObjectSchema, value: object, path: string): void {
  const dot = path.indexOf('.');
  const name = dot < 0 ? path : path.slice(0, dot);
  const rest = dot < 0 ? '' : path.slice(dot + 1);
  const field = schema.field(name)?.schema;
  const held = (value as Values)[name];
  if (!field || typeof held !== 'object' || held === null) return;
  if (rest === '') (value as Values)[name] = ordered(field, held);
  else if (field.type === 'object') orderFields(field, held, rest);
}

function ordered(schema: Schema, value: object): unknown {
  if (schema.type === 'object') return inOrder(schema, value as Values);
  if (schema.type !== 'list' || !Array.isArray(value)) return value;
  const { items } = schema;
  return value.map((item: unknown) => (typeof item === 'object' && item !== null ? ordered(items, item) : item));
}

const places = new WeakMap<ObjectSchema, ReadonlyMap<string, number>>();

function placesOf(schema: ObjectSchema): ReadonlyMap<string, number> {
  let of = places.get(schema);
  if (!of) places.set(schema, (of = new Map(schema.fields.map(({ name }, place) => [name, place]))));
  return of;
}

/** Fields that the schema does not name come last, as they came. */
function inOrder(schema: ObjectSchema, value: Values): Values {
  const of = placesOf(schema);
  const names: string[] = [];
  const given: number[] = [];
  for (const name in value) {
    const place = of.get(name) ?? of.size;
    let at = names.length;
    for (; at > 0 && (given[at - 1] as number) > place; at--) {
      names[at] = names[at - 1] as string;
      given[at] = given[at - 1] as number;
    }
    names[at] = name;
    given[at] = place;
  }
  const out: Values = {};
  for (const name of names) out[name] = value[name];
  return out;
}
