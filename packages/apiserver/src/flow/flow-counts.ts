import type { Counter, Histogram, Labels, MetricFamily, Metrics, Observer, Tick } from '@navarch/base';

const SECONDS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
/** Pairs of level and schema that are told apart: people may make ever new schemas. */
const FLOWS_MAX = 1000;

type Refusal = 'cancelled' | 'concurrency-limit' | 'queue-full' | 'time-out';

/** What the requests of one schema come to in one level. */
export interface FlowCounts {
  readonly labels: Labels;
  executing: number;
  waiting: number;
  /** Requests that had a seat and gave it back. */
  left: number;
  readonly refusals: Readonly<Record<Refusal, number>>;
  /** Requests that got a seat, and how long they had waited for it (s). */
  readonly dispatched: Tick;
  readonly waited: Observer;
  /** How long those had waited that got none. */
  readonly waitedInVain: Observer;
  refused(why: Refusal): void;
}

/** Counts the requests of each flow, under upstream's names. */
export class FlowTally {
  readonly #flows = new Map<string, FlowCounts>();
  readonly #dispatched: Counter;
  readonly #rejected: Counter;
  readonly #waits: Histogram;

  constructor(metrics: Metrics) {
    this.#dispatched = metrics.counter(
      'apiserver_flowcontrol_dispatched_requests_total',
      '[BETA] Number of requests executed by API Priority and Fairness subsystem',
    );
    this.#rejected = metrics.counter(
      'apiserver_flowcontrol_rejected_requests_total',
      '[BETA] Number of requests rejected by API Priority and Fairness subsystem',
    );
    this.#waits = metrics.histogram(
      'apiserver_flowcontrol_request_wait_duration_seconds',
      '[BETA] Length of time a request spent waiting in its queue',
      SECONDS,
    );
  }

  of(level: string, schema: string): FlowCounts {
    const key = `${level}\n${schema}`;
    const known = this.#flows.get(key);
    if (known) return known;
    if (this.#flows.size >= FLOWS_MAX && schema !== '') return this.of(level, '');
    const labels = { priority_level: level, flow_schema: schema };
    const refusals = { cancelled: 0, 'concurrency-limit': 0, 'queue-full': 0, 'time-out': 0 };
    const made: FlowCounts = {
      labels,
      executing: 0,
      waiting: 0,
      left: 0,
      refusals,
      dispatched: this.#dispatched.of(labels),
      waited: this.#waits.of({ ...labels, execute: 'true' }),
      waitedInVain: this.#waits.of({ ...labels, execute: 'false' }),
      refused: (reason) => {
        refusals[reason] += 1;
        this.#rejected.add(1, { ...labels, reason });
      },
    };
    this.#flows.set(key, made);
    return made;
  }

  /** Of each flow that has been seen. */
  get flows(): readonly FlowCounts[] {
    return [...this.#flows.values()];
  }

  families(): readonly MetricFamily[] {
    const { flows } = this;
    const gauge = (name: string, help: string, value: (counts: FlowCounts) => number): MetricFamily => ({
      name: `apiserver_flowcontrol_${name}`,
      type: 'gauge',
      help: `[BETA] ${help}`,
      samples: flows.map((counts) => ({ labels: counts.labels, value: value(counts) })),
    });
    return [
      gauge(
        'current_executing_requests',
        'Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage in the API Priority and Fairness subsystem',
        ({ executing }) => executing,
      ),
      // Every request takes one seat.
      gauge(
        'current_executing_seats',
        'Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage otherwise) requests in the API Priority and Fairness subsystem',
        ({ executing }) => executing,
      ),
      gauge(
        'current_inqueue_requests',
        'Number of requests currently pending in queues of the API Priority and Fairness subsystem',
        ({ waiting }) => waiting,
      ),
    ];
  }
}
