import { invariant } from './invariant.ts';
import type { Counter, Gauge, Histogram, Labels, Metrics } from './metric.ts';
import { type MetricFamily, prometheusText, type Sample, shown } from './prometheus.ts';

/** Series of one metric. What has more is counted under no labels at all: a label that grows without end must not grow us. */
const SERIES_MAX = 5000;

type Type = 'counter' | 'gauge' | 'histogram';

/**
 * Keeps what is counted, and shows it to Prometheus. Asking twice for the same name gives the same metric; asking for it
 * as another type is a mistake of ours.
 */
export class MetricRegistry implements Metrics {
  readonly #metrics = new Map<string, Metric>();
  readonly #collectors: (() => Iterable<MetricFamily>)[] = [];

  counter(name: string, help: string): Counter {
    const metric = this.#of(name, help, 'counter', []);
    return { add: (value = 1, labels = {}) => void (metric.series(labels).value += value), forget: (labels) => metric.forget(labels) };
  }

  gauge(name: string, help: string): Gauge {
    const metric = this.#of(name, help, 'gauge', []);
    return { set: (value, labels = {}) => void (metric.series(labels).value = value) };
  }

  histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    const metric = this.#of(name, help, 'histogram', buckets);
    return { observe: (value, labels = {}) => observe(metric.series(labels), value, buckets) };
  }

  /** What is not counted but looked up when somebody asks: called at every reading. */
  collect(collector: () => Iterable<MetricFamily>): void {
    this.#collectors.push(collector);
  }

  families(): readonly MetricFamily[] {
    const own = [...this.#metrics.values()].map((metric) => metric.family());
    return [...own, ...this.#collectors.flatMap((collector) => [...collector()])].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Prometheus text, format 0.0.4. */
  text(): string {
    return prometheusText(this.families());
  }

  #of(name: string, help: string, type: Type, buckets: readonly number[]): Metric {
    const known = this.#metrics.get(name);
    invariant(!known || known.type === type, `metric ${name} is a ${known?.type}, not a ${type}`);
    const metric = known ?? new Metric(name, help, type, buckets);
    this.#metrics.set(name, metric);
    return metric;
  }
}

interface Series {
  readonly labels: Labels;
  /** The number; of a histogram the sum. */
  value: number;
  count: number;
  /** Of a histogram: observations by bucket, each in the first that takes it. */
  readonly counts: number[];
}

class Metric {
  readonly type: Type;
  readonly #name: string;
  readonly #help: string;
  readonly #buckets: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor(name: string, help: string, type: Type, buckets: readonly number[]) {
    this.type = type;
    this.#name = name;
    this.#help = help;
    this.#buckets = buckets;
  }

  series(labels: Labels): Series {
    const key = keyOf(labels);
    const known = this.#series.get(key);
    if (known) return known;
    if (this.#series.size >= SERIES_MAX && key !== '') return this.series({});
    const made: Series = { labels, value: 0, count: 0, counts: this.#buckets.map(() => 0) };
    this.#series.set(key, made);
    return made;
  }

  forget(labels: Labels): void {
    const wanted = Object.entries(labels);
    for (const [key, series] of this.#series) if (wanted.every(([name, value]) => series.labels[name] === value)) this.#series.delete(key);
  }

  family(): MetricFamily {
    const samples = [...this.#series.values()].flatMap((series) => (this.type === 'histogram' ? this.#histogram(series) : [plain(series)]));
    return { name: this.#name, help: this.#help, type: this.type, samples };
  }

  #histogram({ labels, value, count, counts }: Series): readonly Sample[] {
    let below = 0;
    const buckets = this.#buckets.map((bound, i): Sample => {
      below += counts[i] ?? 0;
      return { suffix: '_bucket', labels: { ...labels, le: shown(bound) }, value: below };
    });
    return [
      ...buckets, { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
      { suffix: '_sum', labels, value }, { suffix: '_count', labels, value: count },
    ];
  }
}

const plain = ({ labels, value }: Series): Sample => ({ labels, value });

/** Callers give the labels of a metric in one order, so that no sorting is needed where much is counted. */
function keyOf(labels: Labels): string {
  let key = '';
  for (const name in labels) key += `${name}\u0000${labels[name]}\u0001`;
  return key;
}

function observe(series: Series, value: number, buckets: readonly number[]): void {
  series.value += value;
  series.count += 1;
  const index = buckets.findIndex((bound) => value <= bound);
  if (index >= 0) series.counts[index] = (series.counts[index] ?? 0) + 1;
}
