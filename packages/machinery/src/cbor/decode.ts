import { joinedBytes } from '@navarch/base';
import { type Integer, integerOf } from '../json-text.ts';
import { formatTime, parseTime } from '../time.ts';
import { fromHalf, SELF_DESCRIBED } from './encode.ts';

/** Lists, maps and tags within one another: deeper than any object of the API, and shallow enough for the stack. */
const DEPTH_MAX = 1000;
const BREAK = Symbol('break');
const BREAK_BYTE = 0xff;
/** What the content of a tag is expected to be shown as in text (RFC 8949, section 3.4.5.2). */
const [TEXT_TIME, EPOCH_TIME, BIG, NEGATIVE_BIG, BASE64URL, BASE64, BASE16] = [0, 1, 2, 3, 21, 22, 23];

/** What is wrong with a document, in the words of upstream's decoder. */
export class CborError extends SyntaxError {
  override readonly name = 'CborError';
  /** It is no CBOR, or of a kind that nobody may send. Else JSON has nothing for some of what it says. */
  readonly isMalformed: boolean;

  constructor(message: string, isMalformed: boolean) {
    super(message);
    this.isMalformed = isMalformed;
  }
}

/**
 * The JSON value of a CBOR document, by the rules of upstream's serializer (KEP-4222). Throws CborError for what is no
 * CBOR, or CBOR that JSON has nothing for: other keys than text, keys that come twice, numbers of more than 64 bits.
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  try {
    return documentOf(bytes, false);
  } catch (error) {
    // That it is no CBOR at all is told first, wherever that shows.
    if (error instanceof CborError && !error.isMalformed) documentOf(bytes, true);
    throw error;
  }
}

/** The same with null for whatever JSON has nothing for. Throws CborError for what is no CBOR. */
export const skimCbor = (bytes: Uint8Array): unknown => documentOf(bytes, true);

function documentOf(bytes: Uint8Array, isLax: boolean): unknown {
  if (bytes.length === 0) throw malformed('EOF');
  const reader = new CborReader(bytes, isLax);
  const value = reader.value({ depth: 0, tag: undefined });
  if (value === BREAK) throw malformed(UNEXPECTED_BREAK);
  if (reader.left > 0)
    throw malformed(`cbor: ${reader.left} bytes of extraneous data starting at index ${bytes.length - reader.left}`);
  return value;
}

const malformed = (message: string): CborError => new CborError(message, true);
const UNEXPECTED_BREAK = 'cbor: unexpected "break" code';
const NOT_ACCEPTED = 'is not accepted by protocol';

/** What upstream calls the major types. */
const TYPE_NAMES = [
  'positive integer',
  'negative integer',
  'byte string',
  'UTF-8 text string',
  'array',
  'map',
  'tag',
  'primitives',
] as const;

