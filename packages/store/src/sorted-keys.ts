import { lowerBound } from './sorted.ts';

/** Keys that are moved at most for one that comes or goes. */
const BLOCK_MAX = 512;

/**
 * Keys in order, in blocks: one that comes or goes moves those of its block, and not all that follow it. A hundred
 * thousand in one array would cost a hundred thousand moves for each.
 */
export class SortedKeys {
  /** None is empty; all keys of one come before all keys of the next. */
  readonly #blocks: string[][] = [];

  /** The keys are in order, and each is there once. */
  static of(keys: readonly string[]): SortedKeys {
    const sorted = new SortedKeys();
    for (let at = 0; at < keys.length; at += BLOCK_MAX) sorted.#blocks.push(keys.slice(at, at + BLOCK_MAX));
    return sorted;
  }

  /** The key is not there yet. */
  add(key: string): void {
    const at = Math.min(this.#blockOf(key), this.#blocks.length - 1);
    const block = this.#blocks[at];
    if (!block) return void this.#blocks.push([key]);
    const place = lowerBound(block, key);
    if (block.length < BLOCK_MAX) return void block.splice(place, 0, key);
    // Keys that come in order fill their blocks; others find room in both halves.
    if (place === block.length) return void this.#blocks.splice(at + 1, 0, [key]);
    const second = block.splice(BLOCK_MAX / 2);
    this.#blocks.splice(at + 1, 0, second);
    const half = place <= block.length ? block : second;
    half.splice(lowerBound(half, key), 0, key);
  }

  delete(key: string): void {
    const at = this.#blockOf(key);
    const block = this.#blocks[at];
    const place = block ? lowerBound(block, key) : 0;
    if (block?.[place] !== key) return;
    block.splice(place, 1);
    const next = this.#blocks[at + 1];
    if (block.length === 0) this.#blocks.splice(at, 1);
    else if (next && block.length + next.length <= BLOCK_MAX / 2) this.#blocks.splice(at, 2, [...block, ...next]);
  }

  /** How many keys come before this one. */
  rank(key: string): number {
    const at = this.#blockOf(key);
    let sum = 0;
    for (let i = 0; i < at; i++) sum += (this.#blocks[i] as string[]).length;
    const block = this.#blocks[at];
    return block ? sum + lowerBound(block, key) : sum;
  }

  /** The keys from `start` on that come before `end`. To be read at once, before anything changes. */
  *range(start: string, end: string): Generator<string> {
    for (let at = this.#blockOf(start); at < this.#blocks.length; at++) {
      const block = this.#blocks[at] as string[];
      const isLast = (block.at(-1) as string) >= end;
      const stop = isLast ? lowerBound(block, end) : block.length;
      for (let i = (block[0] as string) < start ? lowerBound(block, start) : 0; i < stop; i++) yield block[i] as string;
      if (isLast) return;
    }
  }

  /** The place of the first block that ends with this key or a later one. */
  #blockOf(key: string): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (((this.#blocks[middle] as string[]).at(-1) as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
