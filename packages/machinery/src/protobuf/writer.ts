import type { Integer } from '../json-text.ts';

const encoder = new TextEncoder();
/** Longer texts are cheaper to encode by the host than char by char. */
const LOOP_CHARS_MAX = 48;
const FIRST_BYTES = 16 * 1024;
/** Memory kept between messages: one large list must not be paid for ever after. */
const KEPT_BYTES_MAX = 1024 * 1024;

/**
 * Writes the protobuf wire format from its end to its beginning: a length is then known when its turn comes, and
 * nothing is measured beforehand. One writer serves one message after the other and keeps its memory.
 */
export class WireWriter {
  readonly #firstBytes: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  /** Where what was written last begins. */
  #at: number;

  constructor(firstBytes = FIRST_BYTES) {
    this.#firstBytes = firstBytes;
    this.#bytes = new Uint8Array(firstBytes);
    this.#view = new DataView(this.#bytes.buffer);
    this.#at = firstBytes;
  }

  /** Bytes written since the last take(). */
  get size(): number {
    return this.#bytes.length - this.#at;
  }

  /** A copy of everything written; the writer is empty afterwards. */
  take(): Uint8Array {
    const out = this.#bytes.slice(this.#at);
    this.clear();
    return out;
  }

  /** Forgets what was written: an encoding that failed leaves nothing behind. */
  clear(): void {
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#use(new Uint8Array(this.#firstBytes));
    this.#at = this.#bytes.length;
  }

  /** Field number and wire type. */
  tag(number: number, wireType: 0 | 1 | 2): void {
    this.varint(number * 8 + wireType);
  }

  /** A whole number; negative ones take ten bytes, as 64-bit two's complement. */
  varint(value: number): void {
    if (value >= 0 && value < 0x80) {
      if (this.#at === 0) this.#grow(1);
      this.#bytes[--this.#at] = value;
    } else if (value >= 0 && value <= 0x7fff_ffff) this.#small(value);
    else this.#large(BigInt.asUintN(64, BigInt(Math.trunc(value))));
  }

  /** A whole number of 64 bits. */
  long(value: Integer): void {
    if (typeof value === 'number') this.varint(value);
    else this.#large(BigInt.asUintN(64, value));
  }

  /** Whatever was written since the writer had `size` bytes becomes one field with its length. */
  wrap(number: number, size: number): void {
    this.varint(this.size - size);
    this.tag(number, 2);
  }

  double(value: number): void {
    this.#need(8);
    this.#at -= 8;
    this.#view.setFloat64(this.#at, value, true);
  }

  /** Bytes with their length. */
  bytes(value: Uint8Array): void {
    this.raw(value);
    this.varint(value.length);
  }

  raw(value: Uint8Array): void {
    this.#need(value.length);
    this.#at -= value.length;
    this.#bytes.set(value, this.#at);
  }

  /** A text in UTF-8 with its length. */
  string(text: string): void {
    const { length } = text;
    this.#need(length);
    if (length <= LOOP_CHARS_MAX ? this.#ascii(text) : this.#hosted(text)) {
      this.#at -= length;
      this.varint(length);
    } else this.bytes(encoder.encode(text));
  }

  /** Puts the text before `#at` when every character is one byte. */
  #ascii(text: string): boolean {
    const bytes = this.#bytes;
    let at = this.#at - text.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      bytes[at++] = code;
    }
    return true;
  }

  #hosted(text: string): boolean {
    const { read, written } = encoder.encodeInto(text, this.#bytes.subarray(this.#at - text.length, this.#at));
    return read === text.length && written === text.length;
  }

  #small(value: number): void {
    this.#need(5);
    const count = value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
    let at = (this.#at -= count);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[at] = rest;
  }

  #large(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    while (rest >= 0x80n) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.raw(Uint8Array.from(bytes));
  }

  #need(count: number): void {
    if (this.#at < count) this.#grow(count);
  }

  /** What is written stays at the end. */
  #grow(count: number): void {
    const { size } = this;
    const next = new Uint8Array(Math.max(this.#bytes.length * 2, size + count));
    next.set(this.#bytes.subarray(this.#at), next.length - size);
    this.#use(next);
    this.#at = next.length - size;
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
