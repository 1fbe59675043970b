import { parseDuration } from '../duration.ts';
import type { Budget, Functions } from './evaluate.ts';
import {
  asOwn,
  CelError,
  compare,
  Duration,
  inside,
  isEqual,
  isMap,
  keyOfValue,
  lookUp,
  noOverload,
  Optional,
  Timestamp,
  toJson,
  TypeName,
  typeOf,
  Uint,
} from './values.ts';

const INT_MAX = 2n ** 63n - 1n;
const INT_MIN = -(2n ** 63n);
const UINT_MAX = 2n ** 64n - 1n;

function int(value: bigint): bigint {
  if (value > INT_MAX || value < INT_MIN) throw new CelError('integer overflow');
  return value;
}

function uint(value: bigint): Uint {
  if (value > UINT_MAX || value < 0n) throw new CelError('unsigned integer overflow');
  return new Uint(value);
}

type Arithmetic = Readonly<
  Record<
    string,
    { readonly whole: (a: bigint, b: bigint) => bigint; readonly real: ((a: number, b: number) => number) | undefined }
  >
>;

const divided = (a: bigint, b: bigint): bigint => {
  if (b === 0n) throw new CelError('division by zero');
  return a / b;
};
const rest = (a: bigint, b: bigint): bigint => {
  if (b === 0n) throw new CelError('modulus by zero');
  return a % b;
};
const ARITHMETIC: Arithmetic = {
  '+': { whole: (a, b) => a + b, real: (a, b) => a + b },
  '-': { whole: (a, b) => a - b, real: (a, b) => a - b },
  '*': { whole: (a, b) => a * b, real: (a, b) => a * b },
  '/': { whole: divided, real: (a, b) => a / b },
  '%': { whole: rest, real: undefined },
};

const calculated =
  (sign: string) =>
  (_target: unknown, [a, b]: readonly unknown[], budget: Budget): unknown => {
    const { whole, real } = ARITHMETIC[sign] ?? { whole: undefined, real: undefined };
    if (typeof a === 'bigint' && typeof b === 'bigint' && whole) return int(whole(a, b));
    if (a instanceof Uint && b instanceof Uint && whole) return uint(whole(a.value, b.value));
    if (typeof a === 'number' && typeof b === 'number' && real) return real(a, b);
    if (sign === '+') return joined(a, b, budget);
    if (sign === '-') return apart(a, b);
    throw noOverload();
  };

function joined(a: unknown, b: unknown, budget: Budget): unknown {
  if (typeof a === 'string' && typeof b === 'string') {
    budget.spend((a.length + b.length) / 10);
    return a + b;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    budget.spend(a.length + b.length);
    return asOwn([...a.map((item) => inside(a, item)), ...b.map((item) => inside(b, item))]);
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Uint8Array.from([...a, ...b]);
  if (a instanceof Timestamp && b instanceof Duration) return new Timestamp(a.ms + b.ms);
  if (a instanceof Duration && b instanceof Timestamp) return new Timestamp(a.ms + b.ms);
  if (a instanceof Duration && b instanceof Duration) return new Duration(a.ms + b.ms);
  throw noOverload();
}

function apart(a: unknown, b: unknown): unknown {
  if (a instanceof Timestamp && b instanceof Timestamp) return new Duration(a.ms - b.ms);
  if (a instanceof Timestamp && b instanceof Duration) return new Timestamp(a.ms - b.ms);
  if (a instanceof Duration && b instanceof Duration) return new Duration(a.ms - b.ms);
  throw noOverload();
}

const related =
  (holds: (order: number) => boolean) =>
  (_target: unknown, [a, b]: readonly unknown[]): boolean =>
    holds(compare(a, b));

function contains(_target: unknown, [item, of]: readonly unknown[], budget: Budget): boolean {
  if (Array.isArray(of)) {
    budget.spend(of.length);
    return of.some((other) => isEqual(item, inside(of, other)));
  }
  if (isMap(of)) return lookUp(of, keyOfValue(item)) !== undefined;
  throw noOverload();
}

function size(target: unknown, args: readonly unknown[]): bigint {
  const value = target ?? args[0];
  if (typeof value === 'string') return BigInt(Array.from(value).length);
  if (Array.isArray(value) || value instanceof Uint8Array) return BigInt(value.length);
  if (isMap(value)) return BigInt(value instanceof Map ? value.size : Object.keys(value).length);
  throw noOverload();
}

function toInt(_target: unknown, [value]: readonly unknown[]): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof Uint) return int(value.value);
  if (typeof value === 'number' && Number.isFinite(value)) return int(BigInt(Math.trunc(value)));
  if (typeof value === 'string' && /^[+-]?\d+$/.test(value)) return int(BigInt(value));
  if (value instanceof Timestamp) return BigInt(Math.floor(value.ms / 1000));
  throw new CelError('type conversion error from value to int');
}

function toDouble(_target: unknown, [value]: readonly unknown[]): number {
  if (typeof value === 'bigint' || typeof value === 'number') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value))) return Number(value);
  throw new CelError('type conversion error from value to double');
}

function toText(_target: unknown, [value]: readonly unknown[]): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return String(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return new TextDecoder('utf-8', { fatal: true }).decode(value);
  if (value instanceof Timestamp) return String(toJson(value));
  if (value instanceof Duration) return `${value.ms / 1000}s`;
  throw new CelError(`type conversion error from '${typeOf(value)}' to 'string'`);
}

