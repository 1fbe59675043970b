/** Who has looked at fewer of the last changes than this is told which nodes they were of, and else that it may be any. */
const KEPT = 1024;

/**
 * Which nodes have changed, by slot, in the order in which they did. Who remembers something of nodes looks here for
 * what no longer holds, instead of at every node: between two decisions few have changed, and all are asked for.
 */
export class TouchedNodes {
  readonly #slots = new Int32Array(KEPT);
  #count = 0;

  /** How many changes there have been. */
  get count(): number {
    return this.#count;
  }

  note(slot: number): void {
    this.#slots[this.#count % KEPT] = slot;
    this.#count += 1;
  }

  /** Sets `value` for every slot that was noted after the first `count` changes; false: nobody knows any more which. */
  markSince(count: number, states: Uint8Array, value: number): boolean {
    if (this.#count - count > KEPT) return false;
    for (let i = count; i < this.#count; i++) states[this.#slots[i % KEPT] as number] = value;
    return true;
  }
}
