/** DNS messages as far as a cluster's server needs them (RFC 1035, RFC 2782, RFC 3596, RFC 6891). */
export const types = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, OPT: 41, ANY: 255 } as const;
export const codes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

export interface Question {
  /** Lower case, without the final dot. */
  readonly name: string;
  readonly type: number;
}

type Data =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'CNAME' | 'PTR' | 'NS'; readonly target: string }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | {
      readonly type: 'SOA';
      readonly server: string;
      readonly mail: string;
      readonly serial: number;
      readonly minimum: number;
    }
  | { readonly type: 'TXT'; readonly text: string };

export interface Record {
  readonly name: string;
  /** Seconds. */
  readonly ttl: number;
  readonly data: Data;
}

export interface Query {
  readonly id: number;
  readonly isRecursionDesired: boolean;
  readonly question: Question;
  /** Largest answer the client takes over UDP. */
  readonly udpBytes: number;
  readonly hasEdns: boolean;
}

export interface Answer {
  readonly code: number;
  readonly answers: readonly Record[];
  readonly authorities: readonly Record[];
  readonly additionals: readonly Record[];
}

const HEADER_BYTES = 12;
const UDP_BYTES_DEFAULT = 512;
const UDP_BYTES_MAX = 4096;

/** undefined when the bytes are not one plain question. */
export function decodeQuery(bytes: Uint8Array): Query | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint16(2);
  const isQuery = (flags & 0x8000) === 0 && (flags & 0x7800) === 0;
  if (!isQuery || view.getUint16(4) !== 1) return undefined;
  const name = decodeName(bytes, HEADER_BYTES);
  if (!name || name.end + 4 > bytes.length) return undefined;
  const edns = view.getUint16(10) > 0 ? ednsSize(bytes, view, name.end + 4) : undefined;
  return {
    id: view.getUint16(0),
    isRecursionDesired: (flags & 0x0100) !== 0,
    question: { name: name.text.toLowerCase(), type: view.getUint16(name.end) },
    udpBytes: Math.min(Math.max(edns ?? UDP_BYTES_DEFAULT, UDP_BYTES_DEFAULT), UDP_BYTES_MAX),
    hasEdns: edns !== undefined,
  };
}

/** An OPT record right after the question: where every client puts it. */
function ednsSize(bytes: Uint8Array, view: DataView, at: number): number | undefined {
  return bytes[at] === 0 && at + 5 <= bytes.length && view.getUint16(at + 1) === types.OPT
    ? view.getUint16(at + 3)
    : undefined;
}

function decodeName(bytes: Uint8Array, start: number): { readonly text: string; readonly end: number } | undefined {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  // A pointer may only lead back, so a name cannot go round in a circle.
  for (let limit = start; ;) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length === 0) return { text: labels.join('.'), end: end ?? at + 1 };
    if ((length & 0xc0) === 0xc0) {
      const target = ((length & 0x3f) << 8) | (bytes[at + 1] ?? 0);
      if (target >= limit) return undefined;
      end ??= at + 2;
      limit = target;
      at = target;
      continue;
    }
    if (length > 63 || at + 1 + length > bytes.length) return undefined;
    labels.push(String.fromCharCode(...bytes.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
    if (labels.length > 128) return undefined;
  }
}

