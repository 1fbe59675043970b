import { asOwn, CelError, entriesOf, inside, isMap, type Key } from './values.ts';

/** Lists and maps that only a fold knows yet: they may be added to in place. */
const growing = new WeakSet<object>();

/** What a fold begins with: while it is empty nobody else has it. */
export function grown(value: unknown): unknown {
  if ((Array.isArray(value) || value instanceof Map) && sizeIsZero(value)) growing.add(value);
  return value;
}

/** The fold is over: what it made is a value like any other. */
export function finish(value: unknown): void {
  growing.delete(value as object);
}

const sizeIsZero = (value: readonly unknown[] | ReadonlyMap<unknown, unknown>): boolean =>
  (Array.isArray(value) ? value.length : (value as ReadonlyMap<unknown, unknown>).size) === 0;

/** Both lists in one; a fold's own grows. */
export function joinedLists(left: unknown[], right: unknown[]): readonly unknown[] {
  if (!growing.has(left))
    return asOwn([...left.map((item) => inside(left, item)), ...right.map((item) => inside(right, item))]);
  for (const item of right) left.push(inside(right, item));
  return left;
}

/** The map with what is added; a fold's own grows. Throws CelError for a key that is there. */
export function withEntries(
  map: unknown,
  added: readonly (readonly [key: Key, value: unknown])[],
): ReadonlyMap<Key, unknown> {
  const made =
    map instanceof Map && growing.has(map) ? (map as Map<Key, unknown>) : new Map(isMap(map) ? entriesOf(map) : []);
  for (const [key, value] of added) {
    if (made.has(key)) throw new CelError(`insert failed: key ${String(key)} already exists`);
    made.set(key, value);
  }
  return made;
}
