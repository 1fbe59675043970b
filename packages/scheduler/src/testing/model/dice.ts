import { type Random, seededRandom } from '@navarch/base';

/** Draws from a stream. */
export class Dice {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  upTo(max: number): number {
    return this.#random.uint32() % (max + 1);
  }

  /** True once in so many. */
  once(inMany: number): boolean {
    return this.upTo(inMany - 1) === 0;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.upTo(values.length - 1)] as T;
  }

  some<T>(inMany: number, make: () => T): readonly T[] {
    return this.once(inMany) ? Array.from({ length: 1 + this.upTo(1) }, make) : [];
  }
}

export const ZONE = 'topology.kubernetes.io/zone';
export const OLD_ZONE = 'failure-domain.beta.kubernetes.io/zone';
export const APPS = ['x', 'y', 'z'] as const;
export const NAMESPACES = ['default', 'other', 'third'] as const;
