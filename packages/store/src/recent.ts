/** Whoever holds something that it can make again. */
export interface Holder {
  letGo(kept: Kept<unknown>): void;
}

/** Something that is kept for as long as it is asked for. */
export class Kept<V> {
  readonly holder: Holder;
  readonly value: V;
  /** What it counts against the bound. */
  readonly bytes: number;
  /** Since it was last in danger of being let go. */
  wasAsked = false;
  older: Kept<unknown> | undefined;
  newer: Kept<unknown> | undefined;

  constructor(holder: Holder, value: V, bytes: number) {
    this.holder = holder;
    this.value = value;
    this.bytes = bytes;
  }
}

/**
 * What was made or asked for not long ago, up to so many bytes. Beyond them the oldest is let go, but what was asked for
 * since it came stays for another round: to ask costs no more than setting a mark.
 */
export class Recent {
  readonly #bytesMax: number;
  #bytes = 0;
  #oldest: Kept<unknown> | undefined;
  #newest: Kept<unknown> | undefined;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(kept: Kept<unknown>): void {
    this.#append(kept);
    for (let next = this.#oldest; next && this.#bytes > this.#bytesMax; next = this.#oldest) {
      this.remove(next);
      if (next.wasAsked && next !== kept) {
        next.wasAsked = false;
        this.#append(next);
      } else next.holder.letGo(next);
    }
  }

  /** Takes it out; its holder is not told. It must be in here. */
  remove(kept: Kept<unknown>): void {
    const { older, newer } = kept;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    kept.older = kept.newer = undefined;
    this.#bytes -= kept.bytes;
  }

  #append(kept: Kept<unknown>): void {
    kept.older = this.#newest;
    if (this.#newest) this.#newest.newer = kept;
    else this.#oldest = kept;
    this.#newest = kept;
    this.#bytes += kept.bytes;
  }
}
