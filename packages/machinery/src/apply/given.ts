import type { ObjectSchema, Schema } from '../schema.ts';
import { isAssociative, isGranularObject, type JsonObject } from './shape.ts';

/** A field of an object as the record of owners names it. */
interface Member {
  readonly name: string;
  readonly element: string;
  readonly schema: Schema;
}

/** Which of its declared fields an object gives. */
export interface Given {
  /** In the order in which the record of owners names them. */
  readonly members: readonly Member[];
  /** Each of them is owned as a whole, whatever it is. */
  readonly isFlat: boolean;
}

interface Layout {
  readonly members: readonly Member[];
  /** A bit of a number by the name of a field; none where there are more fields than a number has bits. */
  readonly bits: ReadonlyMap<string, number> | undefined;
  readonly known: Map<number, Given>;
}

/** Bits that a double keeps apart. */
const BITS = 53;
/** More combinations than the objects of a cluster come in; when they are more, all are forgotten. */
const KNOWN_MAX = 200;

const layouts = new WeakMap<ObjectSchema, Layout>();

function layoutOf(schema: ObjectSchema): Layout {
  let layout = layouts.get(schema);
  if (!layout) {
    const members = schema.fields
      .map(({ name, schema: child }) => ({ name, element: `f:${name}`, schema: child }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const bits = members.length > BITS ? undefined : new Map(members.map(({ name }, place) => [name, 2 ** place]));
    layouts.set(schema, (layout = { members, bits, known: new Map() }));
  }
  return layout;
}

/**
 * Those of the declared fields that a value gives: types have many, objects few. Objects made from one template give
 * the same ones, so it is the same answer, by which callers may know what they made of it.
 */
export function givenFields(value: JsonObject, schema: ObjectSchema): Given {
  const { members, bits, known } = layoutOf(schema);
  if (!bits) return givenOf(value, members);
  let which = 0;
  for (const name in value) {
    const bit = bits.get(name);
    if (bit !== undefined && value[name] !== undefined) which += bit;
  }
  let given = known.get(which);
  if (!given) {
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(which, (given = givenOf(value, members)));
  }
  return given;
}

function givenOf(value: JsonObject, declared: readonly Member[]): Given {
  const members = declared.filter(({ name }) => value[name] !== undefined);
  return { members, isFlat: members.every(({ schema }) => !isGranularObject(schema) && !isAssociative(schema)) };
}
