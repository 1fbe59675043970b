import { declare, type Overload } from '../declare.ts';
import { asOwn, CelError, Duration, inside, isMap, noOverload, Optional, sizeOf, Timestamp, Uint } from '../values.ts';

/** Whether it is the value that its type has when nothing is said. */
const isZero = (value: unknown): boolean => {
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Duration) return value.ns === 0n;
  if (value instanceof Timestamp) return value.ns === 0n;
  if (Array.isArray(value) || value instanceof Uint8Array || isMap(value)) return sizeOf(value) === 0;
  return value === null || value === false || value === '' || value === 0n || value === 0;
};

/** These never run: planOf() has its own way with them. */
const planned = (): never => {
  throw noOverload();
};

const valueOf = ({ has, value }: Optional): unknown => {
  if (!has) throw new CelError('optional.none() dereference');
  return value;
};

const at = (list: readonly unknown[], place: number): Optional => {
  const index = place < 0 ? list.length + place : place;
  return index < 0 || index >= list.length ? new Optional(false) : new Optional(true, inside(list, list[index]));
};

const held = (list: readonly unknown[]): readonly unknown[] =>
  asOwn(list.filter((one): one is Optional => one instanceof Optional && one.has).map(({ value }) => value));

/** Values that may be absent (https://github.com/google/cel-spec/wiki/proposal-246). */
export const optionals: readonly Overload[] = [
  declare('optional.of(V) -> optional(V)', (value: unknown) => new Optional(true, value)),
  declare('optional.ofNonZeroValue(V) -> optional(V)', (value: unknown) =>
    isZero(value) ? new Optional(false) : new Optional(true, value),
  ),
  declare('optional.none() -> optional(V)', () => new Optional(false)),
  declare('value(this optional(V)) -> V', valueOf),
  declare('hasValue(this optional(V)) -> bool', ({ has }: Optional) => has),
  declare('or(this optional(V), optional(V)) -> optional(V)', planned),
  declare('orValue(this optional(V), V) -> V', planned),
  declare('_[?_](list(V), int) -> optional(V)', planned),
  declare('_[?_](optional(list(V)), int) -> optional(V)', planned),
  declare('_[?_](map(K, V), K) -> optional(V)', planned),
  declare('_[?_](optional(map(K, V)), K) -> optional(V)', planned),
  declare('_[_](optional(list(V)), int) -> optional(V)', planned),
  declare('_[_](optional(map(K, V)), K) -> optional(V)', planned),
  declare('last(this list(V)) -> optional(V)', (list: readonly unknown[]) => at(list, -1)),
  declare('first(this list(V)) -> optional(V)', (list: readonly unknown[]) => at(list, 0)),
  declare('optional.unwrap(list(optional(V))) -> list(V)', held),
  declare('unwrapOpt(this list(optional(V))) -> list(V)', held),
];
