import { integerOf } from '../json-text.ts';
import type { CelType } from './types.ts';

/** uint of CEL: no other kind of value equals it by accident. */
export class Uint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** google.protobuf.Timestamp; nanoseconds since the epoch. */
export class Timestamp {
  readonly ns: bigint;
  /** The zone it was written in, in which it is shown: minutes east of UTC. */
  readonly zoneMinutes: number;

  constructor(ns: bigint, zoneMinutes = 0) {
    this.ns = ns;
    this.zoneMinutes = zoneMinutes;
  }
}

/** google.protobuf.Duration; nanoseconds. */
export class Duration {
  readonly ns: bigint;

  constructor(ns: bigint) {
    this.ns = ns;
  }
}

/** A value that may be absent: `optional.none()`, `a.?b`. */
export class Optional {
  readonly has: boolean;
  readonly value: unknown;

  constructor(has: boolean, value?: unknown) {
    this.has = has;
    this.value = value;
  }
}

/** What `type()` and names like `int` stand for. */
export class TypeName {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Something with functions of its own: a quantity, an authorizer. */
export abstract class Opaque {
  abstract readonly typeName: string;
  abstract equals(other: unknown): boolean;

  /** For what looking at it costs. */
  get size(): number {
    return 1;
  }
}

/** An expression failed on the values it was given. */
export class CelError extends Error {
  override readonly name: string = 'CelError';
}

/** It took more than it may: nothing absorbs this. */
export class CelBudgetError extends CelError {
  override readonly name = 'CelBudgetError';
}

export const noOverload = (): CelError => new CelError('no such overload');

export type Key = string | bigint | boolean | number | null;
export type CelMap = ReadonlyMap<Key, unknown>;

/** A map that has something under every key when it is asked for one; only `in`, sizes and folds tell what is really there. */
export class BottomlessMap extends Map<Key, unknown> {
  readonly #otherwise: unknown;

  constructor(entries: Iterable<readonly [Key, unknown]>, otherwise: unknown) {
    super(entries);
    this.#otherwise = otherwise;
  }

  override get(key: Key): unknown {
    return super.has(key) ? super.get(key) : this.#otherwise;
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.getPrototypeOf(value) === Object.prototype;

/** Lists and objects that an expression made: their numbers are what they are. */
const own = new WeakSet<object>();

export function asOwn<T extends object>(container: T): T {
  own.add(container);
  return container;
}

/** What a list or object holds, as a value of the language. */
export const inside = (container: object, value: unknown): unknown => (own.has(container) ? value : fromJson(value));

/** Values of JSON are taken over one by one, as they are looked at: whole numbers are ints, all others doubles. */
export const fromJson = (value: unknown): unknown =>
  typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;

export const keyOfValue = (value: unknown): Key => {
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean') return value;
  if (value instanceof Uint) return value.value;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (value === null) return value;
  throw new CelError(`unsupported key type: ${typeOf(value)}`);
};

export function typeOf(value: unknown): string {
  switch (typeof value) {
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    default:
  }
  if (value === null || value === undefined) return 'null_type';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof Optional) return 'optional_type';
  if (value instanceof TypeName) return 'type';
  if (value instanceof Opaque) return value.typeName;
  return 'map';
}

/** A number of any of the three kinds. */
const numberOf = (value: unknown): number | bigint | undefined =>
  value instanceof Uint ? value.value : typeof value === 'bigint' || typeof value === 'number' ? value : undefined;

export function isEqual(a: unknown, b: unknown): boolean {
  const [x, y] = [numberOf(a), numberOf(b)];
  // Numbers of different kinds are compared by their value.
  if (x !== undefined && y !== undefined) return x == y;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => isEqual(inside(a, item), inside(b, b[i])));
  if (a instanceof Uint8Array && b instanceof Uint8Array)
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
  if ((a instanceof Timestamp && b instanceof Timestamp) || (a instanceof Duration && b instanceof Duration))
    return a.ns === b.ns;
  if (a instanceof Optional && b instanceof Optional) return a.has === b.has && (!a.has || isEqual(a.value, b.value));
  if (a instanceof TypeName && b instanceof TypeName) return a.name === b.name;
  // Null is another, and no value of a wrong type.
  if (a instanceof Opaque) return (b ?? null) !== null && a.equals(b);
  if (isMap(a) && isMap(b)) {
    const [left, right] = [entriesOf(a), new Map(entriesOf(b))];
    return left.length === right.size && left.every(([key, value]) => right.has(key) && isEqual(value, right.get(key)));
  }
  return (a ?? null) === (b ?? null);
}

/** Negative, zero or positive. Throws where the two have no order. */
export function compare(a: unknown, b: unknown): number {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : 0;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if ((a instanceof Timestamp && b instanceof Timestamp) || (a instanceof Duration && b instanceof Duration))
    return a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0;
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    const at = a.findIndex((byte, i) => byte !== b[i]);
    return at < 0 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
  }
  throw noOverload();
}

