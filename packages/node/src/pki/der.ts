// Distinguished encoding rules (X.690): the few types that certificates are made of.

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  teletex: 0x14,
  ia5: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmp: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag of a context-specific type: `[n]`, plain or holding others. */
export const context = (n: number, isConstructed = true): number => (isConstructed ? 0xa0 : 0x80) | n;

export function encode(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = minimal(content.length);
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => encode(TAG.sequence, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => encode(TAG.set, ...parts);
export const octetString = (...parts: readonly Uint8Array[]): Buffer => encode(TAG.octetString, ...parts);
export const utf8 = (text: string): Buffer => encode(TAG.utf8, Buffer.from(text));
export const bitString = (bytes: Uint8Array, unusedBits = 0): Buffer =>
  encode(TAG.bitString, Buffer.from([unusedBits]), bytes);
export const yes: Buffer = encode(TAG.boolean, Buffer.from([0xff]));

/** A number that is not negative, from its bytes, the highest first. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Buffer.from([0]) : bytes.subarray(first);
  return encode(TAG.integer, (digits[0] ?? 0) & 0x80 ? Buffer.from([0]) : Buffer.alloc(0), digits);
}

/** `2.5.29.15` */
export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return encode(
    TAG.oid,
    ...[first * 40 + second, ...rest].map((arc) => {
      const bytes = [arc % 128];
      for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
        bytes.unshift(0x80 | (left % 128));
      return Buffer.from(bytes);
    }),
  );
}

/** Whole seconds; two digits for the year until 2049 (RFC 5280, 4.1.2.5). `ms` since the epoch. */
export function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
  return text < '2050'
    ? encode(TAG.utcTime, Buffer.from(text.slice(2)))
    : encode(TAG.generalizedTime, Buffer.from(text));
}

/** Bits by number, the first of which is the highest of the first byte; trailing zeros are left out. */
export function flags(numbers: readonly number[]): Buffer {
  const last = Math.max(...numbers);
  const bytes = Buffer.alloc(Math.floor(last / 8) + 1);
  for (const n of numbers) bytes.writeUInt8(bytes.readUInt8(Math.floor(n / 8)) | (0x80 >> (n % 8)), Math.floor(n / 8));
  return bitString(bytes, 7 - (last % 8));
}

/** One value as it was read. */
export interface Der {
  readonly tag: number;
  readonly content: Buffer;
  /** With its tag and length. */
  readonly whole: Buffer;
}

/** Reads the values that lie one behind the other. Throws on anything that the rules do not allow. */
export function decode(bytes: Buffer): readonly Der[] {
  const values: Der[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag, short] = [bytes[at] ?? 0, bytes[at + 1] ?? 0x80];
    if ((tag & 0x1f) === 0x1f) throw new Error('a tag of more than one byte');
    const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
    if (short === 0x80 || lengthBytes > 4 || at + 2 + lengthBytes > bytes.length)
      throw new Error('a length that is not one');
    const length = lengthBytes === 0 ? short : bytes.readUIntBE(at + 2, lengthBytes);
    if (lengthBytes > 0 && (length < 0x80 || bytes[at + 2] === 0))
      throw new Error('a length that is longer than it need be');
    const start = at + 2 + lengthBytes;
    if (start + length > bytes.length) throw new Error('a value that ends too early');
    values.push({ tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) });
    at = start + length;
  }
  return values;
}

/** The parts of a value of this tag; exactly so many where a number is given. */
export function parts(value: Der | undefined, tag: number, count?: number): readonly Der[] {
  if (value?.tag !== tag) throw new Error(`expected type ${tag}, found ${value?.tag ?? 'nothing'}`);
  const found = decode(value.content);
  if (count !== undefined && found.length !== count) throw new Error(`expected ${count} parts, found ${found.length}`);
  return found;
}

/** `2.5.29.15` */
export function oidOf(value: Der | undefined): string {
  if (value?.tag !== TAG.oid) throw new Error('expected an object identifier');
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of value.content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const top = Math.min(Math.floor(first / 40), 2);
  return [top, first - top * 40, ...rest].join('.');
}

/** The bytes of a bit string whose last byte is whole, as keys and signatures are. */
export function bitsOf(value: Der | undefined): Buffer {
  if (value?.tag !== TAG.bitString || value.content[0] !== 0) throw new Error('expected a bit string of whole bytes');
  return value.content.subarray(1);
}

function minimal(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0));
}
