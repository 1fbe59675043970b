/** uint of CEL: no other kind of value equals it by accident. */
export class Uint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** google.protobuf.Timestamp; milliseconds since the epoch. */
export class Timestamp {
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }
}

/** google.protobuf.Duration; milliseconds. */
export class Duration {
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
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

export type Key = string | bigint | boolean;
export type CelMap = ReadonlyMap<Key, unknown>;

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
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
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
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
    return a.ms === b.ms;
  if (a instanceof Optional && b instanceof Optional) return a.has === b.has && (!a.has || isEqual(a.value, b.value));
  if (a instanceof TypeName && b instanceof TypeName) return a.name === b.name;
  if (a instanceof Opaque) return a.equals(b);
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
    return a.ms - b.ms;
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
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (Array.isArray(value)) return value.map((item) => toJson(item));
  if (isMap(value)) return Object.fromEntries(entriesOf(value).map(([key, inner]) => [String(key), toJson(inner)]));
  if (value === undefined || value === null || ['string', 'number', 'boolean'].includes(typeof value))
    return value ?? null;
  if (value instanceof Timestamp) return new Date(value.ms).toISOString().replace(/\.000Z$/, 'Z');
  throw new CelError(`unsupported conversion from ${typeOf(value)} to JSON`);
}
