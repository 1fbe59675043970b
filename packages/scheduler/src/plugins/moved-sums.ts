import type { Sums } from '../snapshot/domain-sums.ts';

/** Sums with a few domains changed: preemption asks of many nodes what it would be like there. */
class MovedSums implements Sums {
  readonly #base: Sums;
  readonly #changed: ReadonlyMap<string, number>;

  constructor(base: Sums, changed: ReadonlyMap<string, number>) {
    this.#base = base;
    this.#changed = changed;
  }

  with(domain: string, by: number): MovedSums {
    return new MovedSums(this.#base, new Map(this.#changed).set(domain, (this.get(domain) ?? 0) + by));
  }

  get(domain: string): number | undefined {
    return this.#changed.get(domain) ?? this.#base.get(domain);
  }

  get size(): number {
    let size = this.#base.size;
    for (const domain of this.#changed.keys()) if (this.#base.get(domain) === undefined) size += 1;
    return size;
  }

  get isEmpty(): boolean {
    return this.having(0) === this.size;
  }

  having(count: number): number {
    let having = this.#base.having(count);
    for (const [domain, now] of this.#changed) {
      if (this.#base.get(domain) === count) having -= 1;
      if (now === count) having += 1;
    }
    return having;
  }

  get least(): number {
    if (this.size === 0) return 0;
    let least = Math.min(this.#base.least, ...this.#changed.values());
    while (this.having(least) === 0) least += 1;
    return least;
  }
}

/** There is no domain. */
export const noSums: Sums = { size: 0, least: 0, isEmpty: true, get: () => undefined, having: () => 0 };

/** The same sums with one domain's moved; the given ones stay as they are. */
export const moved = (sums: Sums, domain: string, by: number): Sums =>
  (sums instanceof MovedSums ? sums : new MovedSums(sums, new Map())).with(domain, by);
