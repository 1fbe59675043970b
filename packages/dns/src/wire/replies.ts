import { codes, types } from './codes.ts';
import { flags, HEADER_BYTES, type Misfit, type Query } from './query.ts';
import type { Template } from './template.ts';

/** Replies are cut from pieces of memory of this size: most take a hundred bytes, and making memory costs. */
const SLAB_BYTES = 64 * 1024;
const OPT_BYTES = 11;
/** What we take in one piece over UDP ourselves, as an OPT record says. */
const OWN_UDP_BYTES = 4096;
/** Whoever asks for more over UDP gets this: larger ones are lost in pieces, and are what forgers want sent to others. */
export const UDP_BYTES_MAX = 4096;
export const TCP_BYTES_MAX = 65_535;

export interface Delivery {
  /** The most bytes that the client takes. */
  readonly bytesMax: number;
  /** Seconds since the answer was made. */
  readonly ageSeconds: number;
  /** Which of several addresses comes first: any number. */
  readonly turn: number;
}

/** Writes what goes back to a client: its own question, with the answer behind it. */
export class Replies {
  #slab = new Uint8Array(SLAB_BYTES);
  #used = 0;

  write(query: Query, template: Template, { bytesMax, ageSeconds, turn }: Delivery): Uint8Array {
    const { tail, ends, counts } = template;
    const optBytes = query.edns === undefined ? 0 : OPT_BYTES;
    const room = bytesMax - query.end - optBytes;
    const isWhole = tail.length <= room;
    const kept = isWhole ? ends.length : recordsWithin(ends, room);
    const tailBytes = isWhole ? tail.length : kept === 0 ? 0 : (ends[kept - 1] as number);
    const out = this.#take(query.end + tailBytes + optBytes);
    out.set(query.end === query.bytes.length ? query.bytes : query.bytes.subarray(0, query.end));
    writeFlags(out, query, template.flags | (isWhole ? 0 : flags.TC));
    writeCounts(out, counts, kept, optBytes > 0 ? 1 : 0);
    const { run } = template;
    if (isWhole && run && turn % run.count > 0) writeTurned(out, query.end, template, turn % run.count);
    else out.set(isWhole ? tail : tail.subarray(0, tailBytes), query.end);
    if (ageSeconds > 0) makeOlder(out, query.end, template.ttls, tailBytes, ageSeconds);
    if (optBytes > 0) writeOpt(out, query.end + tailBytes, query.wantsSignatures, 0);
    return out;
  }

  /** Says no in a few bytes. */
  refuse(query: Query, code: number): Uint8Array {
    const optBytes = query.edns === undefined ? 0 : OPT_BYTES;
    const out = this.#take(query.end + optBytes);
    out.set(query.bytes.subarray(0, query.end));
    writeFlags(out, query, flags.QR | (code & 0xf));
    writeCounts(out, [0, 0, 0], 0, optBytes > 0 ? 1 : 0);
    if (optBytes > 0) writeOpt(out, query.end, code !== codes.BADVERS && query.wantsSignatures, code >> 4);
    return out;
  }

  /** Has the client ask again over TCP. */
  overTcp(query: Query): Uint8Array {
    const out = this.refuse(query, codes.NOERROR);
    out[2] = (out[2] as number) | (flags.TC >> 8);
    return out;
  }

  /** To what is no question: the header alone. */
  misfit(bytes: Uint8Array, misfit: Exclude<Misfit, 'silence'>): Uint8Array {
    const out = this.#take(HEADER_BYTES);
    out.fill(0);
    out[0] = bytes[0] as number;
    out[1] = bytes[1] as number;
    // The operation and whether recursion was wished for are given back.
    out[2] = 0x80 | ((bytes[2] as number) & 0x79);
    out[3] = codes[misfit];
    return out;
  }

  #take(length: number): Uint8Array {
    if (this.#used + length > SLAB_BYTES) {
      // Who still sends the old one keeps it.
      this.#slab = new Uint8Array(Math.max(SLAB_BYTES, length));
      this.#used = 0;
    }
    const out = this.#slab.subarray(this.#used, this.#used + length);
    this.#used += length;
    return out;
  }
}

/** How many of the first records end within `room`. */
function recordsWithin(ends: readonly number[], room: number): number {
  let kept = 0;
  while (kept < ends.length && (ends[kept] as number) <= room) kept += 1;
  return kept;
}

function writeFlags(out: Uint8Array, query: Query, bits: number): void {
  const all = bits | (query.flags & (flags.RD | flags.CD));
  // Whoever did not ask whether signatures were checked is not told (RFC 6840, 5.8).
  const told = query.flags & flags.AD || query.wantsSignatures ? all : all & ~flags.AD;
  out[2] = told >> 8;
  out[3] = told & 0xff;
}

function writeCounts(out: Uint8Array, counts: Template['counts'], kept: number, opts: number): void {
  let left = kept;
  for (let i = 0; i < 3; i++) {
    const count = Math.min(left, counts[i] as number);
    left -= count;
    const shown = i === 2 ? count + opts : count;
    out[6 + 2 * i] = shown >> 8;
    out[7 + 2 * i] = shown & 0xff;
  }
}

/** The addresses of the run from the `turn`-th on, and then those before it. */
function writeTurned(out: Uint8Array, at: number, { tail, run }: Template, turn: number): void {
  if (!run) return;
  const { start, bytesEach, count } = run;
  const middle = start + turn * bytesEach;
  const end = start + count * bytesEach;
  out.set(tail.subarray(0, start), at);
  out.set(tail.subarray(middle, end), at + start);
  out.set(tail.subarray(start, middle), at + start + end - middle);
  out.set(tail.subarray(end), at + end);
}

function makeOlder(out: Uint8Array, at: number, ttls: readonly number[], tailBytes: number, ageSeconds: number): void {
  for (const place of ttls) {
    if (place + 4 > tailBytes) return;
    const i = at + place;
    const ttl =
      ((out[i] as number) << 24) |
      ((out[i + 1] as number) << 16) |
      ((out[i + 2] as number) << 8) |
      (out[i + 3] as number);
    const left = Math.max(ttl - ageSeconds, 0);
    out[i] = left >>> 24;
    out[i + 1] = (left >> 16) & 0xff;
    out[i + 2] = (left >> 8) & 0xff;
    out[i + 3] = left & 0xff;
  }
}

/** RFC 6891: what we take, the upper part of the code, version 0, and whether signatures were wished for. */
function writeOpt(out: Uint8Array, at: number, wantsSignatures: boolean, codeHigh: number): void {
  out[at] = 0;
  out[at + 1] = 0;
  out[at + 2] = types.OPT;
  out[at + 3] = OWN_UDP_BYTES >> 8;
  out[at + 4] = OWN_UDP_BYTES & 0xff;
  out[at + 5] = codeHigh;
  out[at + 6] = 0;
  out[at + 7] = wantsSignatures ? 0x80 : 0;
  out[at + 8] = 0;
  out[at + 9] = 0;
  out[at + 10] = 0;
}
