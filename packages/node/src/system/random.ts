import { randomFillSync } from 'node:crypto';
import { type Entropy, type Random, seededRandom } from '@navarch/base';

/** Seeded once from the operating system: fast, and unlike at every start. Not for secrets. */
export function systemRandom(): Random {
  return seededRandom(new DataView(systemEntropy.bytes(4).buffer).getUint32(0));
}

/** The operating system's own generator. */
export const systemEntropy: Entropy = {
  bytes: (length) => randomFillSync(new Uint8Array(length)),
};
