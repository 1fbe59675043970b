/** Where the JSON of an object says its version: `"resourceVersion":"`. */
const FIELD = new TextEncoder().encode('"resourceVersion":"');
const QUOTE = 0x22;

/** The stored bytes with their version, which engines that learn it late leave empty, and older stores. */
export function versioned(value: Uint8Array, revision: number): Uint8Array {
  const start = startOf(value);
  return value[start] === QUOTE ? spliced(value, start, start, revision) : value;
}

/** The bytes of an object as it was, at another version: that of its deletion. */
export function reversioned(value: Uint8Array, revision: number): Uint8Array {
  const start = startOf(value);
  return spliced(value, start, value.indexOf(QUOTE, start), revision);
}

/**
 * The first such field is the object's own: what comes before is no text that people write, and quotes within texts are
 * escaped.
 */
function startOf(value: Uint8Array): number {
  const last = value.length - FIELD.length;
  for (let at = 0; at <= last; at += 1) {
    // The field's second letter is rarer than the quote before it.
    if (value[at + 1] !== FIELD[1]) continue;
    let same = 0;
    while (same < FIELD.length && value[at + same] === FIELD[same]) same += 1;
    if (same === FIELD.length) return at + same;
  }
  throw new Error('A stored object has no place for its resourceVersion');
}

function spliced(value: Uint8Array, from: number, to: number, revision: number): Uint8Array {
  const digits = String(revision);
  const bytes = new Uint8Array(value.length - (to - from) + digits.length);
  bytes.set(value.subarray(0, from));
  for (let i = 0; i < digits.length; i += 1) bytes[from + i] = digits.charCodeAt(i);
  bytes.set(value.subarray(to), from + digits.length);
  return bytes;
}
