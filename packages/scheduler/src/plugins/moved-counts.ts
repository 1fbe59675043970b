/** A count by domain with a few domains changed: preemption asks of many nodes what it would be like there. */
class MovedCounts implements ReadonlyMap<string, number> {
  readonly #base: ReadonlyMap<string, number>;
  readonly #changed: ReadonlyMap<string, number>;

  constructor(base: ReadonlyMap<string, number>, changed: ReadonlyMap<string, number>) {
    this.#base = base;
    this.#changed = changed;
  }

  with(domain: string, by: number): MovedCounts {
    return new MovedCounts(this.#base, new Map(this.#changed).set(domain, (this.get(domain) ?? 0) + by));
  }

  get(domain: string): number | undefined {
    return this.#changed.get(domain) ?? this.#base.get(domain);
  }

  has(domain: string): boolean {
    return this.#changed.has(domain) || this.#base.has(domain);
  }

  get size(): number {
    let size = this.#base.size;
    for (const domain of this.#changed.keys()) if (!this.#base.has(domain)) size += 1;
    return size;
  }

  *entries(): MapIterator<[string, number]> {
    for (const [domain, count] of this.#base) yield [domain, this.#changed.get(domain) ?? count];
    for (const entry of this.#changed) if (!this.#base.has(entry[0])) yield entry;
  }

  *keys(): MapIterator<string> {
    for (const [domain] of this.entries()) yield domain;
  }

  *values(): MapIterator<number> {
    for (const [, count] of this.entries()) yield count;
  }

  forEach(visit: (count: number, domain: string, map: ReadonlyMap<string, number>) => void): void {
    for (const [domain, count] of this.entries()) visit(count, domain, this);
  }

  [Symbol.iterator](): MapIterator<[string, number]> {
    return this.entries();
  }
}

/** The same counts with one domain's moved; the given ones stay as they are. */
export const moved = (counts: ReadonlyMap<string, number>, domain: string, by: number): ReadonlyMap<string, number> =>
  (counts instanceof MovedCounts ? counts : new MovedCounts(counts, new Map())).with(domain, by);
