import { ascending } from '@navarch/base';
import { atMilliScale } from '../quantity/quantity.ts';
import type { FieldSchema, ObjectSchema, Schema } from '../schema.ts';
import { scalarDecoder } from './decode-scalar.ts';
import { type Decoder, type Literals, PathNeeded, DecodeState } from './decode-state.ts';
import { goTypeOf } from './go-words.ts';

export interface Decoded {
  /** Fresh, normal: printed as upstream's server prints it, field order and empty values included. */
  readonly value: Record<string, unknown>;
  /** `spec.containers[0].foo`: fields that the schema does not name; they are not in `value`. */
  readonly unknownFields: readonly string[];
}

const decoders = new WeakMap<Schema, Decoder>();

/**
 * Reads a JSON value as the schema's type: unknown fields dropped (and named), values checked and made canonical,
 * what Go prints though empty filled in, static defaults set. Throws DecodeError. The input is left as it is.
 */
export function decode(schema: ObjectSchema, value: unknown, literals?: Literals): Decoded {
  try {
    return decodeWith(schema, value, new DecodeState(literals?.hasFloats ?? false, literals));
  } catch (error) {
    if (!(error instanceof PathNeeded)) throw error;
    return decodeWith(schema, value, new DecodeState(true, literals));
  }
}

function decodeWith(schema: ObjectSchema, value: unknown, state: DecodeState): Decoded {
  const result = decoderOf(schema)(value, state) as Record<string, unknown>;
  return { value: result, unknownFields: state.unknown };
}

function decoderOf(schema: Schema): Decoder {
  let decoder = decoders.get(schema);
  if (!decoder) {
    // Recursive types ask for themselves while they are made.
    decoders.set(schema, (value, state) => (decoder as Decoder)(value, state));
    decoder = makeDecoder(schema);
    decoders.set(schema, decoder);
  }
  return decoder;
}

function makeDecoder(schema: Schema): Decoder {
  switch (schema.type) {
    case 'object':
      return objectDecoder(schema);
    case 'list':
      return listDecoder(schema.items, goTypeOf(schema));
    case 'map':
      return mapDecoder(schema.values, goTypeOf(schema));
    default:
      return scalarDecoder(schema);
  }
}

interface Plan {
  readonly name: string;
  readonly decode: Decoder;
  /** What stands for an absent value; undefined: nothing. */
  readonly absent: ((state: DecodeState) => unknown) | undefined;
  /** An empty value is left out. */
  readonly dropsEmpty: boolean;
  readonly default: unknown;
}

/** How an object is decoded: its fields in the printed order, and where each of them stands in it. */
interface Layout {
  readonly plans: readonly Plan[];
  readonly places: ReadonlyMap<string, number>;
  /** The places of fields that are printed though nobody gave them. */
  readonly standing: readonly number[];
}

function layoutOf(schema: ObjectSchema): Layout {
  const plans = schema.fields.map(planOf);
  return {
    plans,
    places: new Map(plans.map((plan, place) => [plan.name, place])),
    standing: plans.flatMap((plan, place) => (plan.absent ? [place] : [])),
  };
}

/** Goes by the fields that are given, not by all that the type declares: types have many, objects few. */
function objectDecoder(schema: ObjectSchema): Decoder {
  const struct = schema.name?.slice(schema.name.lastIndexOf('.') + 1) ?? '';
  const goType = goTypeOf(schema);
  // Made at first use: the children of a recursive type do not exist yet.
  let layout: Layout | undefined;
  return (value, state) => {
    const { plans, places, standing } = (layout ??= layoutOf(schema));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return state.refuse(value, goType);
    const source = value as Readonly<Record<string, unknown>>;
    const out: Record<string, unknown> = {};
    const outer = state.struct;
    state.struct = struct;
    const given = state.takePlaces(source, places);
    const { hasUnknown } = state;
    const read = state.follows ? readInTurn(plans, places, source, state) : undefined;
    let stood = 0;
    for (let i = given; i < state.places.length; i++) {
      const place = state.places[i] as number;
      for (; stood < standing.length && (standing[stood] as number) <= place; stood++) {
        if (standing[stood] !== place) stand(plans[standing[stood] as number] as Plan, out, state);
      }
      decodeField(plans[place] as Plan, source, out, state, read);
    }
    for (; stood < standing.length; stood++) stand(plans[standing[stood] as number] as Plan, out, state);
    state.places.length = given;
    if (hasUnknown) takeUnknown(source, schema, out, state);
    state.struct = outer;
    return out;
  };
}

function stand(plan: Plan, out: Record<string, unknown>, state: DecodeState): void {
  const value = plan.absent?.(state);
  if (value !== undefined) out[plan.name] = value;
}