/** By code points, as Go orders strings. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < x.length && i < y.length; i++)
    if (x[i] !== y[i]) return (x[i]?.codePointAt(0) ?? 0) - (y[i]?.codePointAt(0) ?? 0);
  return x.length - y.length;
}

export const isMap = (value: unknown): value is CelMap | Readonly<Record<string, unknown>> =>
  value instanceof Map || isObject(value);

export const entriesOf = (map: CelMap | Readonly<Record<string, unknown>>): readonly (readonly [Key, unknown])[] =>
  (map instanceof Map ? [...map] : Object.entries(map).filter(([, value]) => value !== undefined)).map(
    ([key, value]) => [key as Key, map instanceof Map ? value : inside(map, value)] as const,
  );

/** Undefined: no such key. */
export function lookUp(map: CelMap | Readonly<Record<string, unknown>>, key: Key): unknown {
  if (map instanceof Map) return map.get(key) as unknown;
  return typeof key === 'string' && Object.hasOwn(map, key)
    ? inside(map, (map as Readonly<Record<string, unknown>>)[key])
    : undefined;
}

/** A value as JSON has it. Throws CelError for what JSON cannot say. */
export function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return integerOf(value) ?? Number(value);
  if (value instanceof Uint) return integerOf(value.value) ?? Number(value.value);
  if (Array.isArray(value)) return value.map((item) => toJson(inside(value, item)));
  if (isMap(value)) return Object.fromEntries(entriesOf(value).map(([key, inner]) => [String(key), toJson(inner)]));
  if (value === undefined || value === null || ['string', 'number', 'boolean'].includes(typeof value))
    return value ?? null;
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatSeconds(value);
  throw new CelError(`unsupported conversion from ${typeOf(value)} to JSON`);
}

const SECOND = 1_000_000_000n;

/** RFC 3339, with no more digits than there are. */
export function formatTimestamp({ ns, zoneMinutes }: Timestamp): string {
  const fraction = ((ns % SECOND) + SECOND) % SECOND;
  const date = new Date(Number((ns - fraction) / 1_000_000n) + zoneMinutes * 60_000).toISOString().slice(0, 19);
  return `${date}${fraction === 0n ? '' : `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`}${formatZone(zoneMinutes)}`;
}

const two = (value: number): string => String(value).padStart(2, '0');
const formatZone = (minutes: number): string =>
  minutes === 0
    ? 'Z'
    : `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;

/** `1.5s`, as protobuf writes durations in JSON. */
export function formatSeconds({ ns }: Duration): string {
  const size = ns < 0n ? -ns : ns;
  const fraction =
    size % SECOND === 0n
      ? ''
      : `.${String(size % SECOND)
          .padStart(9, '0')
          .replace(/0+$/, '')}`;
  return `${ns < 0n ? '-' : ''}${size / SECOND}${fraction}s`;
}

const ofType: Readonly<Record<string, (value: unknown) => boolean>> = {
  bool: (value) => typeof value === 'boolean',
  int: (value) => typeof value === 'bigint',
  double: (value) => typeof value === 'number',
  string: (value) => typeof value === 'string',
  uint: (value) => value instanceof Uint,
  bytes: (value) => value instanceof Uint8Array,
  list: (value) => Array.isArray(value),
  map: (value) => isMap(value),
  null_type: (value) => value === null,
  'google.protobuf.Timestamp': (value) => value instanceof Timestamp,
  'google.protobuf.Duration': (value) => value instanceof Duration,
  optional_type: (value) => value instanceof Optional,
  type: (value) => value instanceof TypeName,
};

/** Whether a value may stand where the type is wanted. Of what is in lists and maps only the first is looked at. */
export function isOfType(value: unknown, { kind, name, params }: CelType): boolean {
  if (kind === 'param' || kind === 'dyn') return true;
  const is = ofType[name];
  if (!is) return value instanceof Opaque && value.typeName === name;
  if (!is(value)) return false;
  if (Array.isArray(value)) return value.length === 0 || isOfType(inside(value, value[0]), params[0] as CelType);
  if (kind !== 'map' || !isMap(value)) return true;
  const [first] = entriesOf(value);
  return !first || (isOfType(first[0], params[0] as CelType) && isOfType(first[1], params[1] as CelType));
}

/** What `size()` says of it, one of all that has no size. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return lengthOf(value);
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length;
  if (value instanceof Map) return value.size;
  if (isMap(value)) return entriesOf(value).length;
  if (value instanceof Optional && value.has) return sizeOf(value.value);
  return value instanceof Opaque ? value.size : 1;
}

/** In code points. */
function lengthOf(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
