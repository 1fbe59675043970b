import { types } from './codes.ts';
import { readName } from './names.ts';

export const HEADER_BYTES = 12;
const UDP_BYTES_DEFAULT = 512;
/** The first byte of a record that is named after the root, which an OPT record is. */
const ROOT = 0;

/** A message that asks one thing. It is read in place, so that most are answered without making anything. */
export interface Query {
  readonly bytes: Uint8Array;
  readonly id: number;
  /** As they are in the message's third and fourth byte. */
  readonly flags: number;
  /** The first byte behind the question. */
  readonly end: number;
  readonly type: number;
  readonly class: number;
  /** Largest answer the client takes over UDP. */
  readonly udpBytes: number;
  /** The version of EDNS that is spoken; undefined: none. */
  readonly edns: number | undefined;
  readonly wantsSignatures: boolean;
}

export const flags = { QR: 0x8000, AA: 0x0400, TC: 0x0200, RD: 0x0100, RA: 0x0080, AD: 0x0020, CD: 0x0010 } as const;

/** What is answered to what is no question: nothing, or a refusal with this code. */
export type Misfit = 'silence' | 'FORMERR' | 'NOTIMP';

/** Never throws, whatever the bytes are. */
export function readQuery(bytes: Uint8Array): Query | Misfit {
  if (bytes.length < HEADER_BYTES) return 'silence';
  const bits = uint16(bytes, 2);
  // Who answers an answer talks to another server for ever.
  if (bits & flags.QR) return 'silence';
  if (bits & 0x7800) return 'NOTIMP';
  if (uint16(bytes, 4) !== 1 || uint16(bytes, 6) > 1 || uint16(bytes, 8) > 1 || uint16(bytes, 10) > 2) return 'FORMERR';
  const nameEnd = plainNameEnd(bytes, HEADER_BYTES);
  if (nameEnd === undefined || nameEnd + 4 > bytes.length) return 'FORMERR';
  const end = nameEnd + 4;
  const opt = findOpt(bytes, end);
  if (opt === 'FORMERR') return opt;
  return {
    bytes,
    id: uint16(bytes, 0),
    flags: bits,
    end,
    type: uint16(bytes, nameEnd),
    class: uint16(bytes, nameEnd + 2),
    udpBytes: opt === undefined ? UDP_BYTES_DEFAULT : Math.max(uint16(bytes, opt + 3), UDP_BYTES_DEFAULT),
    edns: opt === undefined ? undefined : (bytes[opt + 6] as number),
    wantsSignatures: opt !== undefined && ((bytes[opt + 7] as number) & 0x80) !== 0,
  };
}

/** The name that is asked for, in lower case, without the final dot. */
export const questionName = ({ bytes }: Query): string => (readName(bytes, HEADER_BYTES)?.text ?? '').toLowerCase();

export const uint16 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 8) | (bytes[at + 1] as number);

/** The byte behind a name in a question, where there is nothing to point to. */
function plainNameEnd(bytes: Uint8Array, start: number): number | undefined {
  for (let at = start; ;) {
    const length = bytes[at];
    if (length === undefined || length > 63 || at - start > 254) return undefined;
    if (length === 0) return at + 1;
    at += 1 + length;
  }
}

/** Where the OPT record begins; most clients send no other. */
function findOpt(bytes: Uint8Array, start: number): number | 'FORMERR' | undefined {
  const records = uint16(bytes, 6) + uint16(bytes, 8) + uint16(bytes, 10);
  let found: number | undefined;
  for (let [i, at] = [0, start]; i < records; i++) {
    const nameEnd = bytes[at] === ROOT ? at + 1 : readName(bytes, at)?.end;
    if (nameEnd === undefined || nameEnd + 10 > bytes.length) return 'FORMERR';
    if (uint16(bytes, nameEnd) === types.OPT) {
      // RFC 6891, 6.1.1: there is one, and it is the root's.
      if (found !== undefined || nameEnd !== at + 1) return 'FORMERR';
      found = at;
    }
    at = nameEnd + 10 + uint16(bytes, nameEnd + 8);
    if (at > bytes.length) return 'FORMERR';
  }
  return found;
}
