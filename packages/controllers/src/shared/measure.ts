import type { Labels, MetricFamily, Metrics, Sample } from '@navarch/base';

// Metrics of controllers: each a frozen value under upstream's name, counted wherever its controller runs.

export interface Count {
  add(metrics: Metrics, labels?: Labels, value?: number): void;
}

export const count = (name: string, help: string): Count =>
  Object.freeze({
    add: (metrics: Metrics, labels?: Labels, value = 1) => metrics.counter(name, help).add(value, labels),
  });

/** How often a look was put off, since the cache did not show yet what the last one wrote. */
export const staleLooks = (subsystem: string): Count =>
  count(
    `${subsystem}_stale_sync_skips_total`,
    '[ALPHA] Looks that were put off because the cache did not show what the last one wrote',
  );

export interface Spread {
  observe(metrics: Metrics, value: number, labels?: Labels): void;
}

/** `buckets`: upper bounds, ascending. */
export const spread = (name: string, help: string, buckets: readonly number[]): Spread =>
  Object.freeze({
    observe: (metrics: Metrics, value: number, labels?: Labels) =>
      metrics.histogram(name, help, buckets).observe(value, labels),
  });

/** Upper bounds of whatever has none of its own (Prometheus's defaults). */
export const SECONDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** From 5 ms to 4 min: how late pods are evicted. */
export const EVICTION_SECONDS: readonly number[] = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240];

/** A gauge as it is told when somebody asks. */
export const gauge = (name: string, help: string, samples: readonly Sample[]): MetricFamily => ({
  name,
  help,
  type: 'gauge',
  samples,
});

/** How many of these there are by their labels. */
export function tally<T>(all: Iterable<T>, labelsOf: (one: T) => Labels): readonly Sample[] {
  const found = new Map<string, { readonly labels: Labels; value: number }>();
  for (const one of all) {
    const labels = labelsOf(one);
    const key = JSON.stringify(labels);
    const sample = found.get(key);
    if (sample) sample.value += 1;
    else found.set(key, { labels, value: 1 });
  }
  return [...found.values()];
}
