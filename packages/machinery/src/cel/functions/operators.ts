import { type CostOf, exactly, flat, plus, scaled, TRAVERSAL } from '../cost.ts';
import { declare, declareFor, type Overload } from '../declare.ts';
import { joinedLists, withEntries } from '../growing.ts';
import {
  CelError,
  type CelMap,
  compare,
  Duration,
  entriesOf,
  inside,
  isEqual,
  type Key,
  keyOfValue,
  lookUp,
  noOverload,
  sizeOf,
  Timestamp,
  Uint,
} from '../values.ts';

const INT_MAX = 2n ** 63n - 1n;
const INT_MIN = -(2n ** 63n);
const UINT_MAX = 2n ** 64n - 1n;
/** The first nanoseconds of the years 1 and 10000. */
const TIME_MIN = -62_135_596_800_000_000_000n;
const TIME_END = 253_402_300_800_000_000_000n;

export function toInt(value: bigint): bigint {
  if (value > INT_MAX || value < INT_MIN) throw new CelError('integer overflow');
  return value;
}

export function toUint(value: bigint): Uint {
  if (value > UINT_MAX || value < 0n) throw new CelError('unsigned integer overflow');
  return new Uint(value);
}

export function toTimestamp(ns: bigint, zoneMinutes: number): Timestamp {
  if (ns < TIME_MIN || ns >= TIME_END) throw new CelError('timestamp overflow');
  return new Timestamp(ns, zoneMinutes);
}

export function toDuration(ns: bigint): Duration {
  if (ns > INT_MAX || ns < INT_MIN) throw new CelError('integer overflow');
  return new Duration(ns);
}

const divided = (a: bigint, b: bigint): bigint => {
  if (b === 0n) throw new CelError('division by zero');
  return a / b;
};
const rest = (a: bigint, b: bigint): bigint => {
  if (b === 0n) throw new CelError('modulus by zero');
  return a % b;
};

// What is not known yet is bound by the first overload that fits: they stand in upstream's order.

type Whole = (a: bigint, b: bigint) => bigint;
type Real = (a: number, b: number) => number;
const ofDoubles = (sign: string, real: Real): Overload => declare(`_${sign}_(double, double) -> double`, real);
const ofInts = (sign: string, whole: Whole): Overload =>
  declare(`_${sign}_(int, int) -> int`, (a: bigint, b: bigint) => toInt(whole(a, b)));
const ofUints = (sign: string, whole: Whole): Overload =>
  declare(`_${sign}_(uint, uint) -> uint`, (a: Uint, b: Uint) => toUint(whole(a.value, b.value)));

const plusWhole: Whole = (a, b) => a + b;
const minusWhole: Whole = (a, b) => a - b;

/** What putting two texts together costs. */
const joining: CostOf = (left, right) => {
  const size = plus(left.size, (right as typeof left).size);
  return { cost: scaled(size, TRAVERSAL), size };
};
const joiningLists: CostOf = (left, right) => ({
  cost: exactly(1),
  size: plus(left.size, (right as typeof left).size),
});

const sums: readonly Overload[] = [
  declare('_+_(bytes, bytes) -> bytes', (a: Uint8Array, b: Uint8Array) => Uint8Array.from([...a, ...b]), joining),
  ofDoubles('+', (a, b) => a + b),
  declare('_+_(duration, duration) -> duration', (a: Duration, b: Duration) => toDuration(a.ns + b.ns)),
  declare('_+_(duration, timestamp) -> timestamp', (a: Duration, b: Timestamp) =>
    toTimestamp(a.ns + b.ns, b.zoneMinutes),
  ),
  declare('_+_(timestamp, duration) -> timestamp', (a: Timestamp, b: Duration) =>
    toTimestamp(a.ns + b.ns, a.zoneMinutes),
  ),
  ofInts('+', plusWhole),
  declare('_+_(list(A), list(A)) -> list(A)', (a: unknown[], b: unknown[]) => joinedLists(a, b), joiningLists),
  declare('_+_(string, string) -> string', (a: string, b: string) => a + b, joining),
  ofUints('+', plusWhole),
  ofDoubles('-', (a, b) => a - b),
  declare('_-_(duration, duration) -> duration', (a: Duration, b: Duration) => toDuration(a.ns - b.ns)),
  ofInts('-', minusWhole),
  declare('_-_(timestamp, duration) -> timestamp', (a: Timestamp, b: Duration) =>
    toTimestamp(a.ns - b.ns, a.zoneMinutes),
  ),
  declare('_-_(timestamp, timestamp) -> duration', (a: Timestamp, b: Timestamp) => toDuration(a.ns - b.ns)),
  ofUints('-', minusWhole),
];

