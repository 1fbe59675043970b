import { type Integer, integerOf } from '../json-text.ts';

/** Reads the protobuf wire format. Throws RangeError for bytes that end too early or make no sense. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Field number and wire type. */
  tag(): readonly [number: number, wireType: number] {
    const tag = this.uint();
    return [Math.floor(tag / 8), tag % 8];
  }

  /** A varint as an unsigned number, exact to 2^53. */
  uint(): number {
    const short = this.#short();
    return short >= 0 ? short : Number(this.#long());
  }

  /** A varint as a signed 64-bit number, exact to 2^53. */
  int(): number {
    const short = this.#short();
    return short >= 0 ? short : Number(BigInt.asIntN(64, this.#long()));
  }

  /** A varint as a signed 64-bit number. */
  long(): Integer {
    const short = this.#short();
    return short >= 0 ? short : (integerOf(BigInt.asIntN(64, this.#long())) as Integer);
  }

  double(): number {
    this.#need(8);
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  bytes(): Uint8Array {
    const length = this.uint();
    this.#need(length);
    const value = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }

  skip(wireType: number): void {
    if (wireType === 0) this.uint();
    else if (wireType === 1) this.#move(8);
    else if (wireType === 2) this.bytes();
    else if (wireType === 5) this.#move(4);
    else throw new RangeError(`proto: illegal wireType ${wireType}`);
  }

  /** A varint of up to four bytes, as nearly all are; -1: it is longer, and nothing was read. */
  #short(): number {
    const bytes = this.#bytes;
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const byte = bytes[this.#at + i];
      if (byte === undefined) throw new RangeError('unexpected EOF');
      value |= (byte & 0x7f) << (7 * i);
      if (byte >= 0x80) continue;
      this.#at += i + 1;
      return value;
    }
    return -1;
  }

  #long(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      this.#need(1);
      const byte = this.#bytes[this.#at++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('proto: integer overflow');
  }

  #move(count: number): void {
    this.#need(count);
    this.#at += count;
  }

  #need(count: number): void {
    if (this.#at + count > this.#bytes.length) throw new RangeError('unexpected EOF');
  }
}
