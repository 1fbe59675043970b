type Revive = (name: string, value: unknown) => unknown;

/** A JSON value with each of its parts replaced, the inner ones first, as JSON.parse() lets revive: but integers stay exact. */
export function mapJson(value: unknown, revive: Revive, name = ''): unknown {
  if (Array.isArray(value))
    return revive(
      name,
      value.map((item, i) => mapJson(item, revive, String(i))),
    );
  if (typeof value !== 'object' || value === null) return revive(name, value);
  const made = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .map(([inner, part]) => [inner, mapJson(part, revive, inner)] as const);
  return revive(name, Object.fromEntries(made.filter(([, part]) => part !== undefined)));
}
