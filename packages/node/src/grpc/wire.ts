/** Protocol buffer wire types (protobuf encoding specification). */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const TWO_TO_32 = 0x1_0000_0000;

/**
 * Reads one message, and those in it. Throws RangeError when the bytes end in the middle of something. Lists of hundreds
 * are read every second: nothing is made for what is only passed over.
 */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;
  /** Of the message that is being read. */
  #end: number;
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.byteLength;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** Number of the field and wire type in one: see `numberOf` and `wireTypeOf`. */
  tag(): number {
    this.#readVarint();
    return this.#low;
  }

  /** What follows is a message: until `leave` is called with the answer, its end is the end. */
  enter(): number {
    const outer = this.#end;
    const length = this.uint32();
    const start = this.#advance(length);
    this.#at = start;
    this.#end = start + length;
    return outer;
  }

  leave(outer: number): void {
    this.#at = this.#end;
    this.#end = outer;
  }

  int32(): number {
    this.#readVarint();
    return this.#low | 0;
  }

  uint32(): number {
    this.#readVarint();
    return this.#low;
  }

  int64(): number {
    this.#readVarint();
    return (this.#high | 0) * TWO_TO_32 + this.#low;
  }

  uint64(): number {
    this.#readVarint();
    return this.#high * TWO_TO_32 + this.#low;
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  bytes(): Buffer {
    const length = this.uint32();
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(): string {
    const length = this.uint32();
    const start = this.#advance(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  skip(wireType: number): void {
    if (wireType === wireTypes.varint) this.#readVarint();
    else if (wireType === wireTypes.fixed64) this.#advance(8);
    else if (wireType === wireTypes.bytes) this.#advance(this.uint32());
    else if (wireType === wireTypes.fixed32) this.#advance(4);
    else throw new RangeError(`protobuf wire type ${wireType} does not exist`);
  }

  #advance(length: number): number {
    const start = this.#at;
    if (start + length > this.#end) throw new RangeError('protobuf message ends too early');
    this.#at += length;
    return start;
  }

  #readVarint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#advance(1)] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw new RangeError('protobuf number is longer than 64 bits');
  }
}

export const numberOf = (tag: number): number => tag >>> 3;
export const wireTypeOf = (tag: number): number => tag & 7;