/** What looking at both until they differ costs. */
const comparing: CostOf = (left, right) => {
  const max = Math.min(left.size.max, (right as typeof left).size.max);
  const min = left.size.min === left.size.max && right?.size.min === right?.size.max ? max : max > 0 ? 1 : 0;
  return { cost: scaled({ min, max }, TRAVERSAL) };
};
const PAIRS = [
  'int, int',
  'int, double',
  'int, uint',
  'uint, uint',
  'uint, double',
  'uint, int',
  'double, double',
  'double, int',
  'double, uint',
];

const relation = (sign: string, holds: (order: number) => boolean): readonly Overload[] => {
  const related = (a: unknown, b: unknown): boolean => holds(compare(a, b));
  return [
    declare(`_${sign}_(bool, bool) -> bool`, related),
    ...PAIRS.map((pair) => declare(`_${sign}_(${pair}) -> bool`, related)),
    ...['string', 'bytes'].map((type) => declare(`_${sign}_(${type}, ${type}) -> bool`, related, comparing)),
    ...['timestamp', 'duration'].map((type) => declare(`_${sign}_(${type}, ${type}) -> bool`, related)),
  ];
};

/** Values of these types are compared at once. */
const CHEAP = /^(?:net\.|kubernetes\.(?!NamedFormat|URL))/;
const equating: CostOf = (left, right) =>
  CHEAP.test(left.type.name) ? flat(1)() : comparing(left, right as typeof left);

const relations: readonly Overload[] = [
  declare('_==_(A, A) -> bool', (a: unknown, b: unknown) => isEqual(a, b), equating),
  declare('_!=_(A, A) -> bool', (a: unknown, b: unknown) => !isEqual(a, b), comparing),
  ...relation('<', (order) => order < 0),
  ...relation('<=', (order) => order <= 0),
  ...relation('>', (order) => order > 0),
  ...relation('>=', (order) => order >= 0),
  declare(
    '@in(A, list(A)) -> bool',
    (item: unknown, list: readonly unknown[]) => list.some((other) => isEqual(item, inside(list, other))),
    (_, list) => ({
      cost: (list as NonNullable<typeof list>).size,
    }),
  ),
  declare(
    '@in(A, map(A, B)) -> bool',
    (key: unknown, map: CelMap) =>
      isKey(key) && (map instanceof Map ? map.has(keyOfValue(key)) : lookUp(map, keyOfValue(key)) !== undefined),
  ),
];

const isKey = (key: unknown): boolean =>
  ['string', 'bigint', 'boolean', 'number'].includes(typeof key) || key instanceof Uint;

/** These never run: planOf() has its own way with them. */
const planned = (): never => {
  throw noOverload();
};

/** Operators, and the functions that macros are written out with. */
export const operators: readonly Overload[] = [
  declare('_?_:_(bool, A, A) -> A', planned),
  declare('_&&_(bool, bool) -> bool', planned),
  declare('_||_(bool, bool) -> bool', planned),
  declare('@not_strictly_false(bool) -> bool', planned),
  declare('_[_](list(A), int) -> A', planned),
  declare('_[_](map(A, B), A) -> B', planned),
  declare('!_(bool) -> bool', (a: boolean) => !a),
  declare('-_(double) -> double', (a: number) => -a),
  declare('-_(int) -> int', (a: bigint) => toInt(-a)),
  ...sums,
  ofDoubles('*', (a, b) => a * b),
  ofInts('*', (a, b) => a * b),
  ofUints('*', (a, b) => a * b),
  ofDoubles('/', (a, b) => a / b),
  ofInts('/', divided),
  ofUints('/', divided),
  ofInts('%', rest),
  ofUints('%', rest),
  ...relations,
  ...declareFor(['string', 'bytes', 'list(A)', 'map(A, B)'], 'size(<>) -> int', (value: unknown) =>
    BigInt(sizeOf(value)),
  ),
  ...declareFor(['string', 'bytes', 'list(A)', 'map(A, B)'], 'size(this <>) -> int', (value: unknown) =>
    BigInt(sizeOf(value)),
  ),
  declare('cel.@mapInsert(map(K, V), K, V) -> map(K, V)', (map: unknown, key: unknown, value: unknown) =>
    withEntries(map, [[keyOfValue(key), value]]),
  ),
  declare('cel.@mapInsert(map(K, V), map(K, V)) -> map(K, V)', (map: unknown, more: CelMap) =>
    withEntries(map, entriesOf(more) as readonly (readonly [Key, unknown])[]),
  ),
];
