/** One value of DER (X.690) as it was read. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  /** With its tag and length. */
  readonly whole: Uint8Array;
}

export const DER = { oid: 0x06, utcTime: 0x17, generalizedTime: 0x18, sequence: 0x30 } as const;

/** The values that follow one another (definite lengths). Throws RangeError where one is cut off. */
export function derElements(bytes: Uint8Array = new Uint8Array()): readonly DerElement[] {
  const found: DerElement[] = [];
  for (let start = 0; start < bytes.length;) {
    const tag = bytes[start] ?? 0;
    let length = bytes[start + 1] ?? 0;
    let at = start + 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count > 4) throw new RangeError('too long');
      length = bytes.subarray(at, at + count).reduce((sum, byte) => sum * 256 + byte, 0);
      at += count;
    }
    if (at + length > bytes.length) throw new RangeError('cut off');
    found.push({ tag, content: bytes.subarray(at, at + length), whole: bytes.subarray(start, at + length) });
    start = at + length;
  }
  return found;
}

/** The values inside a value of that tag; throws RangeError when it has another. */
export function derParts(element: DerElement | undefined, tag: number = DER.sequence): readonly DerElement[] {
  if (element?.tag !== tag) throw new RangeError(`expected a value of type ${tag}`);
  return derElements(element.content);
}

/** Milliseconds since the epoch of a time in UTC, to the second (RFC 5280, 4.1.2.5). Throws RangeError when it is none. */
export function derTime(element: DerElement | undefined): number {
  const text = new TextDecoder().decode(element?.content);
  const short = element?.tag === DER.utcTime && /^\d{12}Z$/.test(text);
  if (!short && !(element?.tag === DER.generalizedTime && /^\d{14}Z$/.test(text)))
    throw new RangeError('expected a time');
  const full = short ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const ms = Date.parse(full.replace(/^(....)(..)(..)(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(ms)) throw new RangeError('expected a time');
  return ms;
}

export const bytesOfBinary = (binary: string): Uint8Array =>
  Uint8Array.from(binary, (character) => character.charCodeAt(0));
export const hexOf = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

export interface PemBlock {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** The blocks of a text (RFC 7468); what is no block is passed over, as by Go's decoder. */
export function pemBlocks(text: string): readonly PemBlock[] {
  return [...text.matchAll(/-----BEGIN ([^\n-]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g)].flatMap(
    ([, type = '', body = '']) => {
      try {
        return [{ type, bytes: bytesOfBinary(atob(body.replace(/\s/g, ''))) }];
      } catch {
        return []; // Not base64.
      }
    },
  );
}
