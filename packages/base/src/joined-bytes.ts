/** The bytes of all parts in one piece. A part that has them all is given itself, not copied. */
export function joinedBytes(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const whole = parts.find((part) => part.length === length);
  if (whole) return whole;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
