import { addressAt, addressRange, type IpFamily, parseIp } from '@navarch/api';

/** Whole blocks of a range, in order. */
export interface BlockRange {
  readonly family: IpFamily;
  readonly count: number;
  block(index: number): string;
}

/** A cluster has no more nodes than blocks: of IPv6 there would be more than can be looked through. Upstream's limit. */
const BLOCK_BITS_MAX = 16;

/** `10.244.0.0/16` in blocks of /24: 10.244.0.0/24, 10.244.1.0/24, ... Throws on what is no such range. */
export function blocksOf(cidr: string, blockBits: number): BlockRange {
  const [address = '', length = ''] = cidr.split('/');
  const range = addressRange(cidr);
  const [bytes, bits] = [parseIp(address), Number(length)];
  if (!range || !bytes || bits > blockBits || blockBits > bytes.length * 8 || blockBits - bits > BLOCK_BITS_MAX) {
    throw new Error(
      `Cannot divide ${cidr} into blocks of /${blockBits}: a range such as 10.244.0.0/16 that holds such blocks, and no more than 65536, is needed`,
    );
  }
  const { family } = range;
  const size = 1n << BigInt(bytes.length * 8 - blockBits);
  const whole = 1n << BigInt(bytes.length * 8 - bits);
  const first = (bytes.reduce((sum, byte) => (sum << 8n) + BigInt(byte), 0n) / whole) * whole;
  return {
    family,
    count: 2 ** (blockBits - bits),
    block: (index) => `${addressAt({ ...range, first: first + BigInt(index) * size }, 0)}/${blockBits}`,
  };
}
