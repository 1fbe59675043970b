import { onePiece } from './one-piece.ts';

/** A stream of random numbers. The simulator seeds it; production seeds it from the system. Never for secrets. */
export interface Random {
  /** Uniform in [0, 2^32). */
  uint32(): number;
  /** An independent stream. Forking by name keeps one component's draws from shifting another's. */
  fork(name: string): Random;
}

/** Bytes nobody can guess: keys, tokens, nonces. Seeded in the simulator, from the operating system elsewhere. */
export interface Entropy {
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

// Kubernetes leaves out vowels and look-alikes so that no suffix spells a word.
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** The tail of a generated name, as the `generateName` API convention has it. */
export function randomSuffix(random: Random, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += SUFFIX_ALPHABET[random.uint32() % SUFFIX_ALPHABET.length];
  return text;
}

/** A version 4 UUID (RFC 9562). */
export function randomUid(random: Random): string {
  const [a, b, c, d] = [random.uint32(), random.uint32(), random.uint32(), random.uint32()];
  const version = (b & 0xffff_0fff) | 0x4000;
  const variant = (c & 0x3fff_ffff) | 0x8000_0000;
  return onePiece(
    `${hex16(a >>> 16)}${hex16(a)}-${hex16(version >>> 16)}-${hex16(version)}-${hex16(variant >>> 16)}-${hex16(variant)}${hex16(d >>> 16)}${hex16(d)}`,
  );
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const hex16 = (bits: number): string => (HEX[(bits >>> 8) & 0xff] as string) + (HEX[bits & 0xff] as string);

/** Deterministic stream (splitmix32). Good enough to schedule faults; never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    uint32() {
      state = (state + 0x9e3779b9) >>> 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      return (z ^ (z >>> 16)) >>> 0;
    },
    fork(name) {
      let hash = seed ^ 0x811c9dc5;
      for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
      return seededRandom(hash);
    },
  };
}
