/** A copy of a JSON value with the keys of its objects in order, as Go prints what it holds in maps. */
export function inKeyOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inKeyOrder);
  if (typeof value !== 'object' || value === null) return value;
  const source = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.keys(source)
      .sort()
      .map((name) => [name, inKeyOrder(source[name])]),
  );
}
