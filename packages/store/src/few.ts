/** None, one, or several: most sets of an index have one member, and a Set for each would take ten times as much. */
export type Few<T extends object> = undefined | T | Set<T>;

/** With one more; what was given may have been changed. */
export function withOne<T extends object>(few: Few<T>, item: T): Few<T> {
  if (few === undefined || few === item) return item;
  return few instanceof Set ? few.add(item) : new Set([few, item]);
}

/** Without it; what was given may have been changed. */
export function withoutOne<T extends object>(few: Few<T>, item: T): Few<T> {
  if (!(few instanceof Set)) return few === item ? undefined : few;
  few.delete(item);
  if (few.size > 1) return few;
  const [last] = few;
  return last;
}

export function sizeOf<T extends object>(few: Few<T>): number {
  if (few === undefined) return 0;
  return few instanceof Set ? few.size : 1;
}

export function itemsOf<T extends object>(few: Few<T>): Iterable<T> {
  if (few === undefined) return [];
  return few instanceof Set ? few : [few];
}
