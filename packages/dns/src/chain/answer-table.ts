import { HEADER_BYTES, type Query } from '../wire/query.ts';
import type { Template } from '../wire/template.ts';

/** An answer that holds until something changes, with what is counted when it is given. */
export interface Known<Of> {
  readonly template: Template;
  readonly by: string;
  readonly of: Of;
}

interface Entry<Of> {
  /** Name, type and class as bytes, in lower case. */
  readonly key: Uint8Array;
  readonly known: Known<Of>;
  readonly generation: number;
  readonly next: Entry<Of> | undefined;
}

/** Questions that are remembered. When it is full all are forgotten: each is answered anew in microseconds. */
const ENTRIES_MAX = 10_000;

/** Answers by the bytes of their questions, so that what was asked before is answered without reading its name. */
export class AnswerTable<Of> {
  readonly #entries = new Map<number, Entry<Of>>();
  #size = 0;
  #generation = 0;

  get size(): number {
    return this.#size;
  }

  find({ bytes, end }: Query): Known<Of> | undefined {
    for (let entry = this.#entries.get(hashOf(bytes, end)); entry; entry = entry.next)
      if (entry.generation === this.#generation && isSame(entry.key, bytes, end)) return entry.known;
    return undefined;
  }

  put({ bytes, end }: Query, known: Known<Of>): void {
    if (this.#size >= ENTRIES_MAX) this.#clear();
    // A copy: the bytes are the client's.
    const key = new Uint8Array(bytes.subarray(HEADER_BYTES, end));
    for (let i = 0; i < key.length - 4; i++) key[i] = lower(key[i] as number);
    const hash = hashOf(bytes, end);
    const before = this.#entries.get(hash);
    // What was true before a change is of no use to anyone.
    const next = before?.generation === this.#generation ? before : undefined;
    this.#entries.set(hash, { key, known, generation: this.#generation, next });
    this.#size += 1;
  }

  /** Nothing that is known holds any more. */
  forget(): void {
    this.#generation += 1;
  }

  #clear(): void {
    this.#entries.clear();
    this.#size = 0;
  }
}

/** A label of 65 bytes, whose length would be a capital, there is not. */
const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte);

function hashOf(bytes: Uint8Array, end: number): number {
  let hash = end;
  for (let i = HEADER_BYTES; i < end; i++) hash = Math.imul(hash ^ lower(bytes[i] as number), 0x01000193);
  return hash ^ (hash >>> 15);
}

function isSame(key: Uint8Array, bytes: Uint8Array, end: number): boolean {
  if (key.length !== end - HEADER_BYTES) return false;
  // Type and class are no letters: `A` is not `a` there.
  const name = key.length - 4;
  for (let i = 0; i < name; i++) if (key[i] !== lower(bytes[HEADER_BYTES + i] as number)) return false;
  for (let i = name; i < key.length; i++) if (key[i] !== bytes[HEADER_BYTES + i]) return false;
  return true;
}
