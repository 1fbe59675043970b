import { type CostOf, exactly, LIST_COST, type Measured, plus, type Range, scaled, times, TRAVERSAL } from '../cost.ts';
import { declare, declareFor, declareLoose, type Overload } from '../declare.ts';
import { asOwn, CelError, compare, Duration, inside, isEqual, noOverload, typeOf, Uint } from '../values.ts';
import { toDuration, toInt, toUint } from './operators.ts';

const COMPARABLE = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];
/** `lists.range()` makes no longer ones. */
const RANGE_MAX = 1_000_000n;

type Values = readonly unknown[];
const valuesOf = (list: Values): Values => list.map((item) => inside(list, item));

const isSorted = (list: Values): boolean => {
  const values = valuesOf(list);
  return values.every((value, i) => i === 0 || compare(values[i - 1], value) <= 0);
};

/** Sums begin with the zero of the type that the list is declared with. */
const summing =
  (zero: unknown) =>
  (list: Values): unknown =>
    valuesOf(list).reduce(added, zero);

function added(a: unknown, b: unknown): unknown {
  if (typeof a === 'bigint' && typeof b === 'bigint') return toInt(a + b);
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a instanceof Uint && b instanceof Uint) return toUint(a.value + b.value);
  if (a instanceof Duration && b instanceof Duration) return toDuration(a.ns + b.ns);
  throw noOverload();
}

const extreme =
  (name: string, sign: 1 | -1) =>
  (list: Values): unknown => {
    if (list.length === 0) throw new CelError(`${name} called on empty list`);
    return valuesOf(list).reduce((a, b) => (compare(b, a) * sign > 0 ? b : a));
  };

const includes = (held: unknown, item: unknown): boolean =>
  Array.isArray(held) ? valuesOf(held).some((one) => isEqual(one, item)) : isEqual(held, item);

function slice(list: Values, from: bigint, to: bigint): Values {
  if (from < 0n || to < 0n) throw new CelError(`cannot slice(${from}, ${to}), negative indexes not supported`);
  if (from > to)
    throw new CelError(`cannot slice(${from}, ${to}), start index must be less than or equal to end index`);
  if (BigInt(list.length) < to) throw new CelError(`cannot slice(${from}, ${to}), list is length ${list.length}`);
  return asOwn(valuesOf(list).slice(Number(from), Number(to)));
}

function flatten(list: Values, depth = 1n): Values {
  if (depth < 0n) throw new CelError('level must be non-negative');
  return asOwn(
    valuesOf(list).flatMap((value) => (Array.isArray(value) && depth > 0n ? flatten(value, depth - 1n) : [value])),
  );
}

/** A list that is flat already is taken as it is. */
function flattenAny(held: unknown): Values {
  if (!Array.isArray(held)) throw new CelError(`no such overload: ${typeOf(held)}.flatten()`);
  return flatten(held);
}

const sort = (list: Values): Values => sortBy(list, list);

function sortBy(list: Values, by: Values): Values {
  const keys = valuesOf(by);
  if (keys.length !== list.length)
    throw new CelError(
      `@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${list.length} and ${keys.length} elements respectively`,
    );
  if (keys.length === 0) return list;
  const [first] = keys.map(typeOf);
  if (!COMPARABLE.includes(first?.replace('google.protobuf.', '').toLowerCase() ?? ''))
    throw new CelError('list elements must be comparable');
  if (keys.some((key) => typeOf(key) !== first)) throw new CelError('list elements must have the same type');
  const order = keys.map((_, i) => i).toSorted((a, b) => compare(keys[a], keys[b]));
  return asOwn(order.map((i) => inside(list, list[i])));
}

function range(size: bigint): Values {
  if (size < 0n) throw new CelError(`lists.range: size must be non-negative, got ${size}`);
  if (size > RANGE_MAX) throw new CelError(`lists.range: size ${size} exceeds maximum allowed (${RANGE_MAX})`);
  return asOwn(Array.from({ length: Number(size) }, (_, i) => BigInt(i)));
}

const distinct = (list: Values): Values =>
  asOwn(
    valuesOf(list).reduce<unknown[]>(
      (kept, value) => (kept.some((one) => isEqual(one, value)) ? kept : [...kept, value]),
      [],
    ),
  );

/** One for each item, and a look through those that are texts. */
const looking: CostOf = (list) => {
  const item = list.type.params[0]?.name;
  const isText = item === 'string' || item === 'bytes';
  if (list.itemSize === undefined)
    return { cost: list.type.name === 'dyn' || list.type.name === 'list' ? list.size : scaled(list.size, TRAVERSAL) };
  return { cost: times(list.size, isText ? plus(exactly(1), scaled(list.itemSize, TRAVERSAL)) : exactly(1)) };
};

