/** A copy of a JSON value that shares nothing with it. Several times as fast as structuredClone, which knows more types. */
export function cloneJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneJson) as T;
  const copy: Record<string, unknown> = {};
  for (const name in value) {
    const member = (value as Readonly<Record<string, unknown>>)[name];
    // A map may have a key that objects treat as special.
    if (name === '__proto__')
      Object.defineProperty(copy, name, {
        value: cloneJson(member),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    else copy[name] = typeof member === 'object' ? cloneJson(member) : member;
  }
  return copy as T;
}
