import type { NewRow } from './rows.ts';

/**
 * Rows on their way to the writing thread: their bytes one after the other in a buffer that changes hands, their numbers
 * in another. Cloning rows one by one costs the API server more than everything else it does to store them.
 */
export interface PackedRows {
  readonly keys: readonly string[];
  /** Of each row: revision, created, replaces, and how many bytes its value has; -1: none. */
  readonly numbers: Float64Array;
  readonly bytes: Uint8Array;
}

const NUMBERS = 4;

export function packRows(rows: readonly NewRow[]): PackedRows {
  const numbers = new Float64Array(rows.length * NUMBERS);
  let total = 0;
  for (const [i, { revision, created, replaces, value }] of rows.entries()) {
    numbers.set([revision, created, replaces, value?.length ?? -1], i * NUMBERS);
    total += value?.length ?? 0;
  }
  const bytes = new Uint8Array(total);
  let end = 0;
  for (const { value } of rows) {
    if (value) bytes.set(value, end);
    end += value?.length ?? 0;
  }
  return { keys: rows.map((row) => row.key), numbers, bytes };
}

/** What may be handed over instead of being cloned. */
export const buffersOf = ({ numbers, bytes }: PackedRows): readonly ArrayBuffer[] => [
  numbers.buffer as ArrayBuffer,
  bytes.buffer as ArrayBuffer,
];

/** The values are views of the one buffer. */
export function unpackRows({ keys, numbers, bytes }: PackedRows): readonly NewRow[] {
  let end = 0;
  return keys.map((key, i) => {
    const [revision = 0, created = 0, replaces = 0, length = -1] = numbers.subarray(i * NUMBERS, (i + 1) * NUMBERS);
    const start = end;
    end += Math.max(0, length);
    return { revision, created, replaces, key, value: length < 0 ? null : bytes.subarray(start, end) };
  });
}
