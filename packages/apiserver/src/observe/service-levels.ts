import { Distribution, type Labels, type Sample } from '@navarch/base';

/** What a request waited for that is not the server's own doing: room, and webhooks (s). */
export interface Waits {
  waitedSeconds: number;
}

/**
 * How long requests took beside what they waited for. Nearly none waits: only those are kept, as they were and as they
 * would have been, and the rest is read from what is measured anyway.
 */
export class ServiceLevels {
  readonly #whole: Distribution;
  readonly #own: Distribution;

  /** Upper bounds of the durations that are measured anyway, in seconds. */
  constructor(bounds: readonly number[]) {
    this.#whole = new Distribution(bounds);
    this.#own = new Distribution(bounds);
  }

  waited(seconds: number, waitedSeconds: number): void {
    this.#whole.observe(seconds);
    this.#own.observe(Math.max(0, seconds - waitedSeconds));
  }

  /** How many of `all` took at most that, and how long they took together. */
  upTo(all: Distribution, bound: number): number {
    return all.upTo(bound) - this.#whole.upTo(bound) + this.#own.upTo(bound);
  }

  sum(all: Distribution): number {
    return all.sum - this.#whole.sum + this.#own.sum;
  }
}

/** `bounds` are some of those of `all`. */
export function serviceLevelSamples(
  labels: Labels,
  all: Distribution,
  levels: ServiceLevels | undefined,
  bounds: readonly number[],
): readonly Sample[] {
  return [
    ...bounds.map((bound) => ({
      suffix: '_bucket',
      labels,
      bound,
      value: levels?.upTo(all, bound) ?? all.upTo(bound),
    })),
    { suffix: '_bucket', labels, bound: Number.POSITIVE_INFINITY, value: all.count },
    { suffix: '_sum', labels, value: levels?.sum(all) ?? all.sum },
    { suffix: '_count', labels, value: all.count },
  ];
}
