/**
 * CBOR in the notation for people (RFC 8949, section 8), for comparing what is on the wire: types of numbers and texts and
 * tags are kept; keys are sorted, since upstream writes them in another order each time. Byte strings, as which upstream writes texts, are "quoted"; text strings are t"quoted". Each item of a
 * sequence has a line; an item that is not whole yet is left out.
 */
export function cborNotation(bytes: Uint8Array): string {
  const reader = new Reader(bytes);
  const lines: string[] = [];
  while (!reader.isAtEnd) {
    const start = reader.at;
    try {
      lines.push(reader.item());
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      lines.push(`rest ${Buffer.from(bytes.subarray(start)).toString('hex')}`);
      break;
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

class Reader {
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.at >= this.#view.byteLength;
  }

  item(): string {
    const first = this.#number(1);
    const [major, code] = [Number(first) >> 5, Number(first) & 0x1f];
    if (major === 7) return this.#simple(code);
    const count = code < 24 ? BigInt(code) : this.#number(1 << (code - 24));
    switch (major) {
      case 0:
        return String(count);
      case 1:
        return String(-1n - count);
      case 2:
        return JSON.stringify(this.#text(Number(count)));
      case 3:
        return `t${JSON.stringify(this.#text(Number(count)))}`;
      case 4:
        return `[${Array.from({ length: Number(count) }, () => this.item()).join(',')}]`;
      case 5:
        return `{${Array.from({ length: Number(count) }, () => `${this.item()}:${this.item()}`)
          .toSorted()
          .join(',')}}`;
      default:
        return `${count}(${this.item()})`;
    }
  }

  #simple(code: number): string {
    switch (code) {
      case 20:
        return 'false';
      case 21:
        return 'true';
      case 22:
        return 'null';
      case 25:
        return `f16 ${this.#view.getFloat16(this.#skip(2))}`;
      case 26:
        return `f32 ${this.#view.getFloat32(this.#skip(4))}`;
      case 27:
        return `f64 ${this.#view.getFloat64(this.#skip(8))}`;
      default:
        return `simple(${code})`;
    }
  }

  #text(length: number): string {
    const start = this.#skip(length);
    return Buffer.from(this.#view.buffer, this.#view.byteOffset + start, length).toString();
  }

  #number(size: number): bigint {
    const at = this.#skip(size);
    let value = 0n;
    for (let i = 0; i < size; i++) value = (value << 8n) | BigInt(this.#view.getUint8(at + i));
    return value;
  }

  #skip(size: number): number {
    const start = this.at;
    if (start + size > this.#view.byteLength) throw new RangeError('unexpected EOF');
    this.at += size;
    return start;
  }
}
