import type { Place } from './service-rules.ts';

/** A service that wants packets to a place. */
export interface Claim {
  /** `namespace/name` of the service. */
  readonly key: string;
  readonly born: string;
  readonly place: Place;
}

/**
 * Who has a place that several services name: whose own address it is, then the older one. So nobody takes away what
 * another has, and all nodes say the same.
 */
export class Claims {
  readonly #byPlace = new Map<string, readonly Claim[]>();

  holder(id: string): Place | undefined {
    return this.#byPlace.get(id)?.[0]?.place;
  }

  set(id: string, key: string, claim: Claim | undefined): void {
    const others = this.#byPlace.get(id)?.filter((other) => other.key !== key) ?? [];
    const all = claim ? [...others, claim] : others;
    if (all.length === 0) this.#byPlace.delete(id);
    else this.#byPlace.set(id, all.length === 1 ? all : all.toSorted(better));
  }
}

const better = (a: Claim, b: Claim): number =>
  a.place.rank - b.place.rank || compare(a.born, b.born) || compare(a.key, b.key);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
