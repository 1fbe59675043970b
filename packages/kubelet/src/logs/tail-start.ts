const BLOCK_BYTES = 64 * 1024;
const NEWLINE = 10;

/** Where the last `lines` lines of a file of `size` bytes begin. Reads backwards, a block at a time. */
export async function tailStart(
  read: (offset: number, length: number) => Promise<Uint8Array>,
  size: number,
  lines: number,
): Promise<number> {
  if (lines <= 0) return size;
  let missing = lines;
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const block = await read(start, end - start);
    for (let at = block.lastIndexOf(NEWLINE); at >= 0; at = at === 0 ? -1 : block.lastIndexOf(NEWLINE, at - 1)) {
      // The last character ends the last line; it begins none.
      if (start + at === size - 1) continue;
      missing -= 1;
      if (missing === 0) return start + at + 1;
    }
    end = start;
  }
  return 0;
}
