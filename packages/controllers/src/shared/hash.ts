import { writeJson } from '@navarch/machinery';

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/** Letters of which no suffix spells a word; the tenth digit of a number is the tenth of these, and so on. */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789';

/** FNV-1a, 32 bits (draft-eastlake-fnv). */
export function fnv32a(bytes: Uint8Array): number {
  let hash = OFFSET;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, PRIME) >>> 0;
  return hash;
}

/**
 * The suffix that tells the revisions of a template apart (label pod-template-hash): the same for equal values, whatever
 * the order of their fields. A collision is resolved by counting.
 */
export function revisionHash(value: unknown, collisionCount: number | undefined): string {
  const text = canonical(value) + (collisionCount === undefined ? '' : `#${collisionCount}`);
  return safeHash(text);
}

/** A suffix for what is made once of something: the same for the same text. */
export function safeHash(text: string): string {
  const digits = String(fnv32a(new TextEncoder().encode(text)));
  return digits
    .split('')
    .map((digit) => SAFE[digit.charCodeAt(0) % SAFE.length] ?? '')
    .join('');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return writeJson(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`;
}
