import type { Integer } from '../json-text.ts';

/** Tag 55799: what follows is CBOR (RFC 8949, section 3.4.6). Upstream begins every document with it. */
export const SELF_DESCRIBED: readonly number[] = [0xd9, 0xd9, 0xf7];

/** The major types of RFC 8949, section 3.1, where they stand in the first byte. */
const [UNSIGNED, NEGATIVE, BYTES, ARRAY, MAP] = [0x00, 0x20, 0x40, 0x80, 0xa0];
const [FALSE, TRUE, NULL] = [0xf4, 0xf5, 0xf6];
const [FLOAT16, FLOAT32, FLOAT64] = [0xf9, 0xfa, 0xfb];
const encoder = new TextEncoder();

/**
 * A JSON value as upstream's CBOR serializer writes it (KEP-4222): texts as byte strings, keys in the order of their bytes,
 * numbers as short as they can be. Throws RangeError for numbers that JSON has not.
 */
export function encodeCbor(value: unknown): Uint8Array {
  const writer = new CborWriter();
  writer.bytes(SELF_DESCRIBED);
  writer.value(value);
  return writer.written();
}

/** The same without the mark that it is CBOR: for what is within something else. */
export function encodeCborItem(value: unknown): Uint8Array {
  const writer = new CborWriter();
  writer.value(value);
  return writer.written();
}

class CborWriter {
  #buffer = new Uint8Array(1024);
  #view = new DataView(this.#buffer.buffer);
  #length = 0;

  written(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  bytes(bytes: ArrayLike<number>): void {
    const at = this.#reserve(bytes.length);
    this.#buffer.set(bytes, at);
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        return this.#text(encoder.encode(value));
      case 'number':
        return this.#number(value);
      case 'bigint':
        return this.#integer(value);
      case 'boolean':
        return this.#byte(value ? TRUE : FALSE);
      default:
    }
    if (value === null || value === undefined) this.#byte(NULL);
    else if (Array.isArray(value)) this.#array(value);
    else this.#map(value as object);
  }

  #array(items: readonly unknown[]): void {
    this.#head(ARRAY, items.length);
    for (const item of items) this.value(item);
  }

  #map(object: object): void {
    const entries = Object.entries(object)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => ({ key: encoder.encode(key), value: value as unknown }));
    entries.sort((a, b) => inOrder(a.key, b.key));
    this.#head(MAP, entries.length);
    for (const { key, value } of entries) {
      this.#text(key);
      this.value(value);
    }
  }

  #text(bytes: Uint8Array): void {
    this.#head(BYTES, bytes.length);
    this.bytes(bytes);
  }

  #number(value: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`Cannot encode ${value}: JSON has no such number`);
    // What is beyond 53 bits and no bigint is a float.
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.#integer(value);
    else this.#float(value);
  }

  #integer(value: Integer): void {
    if (value < 0) this.#head(NEGATIVE, typeof value === 'bigint' ? -1n - value : -1 - value);
    else this.#head(UNSIGNED, value);
  }

  /** In the fewest bytes that keep the value. */
  #float(value: number): void {
    if (fromHalf(toHalf(value)) === value) {
      this.#byte(FLOAT16);
      const at = this.#reserve(2);
      this.#view.setUint16(at, toHalf(value));
    } else if (Math.fround(value) === value) {
      this.#byte(FLOAT32);
      const at = this.#reserve(4);
      this.#view.setFloat32(at, value);
    } else {
      this.#byte(FLOAT64);
      const at = this.#reserve(8);
      this.#view.setFloat64(at, value);
    }
  }

  /** A major type with its argument. */
  #head(type: number, argument: Integer): void {
    if (argument < 24) return this.#byte(type | Number(argument));
    const [code, size] =
      argument < 0x100
        ? ([24, 1] as const)
        : argument < 0x1_0000
          ? ([25, 2] as const)
          : argument < 0x1_0000_0000
            ? ([26, 4] as const)
            : ([27, 8] as const);
    this.#byte(type | code);
    const at = this.#reserve(size);
    if (size === 1) this.#view.setUint8(at, Number(argument));
    else if (size === 2) this.#view.setUint16(at, Number(argument));
    else if (size === 4) this.#view.setUint32(at, Number(argument));
    else this.#view.setBigUint64(at, BigInt(argument));
  }

  #byte(byte: number): void {
    const at = this.#reserve(1);
    this.#buffer[at] = byte;
  }

  /** Room for some bytes; returns where it begins. */
  #reserve(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#buffer.length * 2));
      larger.set(this.#buffer);
      this.#buffer = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

/** Shorter keys have smaller heads; equally long ones go by their bytes (RFC 8949, section 4.2.1). */
function inOrder(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** The bits of a number as a half-precision float (IEEE 754), cut where it does not fit: the caller looks whether it did. */
function toHalf(value: number): number {
  floats[0] = value;
  const single = bits[0] as number;
  const sign = (single >>> 16) & 0x8000;
  const exponent = ((single >>> 23) & 0xff) - 127;
  const mantissa = single & 0x7fffff;
  if (exponent === -127) return sign;
  if (exponent > 15) return sign | 0x7c00;
  if (exponent >= -14) return sign | ((exponent + 15) << 10) | (mantissa >>> 13);
  return exponent < -24 ? sign : sign | ((mantissa | 0x800000) >>> (-1 - exponent));
}

/** The number that the bits of a half-precision float stand for. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 0x1f) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}
