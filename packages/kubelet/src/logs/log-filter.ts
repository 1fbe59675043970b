import { joinedBytes } from '@navarch/base';
import type { LogOptions } from './log-options.ts';

const NEWLINE = 10;
const SPACE = 32;
const COLON = 58;
/** A line of the file that is longer is no entry: runtimes cut at 16 KiB. What is beyond is passed over. */
const LINE_BYTES_MAX = 1024 * 1024;

interface Entry {
  readonly time: string;
  readonly stream: string;
  /** The container's line goes on in the next entry. */
  readonly isPartial: boolean;
  readonly text: Uint8Array;
}

/**
 * Makes what a client sees of a log file (CRI log format: time, stream, tag, text): entries of a line are joined, those
 * that were not asked for are left out, and times put before lines. Works on bytes: a character may be cut by an entry
 * or by a read, and containers write what they like. What is no entry is left out.
 */
export class LogFilter {
  readonly #options: Pick<LogOptions, 'timestamps' | 'since' | 'stream'>;
  #left: number;
  #rest: Uint8Array = new Uint8Array();
  #isPassing = false;
  #isLineOpen = false;

  constructor(options: Pick<LogOptions, 'timestamps' | 'since' | 'stream' | 'limitBytes'>) {
    this.#options = options;
    this.#left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  /** As much has been given out as was asked for. */
  get isFull(): boolean {
    return this.#left <= 0;
  }

  /** What is to be sent for the next bytes of the file. */
  push(chunk: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0 && !this.isFull; end = chunk.indexOf(NEWLINE, start)) {
      this.#line(joinedBytes([this.#rest, chunk.subarray(start, end)]), parts);
      this.#rest = new Uint8Array();
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return joinedBytes(parts);
  }

  /** The file has ended: what came without an end of line counts too. */
  end(): Uint8Array {
    const parts: Uint8Array[] = [];
    if (this.#rest.length > 0) this.#line(this.#rest, parts);
    this.#rest = new Uint8Array();
    return joinedBytes(parts);
  }

  #keep(bytes: Uint8Array): void {
    if (this.#rest.length + bytes.length > LINE_BYTES_MAX) {
      this.#rest = new Uint8Array();
      this.#isPassing = true;
    }
    if (!this.#isPassing) this.#rest = joinedBytes([this.#rest, bytes]);
  }

  #line(line: Uint8Array, parts: Uint8Array[]): void {
    if (this.#isPassing) {
      this.#isPassing = false;
      return;
    }
    const entry = parseEntry(line);
    const { stream, since, timestamps } = this.#options;
    if (!entry || this.isFull || (stream !== undefined && entry.stream !== stream)) return;
    if (since !== undefined && Date.parse(entry.time) < since) return;
    if (timestamps && !this.#isLineOpen) this.#give(encoder.encode(`${fixedTime(entry.time)} `), parts);
    this.#isLineOpen = entry.isPartial;
    this.#give(entry.text, parts);
    if (!entry.isPartial) this.#give(END_OF_LINE, parts);
  }

  #give(bytes: Uint8Array, parts: Uint8Array[]): void {
    const allowed = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left);
    this.#left -= allowed.length;
    parts.push(allowed);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const END_OF_LINE = Uint8Array.of(NEWLINE);

/** undefined for a line that is no entry. */
function parseEntry(line: Uint8Array): Entry | undefined {
  const first = line.indexOf(SPACE);
  const second = first < 0 ? -1 : line.indexOf(SPACE, first + 1);
  if (second < 0) return undefined;
  const third = line.indexOf(SPACE, second + 1);
  const tagEnd = third < 0 ? line.length : third;
  const colon = line.indexOf(COLON, second + 1);
  const tag = decoder.decode(line.subarray(second + 1, colon >= 0 && colon < tagEnd ? colon : tagEnd));
  const [time, stream] = [decoder.decode(line.subarray(0, first)), decoder.decode(line.subarray(first + 1, second))];
  if ((stream !== 'stdout' && stream !== 'stderr') || (tag !== 'P' && tag !== 'F') || Number.isNaN(Date.parse(time)))
    return undefined;
  return { time, stream, isPartial: tag === 'P', text: line.subarray(Math.min(line.length, tagEnd + 1)) };
}

/** Nine digits of fraction, as upstream prints them, so that times are of one length. */
function fixedTime(time: string): string {
  const match = /^(.*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time);
  return match ? `${match[1]}.${(match[2] ?? '').slice(0, 9).padEnd(9, '0')}${match[3]}` : time;
}