/** What upstream calls the type of a document's value, marks of CBOR left out. */
export function cborTypeOf(bytes: Uint8Array): string {
  const isMarked = SELF_DESCRIBED.every((byte, i) => bytes[i] === byte);
  return TYPE_NAMES[(bytes[isMarked ? SELF_DESCRIBED.length : 0] ?? 0) >>> 5] as string;
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
  /** What JSON has nothing for is null. */
  readonly #isLax: boolean;
  #at = 0;

  constructor(bytes: Uint8Array, isLax: boolean) {
    this.#bytes = bytes;
    this.#isLax = isLax;
  }

  /** Bytes that nobody has read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  #nothingFor(message: string): null {
    if (this.#isLax) return null;
    throw new CborError(message, false);
  }

  value(place: Place): unknown {
    if (place.depth > DEPTH_MAX) throw malformed(`cbor: exceeded max nested level ${DEPTH_MAX}`);
    const first = this.#take(1)[0] as number;
    const [major, code] = [first >>> 5, first & 0x1f];
    if (major === 7) return this.#simple(code);
    if (code === 31) return this.#indefinite(major, place);
    const argument = this.#argument(code, major);
    switch (major) {
      case 0:
        return this.#integer(argument, major);
      case 1:
        return this.#integer(-1n - argument, major);
      case 2:
        return shownBytes(place.tag, this.#take(Number(argument)));
      case 3:
        return this.#text(this.#take(Number(argument)));
      case 4:
        return this.#array(Number(argument), place);
      case 5:
        return this.#map(Number(argument), place);
      default:
        return this.#tagged(Number(argument), place);
    }
  }

  #argument(code: number, major: number): bigint {
    if (code < 24) return BigInt(code);
    if (code > 27) throw malformed(`cbor: invalid additional information ${code} for type ${TYPE_NAMES[major]}`);
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
        return this.#simpleValue(code);
    }
  }

  #simpleValue(code: number): null {
    if (code > 24) throw malformed(`cbor: invalid additional information ${code} for type primitives`);
    const value = code === 24 ? this.#take(1)[0] : code;
    return this.#nothingFor(
      `cbor: data item of cbor type primitives ${NOT_ACCEPTED}: simple value ${value} is not recognized`,
    );
  }

  #integer(value: bigint, major: number): Integer | null {
    return (
      integerOf(value) ??
      this.#nothingFor(
        `cbor: cannot unmarshal ${TYPE_NAMES[major]} into Go value of type int64 (${value} overflows Go's int64)`,
      )
    );
  }

  #text(bytes: Uint8Array): string | null {
    try {
      return strictText.decode(bytes);
    } catch {
      return this.#nothingFor('cbor: invalid UTF-8 string');
    }
  }

  #array(count: number, place: Place): readonly unknown[] {
    // Each item takes a byte at least: a count that is a lie costs nothing.
    if (count > this.#bytes.length - this.#at) throw malformed('unexpected EOF');
    const items: unknown[] = [];
    for (let i = 0; i < count; i++) items.push(this.#item(place));
    return items;
  }

  #map(count: number, place: Place): object {
    if (count > this.#bytes.length - this.#at) throw malformed('unexpected EOF');
    const entries = new Map<string, unknown>();
    for (let i = 0; i < count; i++) this.#entry(entries, this.#key(place), place, i);
    return Object.fromEntries(entries);
  }

  #entry(entries: Map<string, unknown>, key: string, place: Place, index: number): void {
    if (entries.has(key))
      this.#nothingFor(`cbor: found duplicate map key ${JSON.stringify(key)} at map element index ${index}`);
    entries.set(key, this.#item(place));
  }

  #key(place: Place): string {
    const type = TYPE_NAMES[(this.#bytes[this.#at] ?? 0) >>> 5] as string;
    const key = this.#item(place);
    if (typeof key === 'string') return key;
    this.#nothingFor(`cbor: cannot unmarshal ${type} into Go value of type string`);
    return '';
  }

  #item(place: Place): unknown {
    const value = this.value(within(place));
    if (value === BREAK) throw malformed(UNEXPECTED_BREAK);
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
        throw malformed(`cbor: invalid additional information 31 for type ${TYPE_NAMES[major]}`);
    }
  }

  #untilBreak(place: Place): readonly unknown[] {
    const items: unknown[] = [];
    for (let value = this.value(within(place)); value !== BREAK; value = this.value(within(place))) items.push(value);
    return items;
  }

  #mapUntilBreak(place: Place): object {
    const entries = new Map<string, unknown>();
    for (let i = 0; this.#bytes[this.#at] !== BREAK_BYTE; i++) this.#entry(entries, this.#key(place), place, i);
    this.#at += 1;
    return Object.fromEntries(entries);
  }

  /** Each chunk of a text is a text of its own. */
  #texts(): string {
    let joined = '';
    for (const chunk of this.#eachChunk(3)) joined += this.#text(chunk) ?? '';
    return joined;
  }

  *#eachChunk(major: number): Generator<Uint8Array> {
    for (;;) {
      const first = this.#take(1)[0] as number;
      if (first === BREAK_BYTE) return;
      if (first >>> 5 !== major || (first & 0x1f) === 31)
        throw malformed(
          `cbor: wrong element type ${TYPE_NAMES[first >>> 5]} for indefinite-length ${TYPE_NAMES[major]}`,
        );
      yield this.#take(Number(this.#argument(first & 0x1f, major)));
    }
  }

  #tagged(tag: number, place: Place): unknown {
    if (tag === BIG || tag === NEGATIVE_BIG)
      throw malformed(`cbor: data item of cbor type tag ${NOT_ACCEPTED}: bignum`);
    if (tag === BASE64URL || tag === BASE64 || tag === BASE16) return this.#item({ ...place, tag });
    const major = (this.#bytes[this.#at] ?? 0) >>> 5;
    if (tag === TEXT_TIME && major !== 3)
      throw malformed(`cbor: tag number 0 must be followed by text string, got ${TYPE_NAMES[major]}`);
    const content = this.#item(place);
    const time = tag === TEXT_TIME ? timeOf(content) : tag === EPOCH_TIME ? timeOfEpoch(content) : content;
    return time === undefined ? this.#nothingFor('cbor: a time that is none') : time;
  }

  #view(count: number): DataView {
    const { buffer, byteOffset } = this.#take(count);
    return new DataView(buffer, byteOffset, count);
  }

  #take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw malformed('unexpected EOF');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  const what = Number.isNaN(value) ? 'NaN' : 'infinity';
  throw malformed(`cbor: data item of cbor type primitives ${NOT_ACCEPTED}: floating-point ${what}`);
}

function shownBytes(tag: number | undefined, bytes: Uint8Array): string {
  if (tag === undefined) return laxText.decode(bytes);
  if (tag === BASE16) return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const base64 = btoa(binary);
  return tag === BASE64 ? base64 : base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

const timeOf = (content: unknown): string | undefined =>
  typeof content === 'string' && parseTime(content) !== undefined ? content : undefined;

/** Of what RFC 3339 can say, in seconds. */
const [YEAR_ZERO, YEAR_9999] = [-62_167_219_200, 253_402_300_799] as const;

function timeOfEpoch(content: unknown): string | undefined {
  if (typeof content !== 'number' && typeof content !== 'bigint') return undefined;
  const sinceEpoch = Number(content);
  if (sinceEpoch < YEAR_ZERO || sinceEpoch > YEAR_9999) return undefined;
  const seconds = Math.floor(sinceEpoch);
  const fraction = (sinceEpoch - seconds)
    .toFixed(9)
    .slice(1)
    .replace(/\.?0+$/, '');
  return formatTime(seconds * 1000).replace('Z', `${fraction}Z`);
}
