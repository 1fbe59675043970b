import { joinedBytes } from '@navarch/base';
import { type Integer, integerOf } from '../json-text.ts';
import { formatTime, parseTime } from '../time.ts';
import { fromHalf } from './encode.ts';

/** Lists, maps and tags within one another: deeper than any object of the API, and shallow enough for the stack. */
const DEPTH_MAX = 1000;
const BREAK = Symbol('break');
/** What the content of a tag is expected to be shown as in text (RFC 8949, section 3.4.5.2). */
const [TEXT_TIME, EPOCH_TIME, BIG, NEGATIVE_BIG, BASE64URL, BASE64, BASE16] = [0, 1, 2, 3, 21, 22, 23];

/**
 * The JSON value of a CBOR document, by the rules of upstream's serializer (KEP-4222). Throws SyntaxError for what is no
 * CBOR, or CBOR that JSON has nothing for: other keys than text, keys that come twice, numbers of more than 64 bits.
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  const reader = new CborReader(bytes);
  const value = reader.value({ depth: 0, tag: undefined });
  if (value === BREAK) throw new SyntaxError('unexpected "break" code');
  if (!reader.isAtEnd) throw new SyntaxError('extraneous data');
  return value;
}

const strictText = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const laxText = new TextDecoder('utf-8', { ignoreBOM: true });

interface Place {
  readonly depth: number;
  /** Says how byte strings are shown from here on. */
  readonly tag: number | undefined;
}

const within = ({ depth, tag }: Place): Place => ({ depth: depth + 1, tag });

class CborReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  value(place: Place): unknown {
    if (place.depth > DEPTH_MAX) throw new SyntaxError('exceeded max depth');
    const first = this.#take(1)[0] as number;
    const [major, code] = [first >>> 5, first & 0x1f];
    if (major === 7) return this.#simple(code);
    if (code === 31) return this.#indefinite(major, place);
    const argument = this.#argument(code);
    switch (major) {
      case 0:
        return integer(argument);
      case 1:
        return integer(-1n - argument);
      case 2:
        return shownBytes(place.tag, this.#take(Number(argument)));
      case 3:
        return text(this.#take(Number(argument)));
      case 4:
        return this.#array(Number(argument), place);
      case 5:
        return this.#map(Number(argument), place);
      default:
        return this.#tagged(Number(argument), place);
    }
  }

  #argument(code: number): bigint {
    if (code < 24) return BigInt(code);
    if (code > 27) throw new SyntaxError(`invalid additional information ${code}`);
    const size = 1 << (code - 24);
    const number = this.#view(size);
    if (size === 8) return number.getBigUint64(0);
    return BigInt(size === 1 ? number.getUint8(0) : size === 2 ? number.getUint16(0) : number.getUint32(0));
  }

