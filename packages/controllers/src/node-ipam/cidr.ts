/** Whole blocks of an IPv4 range, in order. */
export interface BlockRange {
  readonly count: number;
  block(index: number): string;
}

/** `10.244.0.0/16` in blocks of /24: 10.244.0.0/24, 10.244.1.0/24, ... Throws on what is no such range. */
export function blocksOf(cidr: string, blockBits: number): BlockRange {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr);
  const parts = match?.slice(1).map(Number) ?? [];
  const bits = parts[4] ?? 33;
  if (parts.length !== 5 || parts.slice(0, 4).some((part) => part > 255) || bits > blockBits || blockBits > 32) {
    throw new Error(
      `Cannot divide ${cidr} into blocks of /${blockBits}: a range such as 10.244.0.0/16 that holds such blocks is needed`,
    );
  }
  const size = 2 ** (32 - blockBits);
  const address = parts.slice(0, 4).reduce((sum, part) => sum * 256 + part, 0);
  const start = address - (address % 2 ** (32 - bits));
  return {
    count: 2 ** (blockBits - bits),
    block(index) {
      const at = start + index * size;
      return `${[24, 16, 8, 0].map((shift) => Math.floor(at / 2 ** shift) % 256).join('.')}/${blockBits}`;
    },
  };
}
