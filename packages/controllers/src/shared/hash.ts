const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A short name-safe digest of a value (FNV-1a over its JSON), changed by the collision count. */
export function templateHash(value: unknown, collisions = 0): string {
  let hash = 0x811c9dc5;
  const text = JSON.stringify(value) + (collisions > 0 ? `#${collisions}` : '');
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return String(hash >>> 0).split('').map((digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join('');
}
