import { isInteger, writeJson } from '../json-text.ts';
import { atMilliScale, canonicalQuantity, QUANTITY_SYNTAX_ERROR } from '../quantity/quantity.ts';
import type { FieldSchema, ObjectSchema, ScalarSchema, Schema } from '../schema.ts';

/** The value does not have the type's shape. The message is what Go's decoder says, since clients show it. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  /** What is said of a value that was never text: that a strategic merge patch made. */
  readonly ofValue: string;

  constructor(message: string, ofValue = message) {
    super(message);
    this.ofValue = ofValue;
  }
}

export interface Decoded {
  /** Fresh, normal: printed as upstream's server prints it, field order and empty values included. */
  readonly value: Record<string, unknown>;
  /** `spec.containers[0].foo`: fields that the schema does not name; they are not in `value`. */
  readonly unknownFields: readonly string[];
}

/** How the numbers of a text were written: what integers and quantities are read from. */
export interface Literals {
  /** Some are written as floats, which may well be without a fraction. */
  readonly hasFloats: boolean;
  /** The number at a path, `spec.list[0].size`, as it was written. */
  at(path: string): string | undefined;
}

type Decoder = (value: unknown, state: State) => unknown;

class State {
  /** Whether the path is followed: only once there is something to say of a place. */
  readonly follows: boolean;
  readonly path: (string | number | { readonly key: string })[] = [];
  readonly unknown: string[] = [];
  /** Go type name of the object being decoded, for messages. */
  struct = '';

  /** Places of the given fields, in order: those of the object being decoded last, before them those of the objects around it. */
  readonly places: number[] = [];
  /** Whether the object whose places were taken last has fields that its type does not declare. */
  hasUnknown = false;

  readonly #literals: Literals | undefined;

  constructor(follows: boolean, literals: Literals | undefined) {
    this.follows = follows;
    this.#literals = literals;
  }

  /** The number that is being read, as it was written, where that is known and may matter. */
  get literal(): string | undefined {
    return this.follows ? this.#literals?.at(this.text) : undefined;
  }

  /** Puts the places of what `source` gives on top of `places`; gives where they begin. */
  takePlaces(source: Readonly<Record<string, unknown>>, of: ReadonlyMap<string, number>): number {
    const { places } = this;
    const start = places.length;
    this.hasUnknown = false;
    for (const name in source) {
      if (source[name] === undefined) continue;
      const place = of.get(name);
      if (place === undefined) {
        this.hasUnknown = true;
        continue;
      }
      // Most senders print in order; the others' few fields find their places one by one.
      let at = places.length;
      for (; at > start && (places[at - 1] as number) > place; at--) places[at] = places[at - 1] as number;
      places[at] = place;
    }
    return start;
  }

  get text(): string {
    let text = '';
    for (const part of this.path) {
      const name = typeof part === 'object' ? part.key : part;
      text += typeof name === 'number' ? `[${name}]` : text === '' ? name : `.${name}`;
    }
    return text;
  }

  /** A number is shown only where another one would have been right. */
  #shownNumber(value: unknown, goType: string): string {
    const isNumber = typeof value === 'number' || typeof value === 'bigint';
    return isNumber && NUMBERS.has(goType) ? ` ${this.literal ?? writeJson(value)}` : '';
  }

  refuse(value: unknown, goType: string): never {
    if (!this.follows) throw new PathNeeded();
    // Go tells the fields of its structs, neither places in lists nor keys of maps.
    const fields = this.path.filter((part) => typeof part === 'string').join('.');
    const where = fields === '' ? 'Go value' : `Go struct field ${this.struct}.${fields}`;
    throw new DecodeError(
      `json: cannot unmarshal ${jsonTypeOf(value)}${this.#shownNumber(value, goType)} into ${where} of type ${goType}`,
      inconvertible(value, goType),
    );
  }
}

const NUMBERS: ReadonlySet<string> = new Set(['int32', 'int64', 'uint8', 'uint64', 'float64']);

/** Something is to be said of a place, and the path to it is not known. */
class PathNeeded extends Error {
  override readonly name = 'PathNeeded';
}

const decoders = new WeakMap<Schema, Decoder>();

/**
 * Reads a JSON value as the schema's type: unknown fields dropped (and named), values checked and made canonical,
 * what Go prints though empty filled in, static defaults set. Throws DecodeError. The input is left as it is.
 */
export function decode(schema: ObjectSchema, value: unknown, literals?: Literals): Decoded {
  try {
    return decodeWith(schema, value, new State(literals?.hasFloats ?? false, literals));
  } catch (error) {
    if (!(error instanceof PathNeeded)) throw error;
    return decodeWith(schema, value, new State(true, literals));
  }
}