const making = (size: Range, factor = 1): ReturnType<CostOf> => ({
  cost: plus(scaled(size, factor), exactly(1 + LIST_COST)),
  size,
});
const square = (size: Range): Range => times(size, size);
const literalOf = ({ literal }: Measured, otherwise: number): number =>
  typeof literal === 'bigint' ? Math.max(0, Number(literal)) : otherwise;

const slicing: CostOf = (list, from, to) =>
  making(exactly(Math.max(0, literalOf(to as Measured, list.size.max) - literalOf(from as Measured, 0))));
const ranging: CostOf = (size) => making(exactly(literalOf(size, 2 ** 64)));
const flattening: CostOf = (list, depth) => making(list.size, depth ? literalOf(depth, 2 ** 64) : 1);
const turning: CostOf = (list) => making(list.size);
const pairing: CostOf = (list) => making(square(list.size), 2);
const sorting =
  (of: 'first' | 'last'): CostOf =>
  (...args) => {
    const list = args[of === 'first' ? 0 : 1] as Measured;
    return making(square(list.size), ['string', 'bytes'].includes(list.type.params[0]?.name ?? '') ? 2 + TRAVERSAL : 2);
  };

const ZEROS: Readonly<Record<string, unknown>> = { int: 0n, uint: new Uint(0n), double: 0, duration: new Duration(0n) };

/** Lists: Kubernetes's own library, and cel-go's extension in version 3. */
export const lists: readonly Overload[] = [
  ...declareFor(COMPARABLE, 'isSorted(this list(<>)) -> bool', isSorted, looking),
  ...Object.entries(ZEROS).map(([type, zero]) => declare(`sum(this list(${type})) -> ${type}`, summing(zero), looking)),
  ...declareFor(COMPARABLE, 'max(this list(<>)) -> <>', extreme('max', 1), looking),
  ...declareFor(COMPARABLE, 'min(this list(<>)) -> <>', extreme('min', -1), looking),
  declare(
    'indexOf(this list(A), A) -> int',
    (list: Values, item: unknown) => BigInt(valuesOf(list).findIndex((one) => isEqual(one, item))),
    looking,
  ),
  declare(
    'lastIndexOf(this list(A), A) -> int',
    (list: Values, item: unknown) => BigInt(valuesOf(list).findLastIndex((one) => isEqual(one, item))),
    looking,
  ),
  declare('includes(this dyn, dyn) -> bool', includes, looking),
  declare('slice(this list(T), int, int) -> list(T)', slice, slicing),
  declareLoose('flatten(this list(list(T))) -> list(T)', flattenAny, flattening),
  declare('flatten(this list(dyn), int) -> list(dyn)', flatten, flattening),
  ...declareFor(COMPARABLE, 'sort(this list(<>)) -> list(<>)', sort, sorting('first')),
  ...declareFor(COMPARABLE, '@sortByAssociatedKeys(this list(T), list(<>)) -> list(T)', sortBy, sorting('last')),
  declare('lists.range(int) -> list(int)', range, ranging),
  declare('reverse(this list(T)) -> list(T)', (list: Values) => asOwn(valuesOf(list).toReversed()), turning),
  declare('distinct(this list(T)) -> list(T)', distinct, pairing),
];

const setCost =
  (factor: number): CostOf =>
  (a, b) => ({ cost: plus(scaled(times(a.size, (b as Measured).size), factor), exactly(1)) });
const holdsAll = (a: Values, b: Values): boolean => b.every((item) => a.some((other) => isEqual(other, item)));

/** Lists taken as sets (cel-go, extension of sets). */
export const sets: readonly Overload[] = [
  declare(
    'sets.contains(list(T), list(T)) -> bool',
    (a: Values, b: Values) => holdsAll(valuesOf(a), valuesOf(b)),
    setCost(1),
  ),
  declare(
    'sets.equivalent(list(T), list(T)) -> bool',
    (a: Values, b: Values) => holdsAll(valuesOf(a), valuesOf(b)) && holdsAll(valuesOf(b), valuesOf(a)),
    setCost(2),
  ),
  declare(
    'sets.intersects(list(T), list(T)) -> bool',
    (a: Values, b: Values) => valuesOf(b).some((item) => holdsAll(valuesOf(a), [item])),
    setCost(1),
  ),
];
