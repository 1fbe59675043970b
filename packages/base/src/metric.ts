import type { Labels, MetricFamily } from './metric-family.ts';

/** What a component may count. Names and labels are upstream's where upstream has them (Prometheus conventions). */
export interface Metrics {
  counter(name: string, help: string): Counter;
  gauge(name: string, help: string): Gauge;
  /** `buckets` are upper bounds in the metric's unit, ascending, without +Inf. */
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
  /**
   * What is not counted but looked up when somebody asks: called at every reading, until what it returns is called.
   * `reset`: what it has counted itself begins anew.
   */
  collect(collector: () => Iterable<MetricFamily>, reset?: () => void): () => void;
}
export interface Counter {
  add(value?: number, labels?: Labels): void;
  /** The series of these labels, found once for where much is counted. It is shown from now on, though it be 0. */
  of(labels: Labels): Tick;
  /** Series that have these labels are of something that is gone: they are no longer shown. */
  forget(labels: Labels): void;
}
export interface Gauge {
  set(value: number, labels?: Labels): void;
  /** Looks the value up whenever somebody wants to see it. */
  follow(read: () => number, labels?: Labels): void;
  forget(labels: Labels): void;
}
export interface Histogram {
  observe(value: number, labels?: Labels): void;
  /** The series of these labels, found once for where much is observed. */
  of(labels: Labels): Observer;
}
export interface Tick {
  add(value?: number): void;
}
export interface Observer {
  observe(value: number): void;
}

const nothing = (): undefined => undefined;
const noSeries: Tick & Observer = { add: nothing, observe: nothing };

/** Counts nothing. For tests and simulations that do not read metrics. */
export const noMetrics: Metrics = {
  counter: () => ({ add: nothing, of: () => noSeries, forget: nothing }),
  gauge: () => ({ set: nothing, follow: nothing, forget: nothing }),
  histogram: () => ({ observe: nothing, of: () => noSeries }),
  collect: () => nothing,
};

/** Upper bounds that grow by a factor: `count` of them. */
export const exponential = (first: number, factor: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => first * factor ** i);