  #simple(code: number): unknown {
    switch (code) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 25:
        return finite(fromHalf(this.#view(2).getUint16(0)));
      case 26:
        return finite(this.#view(4).getFloat32(0));
      case 27:
        return finite(this.#view(8).getFloat64(0));
      case 31:
        return BREAK;
      default:
        throw new SyntaxError('a simple value that is neither true, false nor null');
    }
  }

  #array(count: number, place: Place): readonly unknown[] {
    // Each item takes a byte at least: a count that is a lie costs nothing.
    if (count > this.#bytes.length - this.#at) throw new SyntaxError('unexpected EOF');
    const items: unknown[] = [];
    for (let i = 0; i < count; i++) items.push(this.#item(place));
    return items;
  }

  #map(count: number, place: Place): object {
    if (count > this.#bytes.length - this.#at) throw new SyntaxError('unexpected EOF');
    const entries = new Map<string, unknown>();
    for (let i = 0; i < count; i++) this.#entry(entries, this.#item(place), place);
    return Object.fromEntries(entries);
  }

  #entry(entries: Map<string, unknown>, key: unknown, place: Place): void {
    if (typeof key !== 'string') throw new SyntaxError('a map key that is no string');
    if (entries.has(key)) throw new SyntaxError(`found duplicate map key ${JSON.stringify(key)}`);
    entries.set(key, this.#item(place));
  }

  #item(place: Place): unknown {
    const value = this.value(within(place));
    if (value === BREAK) throw new SyntaxError('unexpected "break" code');
    return value;
  }

  #indefinite(major: number, place: Place): unknown {
    switch (major) {
      case 2:
        return shownBytes(place.tag, joinedBytes([...this.#eachChunk(2)]));
      case 3:
        return this.#texts();
      case 4:
        return this.#untilBreak(place);
      case 5:
        return this.#mapUntilBreak(place);
      default:
        throw new SyntaxError('invalid additional information 31');
    }
  }

  #untilBreak(place: Place): readonly unknown[] {
    const items: unknown[] = [];
    for (let value = this.value(within(place)); value !== BREAK; value = this.value(within(place))) items.push(value);
    return items;
  }

  #mapUntilBreak(place: Place): object {
    const entries = new Map<string, unknown>();
    for (let key = this.value(within(place)); key !== BREAK; key = this.value(within(place)))
      this.#entry(entries, key, place);
    return Object.fromEntries(entries);
  }

  /** Each chunk of a text is a text of its own. */
  #texts(): string {
    let joined = '';
    for (const chunk of this.#eachChunk(3)) joined += text(chunk);
    return joined;
  }

  *#eachChunk(major: number): Generator<Uint8Array> {
    for (;;) {
      const first = this.#take(1)[0] as number;
      if (first === 0xff) return;
      if (first >>> 5 !== major || (first & 0x1f) === 31) throw new SyntaxError('a chunk of another type');
      yield this.#take(Number(this.#argument(first & 0x1f)));
    }
  }

  #tagged(tag: number, place: Place): unknown {
    if (tag === BIG || tag === NEGATIVE_BIG) throw new SyntaxError('bignum is forbidden');
    if (tag === BASE64URL || tag === BASE64 || tag === BASE16) return this.#item({ ...place, tag });
    const major = (this.#bytes[this.#at] ?? 0) >>> 5;
    if (tag === TEXT_TIME && major !== 3) throw new SyntaxError('tag number 0 must be followed by text string');
    const content = this.#item(place);
    if (tag === TEXT_TIME) return timeOf(content);
    return tag === EPOCH_TIME ? timeOfEpoch(content) : content;
  }

  #view(count: number): DataView {
    const { buffer, byteOffset } = this.#take(count);
    return new DataView(buffer, byteOffset, count);
  }

  #take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw new SyntaxError('unexpected EOF');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}

function integer(value: bigint): Integer {
  const held = integerOf(value);
  if (held === undefined) throw new SyntaxError(`${value} overflows an int64`);
  return held;
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new SyntaxError(`${value} is no number of JSON`);
  return value;
}

function text(bytes: Uint8Array): string {
  try {
    return strictText.decode(bytes);
  } catch {
    throw new SyntaxError('invalid UTF-8 string');
  }
}

function shownBytes(tag: number | undefined, bytes: Uint8Array): string {
  if (tag === undefined) return laxText.decode(bytes);
  if (tag === BASE16) return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const base64 = btoa(binary);
  return tag === BASE64 ? base64 : base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function timeOf(content: unknown): string {
  if (typeof content !== 'string' || parseTime(content) === undefined) throw new SyntaxError('a time that is none');
  return content;
}

function timeOfEpoch(content: unknown): string {
  if (typeof content !== 'number' && typeof content !== 'bigint') throw new SyntaxError('a time that is no number');
  const sinceEpoch = Number(content);
  const seconds = Math.floor(sinceEpoch);
  const fraction = (sinceEpoch - seconds)
    .toFixed(9)
    .slice(1)
    .replace(/\.?0+$/, '');
  return formatTime(seconds * 1000).replace('Z', `${fraction}Z`);
}
