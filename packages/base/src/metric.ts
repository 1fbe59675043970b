export type Labels = Readonly<Record<string, string>>;

/** What a component may count. Names and labels are upstream's where upstream has them (Prometheus conventions). */
export interface Metrics {
  counter(name: string, help: string): Counter;
  gauge(name: string, help: string): Gauge;
  /** `buckets` are upper bounds in the metric's unit, ascending, without +Inf. */
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
}
export interface Counter {
  add(value?: number, labels?: Labels): void;
  /** Series that have these labels are of something that is gone: they are no longer shown. */
  forget(labels: Labels): void;
}
export interface Gauge { set(value: number, labels?: Labels): void }
export interface Histogram { observe(value: number, labels?: Labels): void }

/** Counts nothing. For tests and simulations that do not read metrics. */
export const noMetrics: Metrics = {
  counter: () => ({ add: () => undefined, forget: () => undefined }),
  gauge: () => ({ set: () => undefined }),
  histogram: () => ({ observe: () => undefined }),
};
