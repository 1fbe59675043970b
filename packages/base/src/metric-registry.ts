import { Distribution } from './distribution.ts';
import { invariant } from './invariant.ts';
import type { Counter, Gauge, Histogram, Metrics, Tick } from './metric.ts';
import type { Labels, MetricFamily, Sample } from './metric-family.ts';
import { prometheusText } from './prometheus.ts';

/** Series of one metric. What has more is counted under no labels at all: a label that grows without end must not grow us. */
const SERIES_MAX = 5000;

/**
 * Keeps what is counted, and shows it to Prometheus. Asking twice for the same name gives the same metric; asking for it
 * as another type is a mistake of ours.
 */
export class MetricRegistry implements Metrics {
  readonly #metrics = new Map<string, Metric<Value>>();
  readonly #collectors = new Map<() => Iterable<MetricFamily>, (() => void) | undefined>();

  counter(name: string, help: string): Counter {
    const metric = this.#of(name, help, 'counter', () => new Sum());
    return {
      add: (value, labels) => metric.series(labels).add(value),
      of: (labels) => metric.series(labels),
      forget: (labels) => metric.forget(labels),
    };
  }

  gauge(name: string, help: string): Gauge {
    const metric = this.#of(name, help, 'gauge', () => new Sum());
    return {
      set: (value, labels) => metric.series(labels).set(value),
      follow: (read, labels) => metric.series(labels).follow(read),
      forget: (labels) => metric.forget(labels),
    };
  }

  histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    const metric = this.#of(name, help, 'histogram', () => new Distribution(buckets));
    return { observe: (value, labels) => metric.series(labels).observe(value), of: (labels) => metric.series(labels) };
  }

  collect(collector: () => Iterable<MetricFamily>, reset?: () => void): () => void {
    this.#collectors.set(collector, reset);
    return () => void this.#collectors.delete(collector);
  }

  families(): readonly MetricFamily[] {
    const own = [...this.#metrics.values()].map((metric) => metric.family());
    return [...own, ...[...this.#collectors.keys()].flatMap((collector) => [...collector()])].toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    );
  }

  /** What was counted by labels begins anew; what is so now, and what has no labels, stays, as it does upstream. */
  reset(): void {
    for (const metric of this.#metrics.values()) metric.reset();
    for (const reset of this.#collectors.values()) reset?.();
  }

  /** Prometheus text, format 0.0.4. */
  text(): string {
    return prometheusText(this.families());
  }

  #of<V extends Value>(name: string, help: string, type: Type, make: () => V): Metric<V> {
    const known = this.#metrics.get(name);
    invariant(!known || known.type === type, `metric ${name} is a ${known?.type}, not a ${type}`);
    if (known) return known as Metric<V>;
    const metric = new Metric(name, help, type, make);
    this.#metrics.set(name, metric);
    return metric;
  }
}

type Type = 'counter' | 'gauge' | 'histogram';

/** The numbers of one series. */
interface Value {
  reset(): void;
  samples(labels: Labels): readonly Sample[];
}

class Sum implements Value, Tick {
  #value = 0;
  #read: (() => number) | undefined;

  add(value = 1): void {
    this.#value += value;
  }

  set(value: number): void {
    this.#value = value;
  }

  follow(read: () => number): void {
    this.#read = read;
  }

  reset(): void {
    this.#value = 0;
  }

  samples(labels: Labels): readonly Sample[] {
    return [{ labels, value: this.#read?.() ?? this.#value }];
  }
}

interface Series<V> {
  readonly labels: Labels;
  readonly value: V;
}

const NONE: Labels = Object.freeze({});

class Metric<V extends Value> {
  readonly type: Type;
  readonly #name: string;
  readonly #help: string;
  readonly #make: () => V;
  readonly #series = new Map<string, Series<V>>();

  constructor(name: string, help: string, type: Type, make: () => V) {
    this.type = type;
    this.#name = name;
    this.#help = help;
    this.#make = make;
  }

  series(labels: Labels = NONE): V {
    const key = keyOf(labels);
    const known = this.#series.get(key);
    if (known) return known.value;
    if (this.#series.size >= SERIES_MAX && key !== '') return this.series();
    const value = this.#make();
    // A record of our own: its text is kept with it, and callers may make theirs anew each time.
    this.#series.set(key, { labels: { ...labels }, value });
    return value;
  }

  forget(labels: Labels): void {
    const wanted = Object.entries(labels);
    for (const [key, series] of this.#series)
      if (wanted.every(([name, value]) => series.labels[name] === value)) this.#series.delete(key);
  }

  /** Series stay, since those who count have them at hand. */
  reset(): void {
    if (this.type === 'gauge') return;
    for (const [key, { value }] of this.#series) if (key !== '') value.reset();
  }

  family(): MetricFamily {
    const samples = [...this.#series.values()].flatMap(({ labels, value }) => value.samples(labels));
    return { name: this.#name, help: this.#help, type: this.type, samples };
  }
}

/** Callers give the labels of a metric in one order, so that no sorting is needed where much is counted. */
function keyOf(labels: Labels): string {
  let key = '';
  for (const name in labels) key += `${name}\u0000${labels[name]}\u0001`;
  return key;
}