/** The answer's bytes; cut, with the TC flag, at `bytesMax`. Names that occur again are pointers. */
export function encodeAnswer(query: Query, answer: Answer, bytesMax: number): Uint8Array {
  const writer = new Writer();
  const sections = [answer.answers, answer.authorities, answer.additionals];
  const counts = [0, 0, 0];
  writer.skip(HEADER_BYTES);
  writer.name(query.question.name);
  writer.uint16(query.question.type);
  writer.uint16(1);
  const room = bytesMax - (query.hasEdns ? 11 : 0);
  let isCut = false;
  for (const [i, records] of sections.entries()) {
    for (const record of records) {
      const before = writer.length;
      writer.record(record);
      if (writer.length > room) {
        writer.rewind(before);
        isCut ||= i === 0;
        break;
      }
      counts[i] = (counts[i] as number) + 1;
    }
  }
  if (query.hasEdns) writer.opt(UDP_BYTES_MAX);
  const flags = 0x8400 | (isCut ? 0x0200 : 0) | (query.isRecursionDesired ? 0x0100 : 0) | 0x0080 | answer.code;
  return writer.finish(query.id, flags, [
    1,
    counts[0] as number,
    counts[1] as number,
    (counts[2] as number) + (query.hasEdns ? 1 : 0),
  ]);
}

class Writer {
  #bytes = new Uint8Array(1024);
  #at = 0;
  readonly #names = new Map<string, number>();

  get length(): number {
    return this.#at;
  }

  skip(count: number): void {
    this.#room(count);
    this.#at += count;
  }

  rewind(to: number): void {
    this.#at = to;
    for (const [name, at] of this.#names) if (at >= to) this.#names.delete(name);
  }

  uint8(value: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = value;
  }

  uint16(value: number): void {
    this.uint8(value >> 8);
    this.uint8(value & 0xff);
  }

  uint32(value: number): void {
    this.uint16(value >>> 16);
    this.uint16(value & 0xffff);
  }

  name(text: string): void {
    for (let rest = text; rest !== '';) {
      const known = this.#names.get(rest);
      if (known !== undefined) return this.uint16(0xc000 | known);
      if (this.#at < 0x4000) this.#names.set(rest, this.#at);
      const dot = rest.indexOf('.');
      const label = dot < 0 ? rest : rest.slice(0, dot);
      this.uint8(label.length);
      for (let i = 0; i < label.length; i++) this.uint8(label.charCodeAt(i));
      rest = dot < 0 ? '' : rest.slice(dot + 1);
    }
    this.uint8(0);
  }

  record({ name, ttl, data }: Record): void {
    this.name(name);
    this.uint16(types[data.type]);
    this.uint16(1);
    this.uint32(ttl);
    const start = this.#at;
    this.skip(2);
    this.#data(data);
    const end = this.#at;
    this.#at = start;
    this.uint16(end - start - 2);
    this.#at = end;
  }

  opt(udpBytes: number): void {
    this.uint8(0);
    this.uint16(types.OPT);
    this.uint16(udpBytes);
    this.uint32(0);
    this.uint16(0);
  }

  finish(id: number, flags: number, counts: readonly number[]): Uint8Array {
    const end = this.#at;
    this.#at = 0;
    for (const value of [id, flags, ...counts]) this.uint16(value);
    return this.#bytes.slice(0, end);
  }

  #data(data: Data): void {
    switch (data.type) {
      case 'A':
        for (const part of data.address.split('.')) this.uint8(Number(part));
        return;
      case 'AAAA':
        for (const group of ipv6Groups(data.address)) this.uint16(group);
        return;
      case 'CNAME':
      case 'PTR':
      case 'NS':
        return this.name(data.target);
      case 'SRV':
        for (const value of [data.priority, data.weight, data.port]) this.uint16(value);
        return this.name(data.target);
      case 'SOA':
        this.name(data.server);
        this.name(data.mail);
        for (const value of [data.serial, 7200, 1800, 86_400, data.minimum]) this.uint32(value);
        return;
      case 'TXT':
        this.uint8(data.text.length);
        for (let i = 0; i < data.text.length; i++) this.uint8(data.text.charCodeAt(i));
    }
  }

  #room(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = new Uint8Array(this.#bytes.length * 2 + count);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

function ipv6Groups(address: string): readonly number[] {
  const [head = '', tail] = address.split('::');
  const parse = (text: string): readonly number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [left, right] = [parse(head), parse(tail ?? '')];
  return tail === undefined
    ? left
    : [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}
