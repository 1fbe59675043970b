import type { Clock, Metrics, Observer, Tick } from '@navarch/base';
import type { ResourceFacts } from '@navarch/machinery';

/** Upper bounds, in seconds: upstream's. */
const SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

export type StoreOperation = 'create' | 'update' | 'delete';

interface Series {
  readonly seconds: Observer;
  readonly count: Tick;
  readonly errors: () => Tick;
}

/** What is counted of the writes of one resource: reads are of memory, and never reach the store. */
export class StoreCounts {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #of: (operation: StoreOperation) => Series;
  readonly #series = new Map<StoreOperation, Series>();

  constructor(clock: Pick<Clock, 'monotonic'>, of: (operation: StoreOperation) => Series) {
    this.#clock = clock;
    this.#of = of;
  }

  /** Monotonic, ms. */
  now(): number {
    return this.#clock.monotonic();
  }

  /** The store has answered, though it be that somebody else was first. `began`: monotonic, ms. */
  answered(operation: StoreOperation, began: number): void {
    const { seconds, count } = this.#seriesOf(operation);
    seconds.observe((this.#clock.monotonic() - began) / 1000);
    count.add();
  }

  failed(operation: StoreOperation): void {
    this.#seriesOf(operation).errors().add();
  }

  #seriesOf(operation: StoreOperation): Series {
    let series = this.#series.get(operation);
    if (!series) this.#series.set(operation, (series = this.#of(operation)));
    return series;
  }
}

/** How the store answers, under upstream's names, which are those of its only store. */
export class StoreMeasures {
  readonly of: (kind: Pick<ResourceFacts, 'group' | 'plural'>) => StoreCounts;

  constructor(metrics: Metrics, clock: Clock) {
    const seconds = metrics.histogram(
      'etcd_request_duration_seconds',
      '[ALPHA] Etcd request latency in seconds for each operation and object type.',
      SECONDS,
    );
    const counts = metrics.counter(
      'etcd_requests_total',
      '[ALPHA] Etcd request counts for each operation and object type.',
    );
    const errors = metrics.counter(
      'etcd_request_errors_total',
      '[ALPHA] Etcd failed request counts for each operation and object type.',
    );
    this.of = ({ group, plural }) =>
      new StoreCounts(clock, (operation) => {
        const labels = { operation, group, resource: plural };
        return { seconds: seconds.of(labels), count: counts.of(labels), errors: () => errors.of(labels) };
      });
  }
}
