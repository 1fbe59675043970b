import { addressBytes } from './addresses.ts';
import { types } from './codes.ts';
import { labelsOf, nameBytes } from './names.ts';
import { flags, HEADER_BYTES } from './query.ts';
import type { Answer, Data, Record } from './record.ts';

/** Addresses of one name that stand one after the other, so that they can be told in another order each time. */
interface Run {
  readonly start: number;
  readonly bytesEach: number;
  readonly count: number;
}

/**
 * An answer as bytes, all that is behind the question. It is the same for everyone who asks the same: names point to the
 * question, whatever its case.
 */
export interface Template {
  /** QR, AA, TC, RA, AD and the code. */
  readonly flags: number;
  readonly tail: Uint8Array;
  /** Where each record ends. */
  readonly ends: readonly number[];
  /** Records of answers, authorities and additionals. */
  readonly counts: readonly [number, number, number];
  /** Where the times to live are. */
  readonly ttls: readonly number[];
  readonly run: Run | undefined;
  readonly code: number;
}

/** For a question of this name. A record that cannot be written is left out. */
export function templateOf(answer: Answer, name: string): Template {
  const writer = new TailWriter(name);
  const ends: number[] = [];
  const ttls: number[] = [];
  const counts: [number, number, number] = [0, 0, 0];
  for (const [i, section] of [answer.answers, answer.authorities, answer.additionals].entries()) {
    for (const record of section) {
      const ttl = writer.record(record);
      if (ttl === undefined) continue;
      ttls.push(ttl);
      ends.push(writer.length);
      counts[i as 0 | 1 | 2] += 1;
    }
  }
  const tail = writer.finish();
  return {
    flags:
      flags.QR |
      (answer.isAuthoritative ? flags.AA : 0) |
      (answer.isCut ? flags.TC : 0) |
      (answer.isRecursive ? flags.RA : 0) |
      (answer.isVerified ? flags.AD : 0) |
      (answer.code & 0xf),
    tail,
    ends,
    counts,
    ttls,
    run: runIn(answer.answers, ends, counts[0]),
    code: answer.code,
  };
}

/** The addresses at the end of an answer, where all of them take as many bytes. */
function runIn(answers: readonly Record[], ends: readonly number[], count: number): Run | undefined {
  if (answers.length !== count || count < 2) return undefined;
  const kind = answers.at(-1)?.data.type;
  if (kind !== 'A' && kind !== 'AAAA') return undefined;
  let first = count - 1;
  while (first > 0 && answers[first - 1]?.data.type === kind) first -= 1;
  const startOf = (i: number): number => (i === 0 ? 0 : (ends[i - 1] as number));
  const bytesEach = (ends[count - 1] as number) - startOf(count - 1);
  for (let i = first; i < count; i++) if ((ends[i] as number) - startOf(i) !== bytesEach) return undefined;
  return count - first < 2 ? undefined : { start: startOf(first), bytesEach, count: count - first };
}

/** Positions beyond this cannot be pointed to. */
const POINTED_MAX = 0x3fff;

/** Writes records as they stand behind the question of a name; what was written before is pointed to. */
class TailWriter {
  #bytes = new Uint8Array(512);
  #at = 0;
  readonly #base: number;
  /** Where in the message a name begins. */
  readonly #places = new Map<string, number>();

  constructor(question: string) {
    this.#base = HEADER_BYTES + nameBytes(question).length + 4;
    this.#remember(question, HEADER_BYTES);
  }

  get length(): number {
    return this.#at;
  }

  /** Where its time to live is; undefined, and nothing is written, where it cannot be. */
  record({ name, ttl, data }: Record): number | undefined {
    const before = this.#at;
    if (!this.#name(name)) return this.#rewind(before);
    this.#uint16(data.type === 'raw' ? data.number : types[data.type]);
    this.#uint16(1);
    const ttlAt = this.#at;
    this.#uint16(ttl >>> 16);
    this.#uint16(ttl & 0xffff);
    const lengthAt = this.#at;
    this.#uint16(0);
    if (!this.#data(data)) return this.#rewind(before);
    const length = this.#at - lengthAt - 2;
    this.#bytes[lengthAt] = length >> 8;
    this.#bytes[lengthAt + 1] = length & 0xff;
    return ttlAt;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  #rewind(to: number): undefined {
    this.#at = to;
    for (const [name, at] of this.#places) if (at - this.#base >= to) this.#places.delete(name);
  }

  #data(data: Data): boolean {
    switch (data.type) {
      case 'A':
      case 'AAAA': {
        const bytes = addressBytes(data.address);
        return bytes?.length === (data.type === 'A' ? 4 : 16) && this.#write(bytes);
      }
      case 'CNAME':
      case 'PTR':
      case 'NS':
        return this.#name(data.target);
      // What came later than RFC 1035 has its names in full (RFC 3597, 4; RFC 2782): c-ares takes no others in SRV.
      case 'DNAME':
        return this.#name(data.target, 'in full');
      case 'SRV':
        for (const value of [data.priority, data.weight, data.port]) this.#uint16(value);
        return this.#name(data.target, 'in full');
      case 'MX':
        this.#uint16(data.preference);
        return this.#name(data.target);
      case 'SOA':
        if (!this.#name(data.server) || !this.#name(data.mail)) return false;
        for (const value of [data.serial, data.refresh, data.retry, data.expire, data.minimum]) {
          this.#uint16(value >>> 16);
          this.#uint16(value & 0xffff);
        }
        return true;
      case 'TXT':
        return data.texts.every((text) => {
          if (text.length > 255) return false;
          this.#byte(text.length);
          for (let i = 0; i < text.length; i++) this.#byte(text.charCodeAt(i) & 0xff);
          return true;
        });
      case 'raw':
        return data.bytes.length < 0x10000 && this.#write(data.bytes);
    }
  }

  /** `in full`: without pointing back; others may point to it. */
  #name(text: string, how: 'short' | 'in full' = 'short'): boolean {
    const labels = labelsOf(text);
    if (!labels) return false;
    const names = suffixes(text);
    for (const [i, name] of names.entries()) {
      const known = this.#places.get(name);
      if (known !== undefined && how === 'short') {
        this.#uint16(0xc000 | known);
        return true;
      }
      const at = this.#base + this.#at;
      if (known === undefined && at <= POINTED_MAX) this.#places.set(name, at);
      const label = labels[i] as Uint8Array;
      this.#byte(label.length);
      this.#write(label);
    }
    this.#byte(0);
    return true;
  }

  #remember(text: string, start: number): void {
    let at = start;
    const labels = labelsOf(text) ?? [];
    for (const [i, name] of suffixes(text).entries()) {
      this.#places.set(name, at);
      at += 1 + (labels[i]?.length ?? 0);
    }
  }

  #write(bytes: Uint8Array): true {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return true;
  }

  #uint16(value: number): void {
    this.#byte(value >> 8);
    this.#byte(value & 0xff);
  }

  #byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = value;
  }

  #room(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = new Uint8Array(this.#bytes.length * 2 + count);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** `a.b.c`, `b.c`, `c`; one for each label. */
function suffixes(text: string): readonly string[] {
  const name = (text.endsWith('.') && !text.endsWith('\\.') ? text.slice(0, -1) : text).toLowerCase();
  if (name === '') return [];
  const found = [name];
  for (let i = 0; i < name.length; i++) {
    if (name[i] === '\\') i += 1;
    else if (name[i] === '.') found.push(name.slice(i + 1));
  }
  return found;
}