function decodeWith(schema: ObjectSchema, value: unknown, state: State): Decoded {
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
  readonly absent: ((state: State) => unknown) | undefined;
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

function stand(plan: Plan, out: Record<string, unknown>, state: State): void {
  const value = plan.absent?.(state);
  if (value !== undefined) out[plan.name] = value;
}

/** Of several things to refuse, the one is told of that the sender wrote first. */
function readInTurn(
  plans: readonly Plan[],
  places: ReadonlyMap<string, number>,
  source: Readonly<Record<string, unknown>>,
  state: State,
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
  state: State,
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
  state: State,
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
    const absent = field.omit === 'zero' ? undefined : (state: State) => decode({}, state);
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
    const keys = Object.keys(source);
    for (let i = 1; i < keys.length; i++) {
      if ((keys[i - 1] as string) > (keys[i] as string)) {
        keys.sort();
        break;
      }
    }
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

function scalarDecoder(schema: ScalarSchema): Decoder {
  switch (schema.type) {
    case 'string':
      return (value, state) =>
        typeof value === 'string' ? value : value === null ? '' : state.refuse(value, 'string');
    case 'boolean':
      return (value, state) =>
        typeof value === 'boolean' ? value : value === null ? false : state.refuse(value, 'bool');
    case 'int32':
      return integerDecoder('int32', -(2 ** 31), 2 ** 31 - 1);
    case 'uint8':
      return integerDecoder('uint8', 0, 255);
    case 'int64':
      return longDecoder;
    case 'uint64':
      return integerDecoder('uint64', 0, 2 ** 64);
    case 'double':
      return (value, state) =>
        typeof value === 'number'
          ? value
          : value === null
            ? 0
            : typeof value === 'bigint'
              ? Number(value)
              : state.refuse(value, 'float64');
    case 'bytes':
      return bytesDecoder;
    case 'time':
      return timeDecoder(0, 'v1.Time');
    case 'microTime':
      return timeDecoder(6, 'v1.MicroTime');
    case 'duration':
      return (value, state) => (typeof value === 'string' ? value : state.refuse(value, 'v1.Duration'));
    case 'quantity':
      return quantityDecoder;
    case 'intOrString':
      return (value, state) =>
        typeof value === 'string' || Number.isInteger(value)
          ? value
          : value === null
            ? 0
            : state.refuse(value, 'intstr.IntOrString');
    case 'any':
      return (value) => value;
  }
}

function integerDecoder(goType: string, min: number, max: number): Decoder {
  return (value, state) => {
    if (value === null) return 0;
    if (typeof value !== 'number') return state.refuse(value, goType);
    if (!Number.isInteger(value) || value < min || value > max || !isWhole(state.literal))
      return state.refuse(value, goType);
    return value;
  };
}

/** Whole numbers that a double cannot hold come as bigints: those that do not are floats. */
const longDecoder: Decoder = (value, state) => {
  if (value === null) return 0;
  const isLong = Number.isSafeInteger(value) || typeof value === 'bigint';
  return isLong && isWhole(state.literal) ? value : state.refuse(value, 'int64');
};

const isWhole = (literal: string | undefined): boolean => literal === undefined || /^-?\d+$/.test(literal);

const bytesDecoder: Decoder = (value, state) => {
  if (value === null) return '';
  if (typeof value !== 'string') return state.refuse(value, '[]uint8');
  const text = value.includes('\n') || value.includes('\r') ? value.replace(/[\r\n]/g, '') : value;
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new DecodeError(`illegal base64 data at input byte ${Math.max(0, text.search(/[^A-Za-z0-9+/]/))}`);
  }
  return text;
};

const quantityDecoder: Decoder = (value, state) => {
  if (value === null) return '0';
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint')
    return state.refuse(value, 'resource.Quantity');
  const canonical = canonicalQuantity(typeof value === 'string' ? value : (state.literal ?? value));
  if (canonical === undefined) throw new DecodeError(QUANTITY_SYNTAX_ERROR);
  return canonical;
};

const PLAIN_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;

/** As an item of a list or map, null is the zero time, which is printed as null. */
function timeDecoder(digits: 0 | 6, goType: string): Decoder {
  return (value, state) => {
    if (value === null) return null;
    if (typeof value !== 'string') return state.refuse(value, goType);
    if (digits === 0 && PLAIN_TIME.test(value)) return value;
    const match = RFC3339.exec(value);
    const seconds = match ? Date.parse(`${match[1]}${match[3]}`) : Number.NaN;
    if (!match || Number.isNaN(seconds)) {
      throw new DecodeError(
        `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
      );
    }
    const whole = new Date(seconds).toISOString().slice(0, 19);
    return digits === 0 ? `${whole}Z` : `${whole}.${(match[2] ?? '').slice(0, 6).padEnd(6, '0')}Z`;
  };
}

/** What Go's decoder calls a JSON value that it cannot read. */
export function jsonTypeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
    case 'number':
      return 'number';
    case 'string':
      return 'string';
    default:
      return 'object';
  }
}

/** What Go's converter from maps says of a value that it cannot convert. */
function inconvertible(value: unknown, goType: string): string {
  const isWhole = isInteger(value);
  const from = Array.isArray(value)
    ? 'slice'
    : typeof value === 'number' || typeof value === 'bigint'
      ? isWhole
        ? 'int64'
        : 'float64'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value === 'string'
          ? 'string'
          : 'map';
  if (goType.startsWith('[]')) return `cannot restore slice from ${from}`;
  if (goType.startsWith('map[')) return `cannot restore map from ${from}`;
  if (goType.includes('.')) return `cannot restore struct from: ${from}`;
  const isConversion =
    (typeof value === 'number' || isWhole) && (isWhole ? goType === 'string' : goType.includes('int'));
  return isConversion ? `cannot convert ${from} to ${goType}` : `unrecognized type: ${goType}`;
}

function goTypeOf(schema: Schema): string {
  switch (schema.type) {
    case 'object':
      return goStructName(schema.name);
    case 'list':
      return `[]${goTypeOf(schema.items)}`;
    case 'map':
      return `map[string]${goTypeOf(schema.values)}`;
    case 'boolean':
      return 'bool';
    case 'double':
      return 'float64';
    case 'quantity':
      return 'resource.Quantity';
    default:
      return schema.type;
  }
}

/** `v1.PodSpec` for io.k8s.api.core.v1.PodSpec. */
const goStructName = (name = 'object'): string => name.split('.').slice(-2).join('.');
