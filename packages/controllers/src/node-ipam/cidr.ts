import { addressAt, type AddressRange, addressRange, type IpFamily, parseIp } from '@navarch/api';

/** Whole blocks of a range, in order. */
export interface BlockRange {
  readonly family: IpFamily;
  /** The whole range, from its first address. */
  readonly cidr: string;
  readonly count: number;
  block(index: number): string;
  /** Which blocks have an address of this range, from the first to the last; undefined: none. */
  overlap(cidr: string): readonly [number, number] | undefined;
}

/** A cluster has no more nodes than blocks: of IPv6 there would be more than can be looked through. Upstream's limit. */
const BLOCK_BITS_MAX = 16;

/** `10.244.0.0/16` in blocks of /24: 10.244.0.0/24, 10.244.1.0/24, ... Throws on what is no such range. */
export function blocksOf(cidr: string, blockBits: number): BlockRange {
  const whole = spanOf(cidr);
  const bits = Number(cidr.split('/')[1]);
  if (!whole || bits > blockBits || blockBits > whole.width || blockBits - bits > BLOCK_BITS_MAX) {
    throw new Error(
      `Cannot divide ${cidr} into blocks of /${blockBits}: a range such as 10.244.0.0/16 that holds such blocks, and no more than 65536, is needed`,
    );
  }
  const { range, first, size } = whole;
  const blockSize = 1n << BigInt(whole.width - blockBits);
  const addressOf = (at: bigint): string => addressAt({ ...range, first: at }, 0);
  return {
    family: range.family,
    cidr: `${addressOf(first)}/${bits}`,
    count: 2 ** (blockBits - bits),
    block: (index) => `${addressOf(first + BigInt(index) * blockSize)}/${blockBits}`,
    overlap(other) {
      const span = spanOf(other);
      if (!span || span.range.family !== range.family) return undefined;
      const from = span.first > first ? span.first : first;
      const [end, otherEnd] = [first + size, span.first + span.size];
      const last = (end < otherEnd ? end : otherEnd) - 1n;
      return from > last ? undefined : [Number((from - first) / blockSize), Number((last - first) / blockSize)];
    },
  };
}

interface Span {
  readonly range: AddressRange;
  /** Bits of an address. */
  readonly width: number;
  readonly first: bigint;
  readonly size: bigint;
}

function spanOf(cidr: string): Span | undefined {
  const [address = '', length = ''] = cidr.split('/');
  const range = addressRange(cidr);
  const bytes = parseIp(address);
  if (!range || !bytes) return undefined;
  const width = bytes.length * 8;
  const size = 1n << BigInt(width - Number(length));
  return { range, width, size, first: (bytes.reduce((sum, byte) => (sum << 8n) + BigInt(byte), 0n) / size) * size };
}
