import type { Domains } from './domains.ts';

/** How many of something each domain has, and in how many there are how many. */
export interface Sums {
  /** How many domains there are. */
  readonly size: number;
  /** Of the domain that has the fewest; 0 where there is no domain. */
  readonly least: number;
  /** No domain has any. */
  readonly isEmpty: boolean;
  /** undefined: there is no such domain. */
  get(domain: string): number | undefined;
  /** How many domains have just so many. */
  having(count: number): number;
}

/** Kept as single pods come and go: what is asked of all domains is known without a look at them. */
export class DomainSums implements Sums {
  readonly #domains: Domains;
  /** By the number of the domain. */
  readonly byNumber: Int32Array;
  readonly #isIncluded: Uint8Array;
  /** How many domains have each count. */
  readonly #having = new Map<number, number>();
  #size = 0;
  #least = 0;

  constructor(domains: Domains) {
    this.#domains = domains;
    this.byNumber = new Int32Array(domains.numbers.size);
    this.#isIncluded = new Uint8Array(domains.numbers.size);
  }

  /** The domain of each node, by its slot. */
  get domainOf(): Int32Array {
    return this.#domains.bySlot;
  }

  get size(): number {
    return this.#size;
  }

  get least(): number {
    return this.#least;
  }

  get isEmpty(): boolean {
    return this.having(0) === this.#size;
  }

  get(domain: string): number | undefined {
    const number = this.#domains.numbers.get(domain);
    return number === undefined || this.#isIncluded[number] === 0 ? undefined : this.byNumber[number];
  }

  having(count: number): number {
    return this.#having.get(count) ?? 0;
  }

  /** The domain is one of those that count, with none so far. */
  include(domain: number): void {
    if (this.#isIncluded[domain] === 1) return;
    this.#isIncluded[domain] = 1;
    this.#size += 1;
    this.#having.set(0, this.having(0) + 1);
    this.#least = 0;
  }

  add(domain: number, by: number): void {
    const before = this.byNumber[domain] as number;
    const count = before + by;
    this.byNumber[domain] = count;
    const left = this.having(before) - 1;
    if (left > 0) this.#having.set(before, left);
    else this.#having.delete(before);
    this.#having.set(count, this.having(count) + 1);
    if (count < this.#least) this.#least = count;
    // Rises by no more than pods have come: each pays for its own step.
    else while (this.#least < count && this.having(this.#least) === 0) this.#least += 1;
  }
}