function toTimestamp(_target: unknown, [value]: readonly unknown[]): Timestamp {
  if (value instanceof Timestamp) return value;
  if (typeof value === 'bigint') return new Timestamp(Number(value) * 1000);
  const ms = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms))
    throw new CelError(`type conversion error from '${typeOf(value)}' to 'google.protobuf.Timestamp'`);
  return new Timestamp(ms);
}

function toDuration(_target: unknown, [value]: readonly unknown[]): Duration {
  if (value instanceof Duration) return value;
  const parsed = typeof value === 'string' ? parseDuration(value) : undefined;
  if (parsed === undefined)
    throw new CelError(`type conversion error from '${typeOf(value)}' to 'google.protobuf.Duration'`);
  return new Duration(parsed);
}

/** A part of a time, in UTC or the zone `+02:00`; of a duration the whole of it in that unit. */
const timePart =
  (of: (date: Date) => number, unitMs?: number) =>
  (target: unknown, [zone]: readonly unknown[]): bigint => {
    if (target instanceof Duration && unitMs !== undefined) return BigInt(Math.trunc(target.ms / unitMs));
    if (!(target instanceof Timestamp)) throw noOverload();
    return BigInt(of(new Date(target.ms + zoneMs(zone))));
  };

function zoneMs(zone: unknown): number {
  if (zone === undefined || zone === 'UTC') return 0;
  const [, sign, hours = '0', minutes = '0'] = /^([+-])?(\d\d):(\d\d)$/.exec(String(zone)) ?? [];
  if (!/^[+-]?\d\d:\d\d$/.test(String(zone))) throw new CelError(`unknown time zone ${String(zone)}`);
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

const dayOfYear = (date: Date): number =>
  Math.floor(
    (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0, 1)) /
      86_400_000,
  );

const optional = (target: unknown): Optional => {
  if (!(target instanceof Optional)) throw noOverload();
  return target;
};

const isZero = (value: unknown): boolean =>
  value === null ||
  value === false ||
  value === '' ||
  value === 0n ||
  value === 0 ||
  (value instanceof Uint && value.value === 0n) ||
  (Array.isArray(value) && value.length === 0) ||
  (isMap(value) && (value instanceof Map ? value.size : Object.keys(value).length) === 0);

/** Operators and functions of the language itself, and optional values. */
export const standardFunctions: Functions = {
  '_+_': calculated('+'),
  '_-_': calculated('-'),
  '_*_': calculated('*'),
  '_/_': calculated('/'),
  '_%_': calculated('%'),
  '_==_': (_t, [a, b]) => isEqual(a, b),
  '_!=_': (_t, [a, b]) => !isEqual(a, b),
  '_<_': related((order) => order < 0),
  '_<=_': related((order) => order <= 0),
  '_>_': related((order) => order > 0),
  '_>=_': related((order) => order >= 0),
  _in_: contains,
  '!_': (_t, [a]) => {
    if (typeof a !== 'boolean') throw noOverload();
    return !a;
  },
  '-_': (_t, [a]) => {
    if (typeof a === 'bigint') return int(-a);
    if (typeof a === 'number') return -a;
    if (a instanceof Duration) return new Duration(-a.ms);
    throw noOverload();
  },
  size,
  int: toInt,
  double: toDouble,
  string: toText,
  timestamp: toTimestamp,
  duration: toDuration,
  uint: (_t, [a]) => (a instanceof Uint ? a : uint(toInt(undefined, [a]))),
  bool: (_t, [a]) => {
    if (typeof a === 'boolean') return a;
    if (a === 'true' || a === 'True' || a === 'TRUE' || a === 't' || a === '1') return true;
    if (a === 'false' || a === 'False' || a === 'FALSE' || a === 'f' || a === '0') return false;
    throw new CelError('type conversion error to bool');
  },
  bytes: (_t, [a]) => (typeof a === 'string' ? new TextEncoder().encode(a) : a),
  dyn: (_t, [a]) => a,
  type: (_t, [a]) => new TypeName(a instanceof TypeName ? 'type' : typeOf(a)),
  getFullYear: timePart((date) => date.getUTCFullYear()),
  getMonth: timePart((date) => date.getUTCMonth()),
  getDate: timePart((date) => date.getUTCDate()),
  getDayOfMonth: timePart((date) => date.getUTCDate() - 1),
  getDayOfWeek: timePart((date) => date.getUTCDay()),
  getDayOfYear: timePart(dayOfYear),
  getHours: timePart((date) => date.getUTCHours(), 3_600_000),
  getMinutes: timePart((date) => date.getUTCMinutes(), 60_000),
  getSeconds: timePart((date) => date.getUTCSeconds(), 1000),
  getMilliseconds: timePart((date) => date.getUTCMilliseconds(), 1),
  'optional.of': (_t, [a]) => new Optional(true, a),
  'optional.none': () => new Optional(false),
  'optional.ofNonZeroValue': (_t, [a]) => (isZero(a) ? new Optional(false) : new Optional(true, a)),
  hasValue: (target) => optional(target).has,
  value: (target) => {
    if (!optional(target).has) throw new CelError('optional.none() dereference');
    return optional(target).value;
  },
  orValue: (target, [other]) => (optional(target).has ? optional(target).value : other),
  or: (target, [other]) => (optional(target).has ? target : other),
};

/** Names that stand for types. */
export const typeNames: Readonly<Record<string, TypeName>> = Object.fromEntries(
  ['int', 'uint', 'double', 'bool', 'string', 'bytes', 'list', 'map', 'null_type', 'type'].map((name) => [
    name,
    new TypeName(name),
  ]),
);
