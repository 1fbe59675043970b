import { huffmanText } from './huffman.ts';
import { HeaderField } from './header-field.ts';
import { STATIC_TABLE } from './static-table.ts';

/** The size of the table that we keep for a sender: the one that both sides begin with. */
export const TABLE_BYTES = 4096;
/** No length and no index is larger: a frame is far smaller. */
const INTEGER_MAX = 1 << 24;

const FIXED = STATIC_TABLE.map(([name, value]) => new HeaderField(name, value));

/** A header block that cannot be read: the connection ends, since both sides no longer know the same table. */
export class HeaderBlockError extends Error {}

/** Reads the header blocks of one connection, in their order (RFC 7541). */
export class HeaderDecoder {
  /** The youngest last. */
  readonly #entries: HeaderField[] = [];
  #bytes = 0;
  #bytesMax = TABLE_BYTES;
  #block: Buffer = Buffer.of();
  #at = 0;

  /** Tells of each field in its order. Throws HeaderBlockError. */
  decode(block: Buffer, take: (field: HeaderField) => void): void {
    this.#block = block;
    this.#at = 0;
    let hasFields = false;
    while (this.#at < block.length) {
      const first = block[this.#at] as number;
      if (first >= 0x20 && first < 0x40) {
        if (hasFields) throw new HeaderBlockError('the size of the table changes within a block');
        this.#resize(this.#integer(5));
        continue;
      }
      hasFields = true;
      take(first >= 0x80 ? this.#entry(this.#integer(7)) : this.#literal(first >= 0x40));
    }
  }

  #literal(isKept: boolean): HeaderField {
    const index = this.#integer(isKept ? 6 : 4);
    const name = index === 0 ? this.#text() : this.#entry(index).name;
    const field = new HeaderField(name, this.#text());
    if (isKept) this.#keep(field);
    return field;
  }

  #entry(index: number): HeaderField {
    const entry =
      index <= FIXED.length ? FIXED[index - 1] : this.#entries[this.#entries.length - (index - FIXED.length)];
    if (!entry) throw new HeaderBlockError(`no entry ${index} in the table`);
    return entry;
  }

  #keep(entry: HeaderField): void {
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
    this.#evict();
  }

  #resize(bytes: number): void {
    if (bytes > TABLE_BYTES) throw new HeaderBlockError('a table larger than was granted');
    this.#bytesMax = bytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#bytes > this.#bytesMax) this.#bytes -= (this.#entries.shift() as HeaderField).bytes;
  }

  #text(): string {
    if (this.#at >= this.#block.length) throw new HeaderBlockError('the block ends within a field');
    const isCoded = (this.#block[this.#at] as number) >= 0x80;
    const length = this.#integer(7);
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#block.length) throw new HeaderBlockError('the block ends within a text');
    if (!isCoded) return this.#block.toString('latin1', from, this.#at);
    const text = huffmanText(this.#block, from, this.#at);
    if (text === undefined) throw new HeaderBlockError('a text that is no Huffman code');
    return text;
  }

  /** An integer whose first octet has that many bits of it (RFC 7541, section 5.1). */
  #integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = (this.#block[this.#at++] as number) & mask;
    if (value < mask) return value;
    for (let shift = 0; ; shift += 7) {
      const octet = this.#block[this.#at++];
      if (octet === undefined || shift > 21) throw new HeaderBlockError('an integer without an end');
      value += (octet & 0x7f) << shift;
      if (value > INTEGER_MAX) throw new HeaderBlockError('an integer too large');
      if (octet < 0x80) return value;
    }
  }
}
