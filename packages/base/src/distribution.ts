import type { Observer } from './metric.ts';
import type { Labels, Sample } from './metric-family.ts';

/** How often values fell between bounds: what a histogram keeps of one series. */
export class Distribution implements Observer {
  /** Upper bounds, ascending, without +Inf. */
  readonly #bounds: readonly number[];
  /** Each value in the first bucket that takes it. */
  readonly #counts: number[];
  #count = 0;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  /** How many values are at most that. The bound is one of its own. */
  upTo(bound: number): number {
    return this.#counts.slice(0, this.#bounds.indexOf(bound) + 1).reduce((all, count) => all + count, 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count += 1;
    const { length } = this.#bounds;
    let index = 0;
    while (index < length && value > (this.#bounds[index] as number)) index += 1;
    if (index < length) this.#counts[index] = (this.#counts[index] as number) + 1;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sum = 0;
  }

  /** None before the first value, where it is one of several series. */
  samples(labels: Labels): readonly Sample[] {
    if (this.#count === 0 && Object.keys(labels).length > 0) return [];
    const samples: Sample[] = [];
    let below = 0;
    for (const [i, bound] of this.#bounds.entries()) {
      below += this.#counts[i] as number;
      samples.push({ suffix: '_bucket', labels, bound, value: below });
    }
    samples.push({ suffix: '_bucket', labels, bound: Number.POSITIVE_INFINITY, value: this.#count });
    samples.push({ suffix: '_sum', labels, value: this.#sum }, { suffix: '_count', labels, value: this.#count });
    return samples;
  }
}
