/**
 * V8 reads a key that is written with an escape as the key which it expects there, when the text of the one begins with the
 * other (nodejs/node#63785): `{"a":1,"\"":2}` has the key `\` once an object of the process had the keys `a` and `\`, and
 * whoever sends one such object changes what is read of everybody's. A key that was taken for another has a backslash.
 */
export function maybeMistaken(text: string, value: unknown): boolean {
  return text.includes('\\') && hasBackslash(value);
}

/** The value of a text, with `parse` for all of it but the keys. */
export function parseWithKeys(text: string, parse: (text: string) => unknown): unknown {
  const keys: string[] = [];
  const numbered = text.replace(STRING, (string: string, colon: string | undefined) => {
    if (colon === undefined) return string;
    // A text that is no key is read as what it is.
    keys.push(JSON.parse(string.slice(0, -colon.length)) as string);
    return `"k${keys.length - 1}":`;
  });
  return renamed(parse(numbered), keys);
}

const STRING = /"(?:[^"\\]|\\.)*"(\s*:)?/g;

function hasBackslash(root: unknown): boolean {
  const left = [root];
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    if (Array.isArray(value)) {
      for (const item of value) if (typeof item === 'object' && item !== null) left.push(item);
    } else {
      for (const key in value as object) {
        if (key.includes('\\')) return true;
        const item = (value as Readonly<Record<string, unknown>>)[key];
        if (typeof item === 'object' && item !== null) left.push(item);
      }
    }
  }
  return false;
}

function renamed(value: unknown, keys: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, keys));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([number, item]) => [keys[Number(number.slice(1))], renamed(item, keys)]),
  );
}