/** Of several things to refuse, the one is told of that the sender wrote first. */
function readInTurn(
  plans: readonly Plan[],
  places: ReadonlyMap<string, number>,
  source: Readonly<Record<string, unknown>>,
  state: DecodeState,
): ReadonlyMap<string, unknown> {
  const read = new Map<string, unknown>();
  for (const [name, given] of Object.entries(source)) {
    const place = places.get(name);
    if (place === undefined || given === null || given === undefined) continue;
    state.path.push(name);
    read.set(name, (plans[place] as Plan).decode(given, state));
    state.path.pop();
  }
  return read;
}

function decodeField(
  plan: Plan,
  source: Readonly<Record<string, unknown>>,
  out: Record<string, unknown>,
  state: DecodeState,
  read?: ReadonlyMap<string, unknown>,
): void {
  const given = source[plan.name];
  if (given === null) return stand(plan, out, state);
  const decoded = read ? read.get(plan.name) : plan.decode(given, state);
  if (!plan.dropsEmpty || !isEmpty(decoded)) out[plan.name] = decoded;
  else if (plan.default !== undefined) out[plan.name] = plan.default;
}

function takeUnknown(
  source: Readonly<Record<string, unknown>>,
  schema: ObjectSchema,
  out: Record<string, unknown>,
  state: DecodeState,
): void {
  for (const name in source) {
    if (schema.field(name) || source[name] === undefined) continue;
    if (schema.preservesUnknown) out[name] = source[name];
    else if (!state.follows) throw new PathNeeded();
    else state.unknown.push(state.path.length === 0 ? name : `${state.text}.${name}`);
  }
}

function planOf(field: FieldSchema): Plan {
  const decode = decoderOf(field.schema);
  // An empty default of a value that is dropped when empty says nothing.
  const isScalarDefault =
    field.default !== undefined && typeof field.default !== 'object' && (field.isPointer || !isEmpty(field.default));
  const fallback = isScalarDefault ? field.default : undefined;
  const base = { name: field.name, decode, default: fallback };
  if (field.isPointer) {
    return {
      ...base,
      dropsEmpty: false,
      absent: fallback !== undefined ? () => fallback : field.omit === 'never' ? () => null : undefined,
    };
  }
  const { type } = field.schema;
  if (type === 'object') {
    // Go's omitempty never drops a struct.
    const absent = field.omit === 'zero' ? undefined : (state: DecodeState) => decode({}, state);
    return { ...base, dropsEmpty: field.omit === 'zero', absent };
  }
  // These are structs too, though JSON shows them as one value.
  if (field.omit === 'never' || (field.omit === 'empty' && STRUCTS.has(type)))
    return { ...base, dropsEmpty: false, absent: () => fallback ?? zeroOf(field) };
  return { ...base, dropsEmpty: type !== 'any', absent: fallback === undefined ? undefined : () => fallback };
}

/** What is one value in JSON and a struct in Go, which omitempty does not drop. */
export const STRUCTS: ReadonlySet<string> = new Set([
  'quantity',
  'intOrString',
  'time',
  'microTime',
  'duration',
  'any',
]);

/** What Go prints for a value that was never set. */
export function zeroOf(field: FieldSchema): unknown {
  switch (field.schema.type) {
    case 'list':
      return field.isRequired ? [] : null;
    case 'map':
    case 'any':
    case 'time':
    case 'microTime':
      return null;
    case 'string':
    case 'bytes':
      return '';
    case 'boolean':
      return false;
    case 'quantity':
      return '0';
    case 'duration':
      return '0s';
    default:
      return 0;
  }
}

function isEmpty(value: unknown): boolean {
  if (value === '' || value === 0 || value === false || value === null) return true;
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

function listDecoder(items: Schema, goType: string): Decoder {
  const decode = decoderOf(items);
  return (value, state) => {
    if (!Array.isArray(value)) return state.refuse(value, goType);
    const out: unknown[] = [];
    for (let i = 0; i < value.length; i++) {
      if (state.follows) state.path.push(i);
      const item: unknown = value[i];
      out.push(item === null && items.type === 'object' ? decode({}, state) : decode(item, state));
      if (state.follows) state.path.pop();
    }
    return out;
  };
}

/** Go prints the keys of a map in order. */
function mapDecoder(values: Schema, goType: string): Decoder {
  const ofValues = decoderOf(values);
  // Lists of resources; a quantity by itself keeps what it says.
  const decode: Decoder =
    values.type === 'quantity' ? (value, state) => atMilliScale(ofValues(value, state) as string) : ofValues;
  return (value, state) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return state.refuse(value, goType);
    const source = value as Readonly<Record<string, unknown>>;
    const keys = ascending(Object.keys(source));
    const out: Record<string, unknown> = {};
    for (const key of keys) {
      if (state.follows) state.path.push({ key });
      const given = source[key];
      const decoded = given === null && values.type === 'object' ? decode({}, state) : decode(given, state);
      // A map may have a key that objects treat as special.
      if (key === '__proto__')
        Object.defineProperty(out, key, { value: decoded, enumerable: true, writable: true, configurable: true });
      else out[key] = decoded;
      if (state.follows) state.path.pop();
    }
    return out;
  };
}
