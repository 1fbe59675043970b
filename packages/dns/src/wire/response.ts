import { addressText } from './addresses.ts';
import { types } from './codes.ts';
import { nameBytes, readName } from './names.ts';
import { flags, HEADER_BYTES, uint16 } from './query.ts';
import type { Answer, Data, Record } from './record.ts';

/** What another server answered. */
export interface Response {
  readonly id: number;
  /** The question that it answers; lower case. */
  readonly name: string;
  readonly type: number;
  readonly answer: Answer;
}

/** More of them than any answer of use has. */
const RECORDS_MAX = 4000;

/** undefined: the bytes are no answer to one question. Never throws. OPT records are between neighbours and left out. */
export function readResponse(bytes: Uint8Array): Response | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const bits = uint16(bytes, 2);
  const counts = [6, 8, 10].map((at) => uint16(bytes, at));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (!(bits & flags.QR) || uint16(bytes, 4) !== 1 || total > RECORDS_MAX) return undefined;
  const name = readName(bytes, HEADER_BYTES);
  if (!name || name.end + 4 > bytes.length) return undefined;
  let at = name.end + 4;
  let codeHigh = 0;
  const sections: Record[][] = [];
  for (const count of counts) {
    const section: Record[] = [];
    for (let i = 0; i < count; i++) {
      const read = readRecord(bytes, at);
      if (!read) {
        // What is cut may be cut anywhere.
        if (bits & flags.TC) break;
        return undefined;
      }
      at = read.end;
      if (read.type === types.OPT) codeHigh = read.ttl >>> 24;
      else section.push(read.record);
    }
    sections.push(section);
  }
  return {
    id: uint16(bytes, 0),
    name: name.text.toLowerCase(),
    type: uint16(bytes, name.end),
    answer: {
      code: (codeHigh << 4) | (bits & 0xf),
      isAuthoritative: (bits & flags.AA) !== 0,
      isRecursive: (bits & flags.RA) !== 0,
      isVerified: (bits & flags.AD) !== 0,
      isCut: (bits & flags.TC) !== 0,
      answers: sections[0] ?? [],
      authorities: sections[1] ?? [],
      additionals: sections[2] ?? [],
    },
  };
}

interface ReadRecord {
  readonly type: number;
  readonly ttl: number;
  readonly record: Record;
  readonly end: number;
}

function readRecord(bytes: Uint8Array, start: number): ReadRecord | undefined {
  const name = readName(bytes, start);
  if (!name || name.end + 10 > bytes.length) return undefined;
  const type = uint16(bytes, name.end);
  const ttl = uint32(bytes, name.end + 4);
  const from = name.end + 10;
  const end = from + uint16(bytes, name.end + 8);
  if (end > bytes.length) return undefined;
  const data = readData(bytes, type, from, end);
  return data && { type, ttl, record: { name: name.text, ttl: ttl > 0x7fffffff ? 0 : ttl, data }, end };
}

function readData(bytes: Uint8Array, type: number, from: number, end: number): Data | undefined {
  const named = (at: number): string | undefined => {
    const name = readName(bytes, at);
    return name && name.end <= end ? name.text : undefined;
  };
  const raw = (): Data => ({ type: 'raw', number: type, bytes: new Uint8Array(bytes.subarray(from, end)) });
  switch (type) {
    case types.A:
    case types.AAAA:
      if (end - from !== (type === types.A ? 4 : 16)) return undefined;
      return { type: type === types.A ? 'A' : 'AAAA', address: addressText(bytes.subarray(from, end)) };
    case types.CNAME:
    case types.PTR:
    case types.NS:
    case types.DNAME: {
      const target = named(from);
      const kind = type === types.CNAME ? 'CNAME' : type === types.PTR ? 'PTR' : type === types.NS ? 'NS' : 'DNAME';
      return target === undefined ? undefined : { type: kind, target };
    }
    case types.MX: {
      const target = from + 2 <= end ? named(from + 2) : undefined;
      return target === undefined ? undefined : { type: 'MX', preference: uint16(bytes, from), target };
    }
    case types.SRV: {
      const target = from + 6 <= end ? named(from + 6) : undefined;
      if (target === undefined) return undefined;
      const [priority, weight, port] = [0, 2, 4].map((skip) => uint16(bytes, from + skip)) as [number, number, number];
      return { type: 'SRV', priority, weight, port, target };
    }
    case types.SOA:
      return readSoa(bytes, from, end);
    case types.NAPTR: {
      // The one other type whose names are written short by some.
      const at = naptrNameAt(bytes, from, end);
      const target = at === undefined ? undefined : named(at);
      if (at === undefined || target === undefined) return undefined;
      return { type: 'raw', number: type, bytes: Uint8Array.from([...bytes.subarray(from, at), ...nameBytes(target)]) };
    }
    default:
      return raw();
  }
}

function readSoa(bytes: Uint8Array, from: number, end: number): Data | undefined {
  const server = readName(bytes, from);
  const mail = server && readName(bytes, server.end);
  if (!server || !mail || mail.end + 20 > end) return undefined;
  const [serial, refresh, retry, expire, minimum] = [0, 4, 8, 12, 16].map((skip) => uint32(bytes, mail.end + skip)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return { type: 'SOA', server: server.text, mail: mail.text, serial, refresh, retry, expire, minimum };
}

/** Behind order, preference and three texts. */
function naptrNameAt(bytes: Uint8Array, from: number, end: number): number | undefined {
  let at = from + 4;
  for (let i = 0; i < 3; i++) at += 1 + (bytes[at] ?? 0);
  return at < end ? at : undefined;
}

const uint32 = (bytes: Uint8Array, at: number): number => uint16(bytes, at) * 0x10000 + uint16(bytes, at + 2);
