import { type IpFamily, parseIp } from '@navarch/api';

/** Addresses from the first to the last. */
interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

/** As in NetworkPolicy. */
export interface Block {
  readonly cidr: string;
  readonly except?: readonly string[];
}

/**
 * All addresses of the blocks but those that each excepts, as the kernel's sets take them: ranges of one family that do
 * not touch. One set then answers for any number of blocks.
 */
export function rangesOf(blocks: readonly Block[], family: IpFamily): readonly string[] {
  const left = blocks.flatMap(({ cidr, except = [] }) => {
    const whole = rangeOf(cidr, family);
    const holes = except.flatMap((text) => rangeOf(text, family) ?? []);
    return whole ? holes.reduce<readonly Range[]>((ranges, hole) => without(ranges, hole), [whole]) : [];
  });
  return merged(left).map(({ first, last }) =>
    first === last ? addressText(first, family) : `${addressText(first, family)}-${addressText(last, family)}`,
  );
}

function rangeOf(cidr: string, family: IpFamily): Range | undefined {
  const [address = '', length = ''] = cidr.split('/');
  const bytes = parseIp(address);
  if (!bytes || bytes.length !== (family === 'IPv4' ? 4 : 16)) return undefined;
  const bits = bytes.length * 8;
  // Validation knows IPv4 in the form of IPv6 only in old objects: their length counts as written.
  const prefix = Number(length) - (family === 'IPv4' && address.includes(':') ? 96 : 0);
  if (!/^\d+$/.test(length) || prefix < 0 || prefix > bits) return undefined;
  const size = 1n << BigInt(bits - prefix);
  const number = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const first = (number / size) * size;
  return { first, last: first + size - 1n };
}

const without = (ranges: readonly Range[], hole: Range): readonly Range[] =>
  ranges.flatMap(({ first, last }) => {
    if (hole.last < first || hole.first > last) return [{ first, last }];
    const before = hole.first > first ? [{ first, last: hole.first - 1n }] : [];
    return hole.last < last ? [...before, { first: hole.last + 1n, last }] : before;
  });

function merged(ranges: readonly Range[]): readonly Range[] {
  const apart: Range[] = [];
  for (const range of ranges.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    const before = apart.at(-1);
    if (!before || range.first > before.last + 1n) apart.push(range);
    else if (range.last > before.last) apart[apart.length - 1] = { first: before.first, last: range.last };
  }
  return apart;
}

function addressText(number: bigint, family: IpFamily): string {
  const [parts, bits, radix] = family === 'IPv4' ? [4, 8n, 10] : [8, 16n, 16];
  const mask = (1n << bits) - 1n;
  const texts = Array.from({ length: parts }, (_, i) =>
    ((number >> (bits * BigInt(parts - 1 - i))) & mask).toString(radix),
  );
  return texts.join(family === 'IPv4' ? '.' : ':');
}
