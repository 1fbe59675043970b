import type { EndpointSlice, IpFamily } from '@navarch/api';
import { type Clock, exponential, type Gauge, type Histogram, type Metrics } from '@navarch/base';
import { FAMILIES } from './families.ts';
import type { ProxyHealth } from './proxy-health.ts';
import type { WithoutLocal } from './service-rules.ts';

/** One transaction makes the rules of both families: what is counted of it is counted of each. */
const LABELS = FAMILIES.map(({ name }) => ({ ip_family: name }));
const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';
/** Times of changes that wait for a transaction; those of more are not measured. */
const TRIGGERS_MAX = 10_000;
const SYNC_BUCKETS = exponential(0.001, 2, 15);
const steps = (first: number, by: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => first + i * by);
/** Upstream's: a quarter of a second to five minutes. */
const PROGRAMMING_BUCKETS = [...steps(0.25, 0.25, 2), ...steps(1, 1, 59), ...steps(60, 5, 12), ...steps(120, 30, 7)];
const KINDS = { service: 'Service', endpoint: 'Endpoint' } as const;

/** What is told of transactions: by upstream's names to who reads metrics, and to the proxy's health. */
export class SyncRecord {
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #health: ProxyHealth;
  readonly #startedAt: number;
  readonly #durations: Readonly<Record<'all' | 'full' | 'partial' | 'programming', Histogram>>;
  readonly #lastQueued: Gauge;
  readonly #lastSynced: Gauge;
  readonly #failed: () => void;
  readonly #changes: Readonly<Record<keyof typeof KINDS, { pending: number; add(): void }>>;
  #triggers: number[] = [];

  constructor(metrics: Metrics, health: ProxyHealth, clock: Clock) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#health = health;
    this.#startedAt = clock.now();
    const named = (name: string): string => `kubeproxy_${name}`;
    const syncs = (kind: string, help: string): Histogram =>
      metrics.histogram(named(`sync_${kind}proxy_rules_duration_seconds`), `[ALPHA] ${help}`, SYNC_BUCKETS);
    this.#durations = {
      all: syncs('', 'SyncProxyRules latency in seconds'),
      full: syncs('full_', 'SyncProxyRules latency in seconds for full resyncs'),
      partial: syncs('partial_', 'SyncProxyRules latency in seconds for partial resyncs'),
      programming: metrics.histogram(
        named('network_programming_duration_seconds'),
        '[ALPHA] In Cluster Network Programming Latency in seconds',
        PROGRAMMING_BUCKETS,
      ),
    };
    this.#lastQueued = metrics.gauge(
      named('sync_proxy_rules_last_queued_timestamp_seconds'),
      '[ALPHA] The last time a sync of proxy rules was queued',
    );
    this.#lastSynced = metrics.gauge(
      named('sync_proxy_rules_last_timestamp_seconds'),
      '[ALPHA] The last time proxy rules were successfully synced',
    );
    const failures = metrics.counter(
      named('sync_proxy_rules_nftables_sync_failures_total'),
      '[ALPHA] Cumulative proxy nftables sync failures',
    );
    const ticks = LABELS.map((labels) => failures.of(labels));
    this.#failed = () => ticks.forEach((tick) => tick.add());
    const changes = (kind: keyof typeof KINDS): { pending: number; add(): void } => {
      const total = metrics
        .counter(
          named(`sync_proxy_rules_${kind}_changes_total`),
          `[ALPHA] Cumulative proxy rules ${KINDS[kind]} changes`,
        )
        .of({});
      const counted = {
        pending: 0,
        add: () => {
          counted.pending += 1;
          total.add();
        },
      };
      metrics
        .gauge(named(`sync_proxy_rules_${kind}_changes_pending`), `[ALPHA] Pending proxy rules ${KINDS[kind]} changes`)
        .follow(() => counted.pending);
      return counted;
    };
    this.#changes = { service: changes('service'), endpoint: changes('endpoint') };
  }

  /** Looked up whenever somebody reads. */
  followWithoutLocal(count: (which: WithoutLocal) => number): void {
    const gauge = this.#metrics.gauge(
      'kubeproxy_sync_proxy_rules_no_local_endpoints_total',
      '[ALPHA] Number of services with a Local traffic policy and no endpoints',
    );
    for (const labels of LABELS)
      for (const policy of ['internal', 'external'] as const)
        gauge.follow(() => count(`${labels.ip_family} ${policy}`), { ...labels, traffic_policy: policy });
  }

  async timeForgetting(family: IpFamily, forget: () => Promise<number>): Promise<void> {
    const began = this.#clock.monotonic();
    const labels = { ip_family: family };
    const forgotten = await forget();
    this.#metrics
      .histogram(
        'kubeproxy_conntrack_reconciler_sync_duration_seconds',
        '[ALPHA] ReconcileConntrackFlowsLatency latency in seconds',
        SYNC_BUCKETS,
      )
      .observe((this.#clock.monotonic() - began) / 1000, labels);
    this.#metrics
      .counter(
        'kubeproxy_conntrack_reconciler_deleted_entries_total',
        '[ALPHA] Cumulative conntrack flows deleted by conntrack reconciler',
      )
      .add(forgotten, labels);
  }

  serviceChanged(): void {
    this.#changes.service.add();
    this.queued();
  }

  sliceChanged(slice: EndpointSlice | undefined): void {
    this.#changes.endpoint.add();
    this.queued();
    const trigger = Date.parse(slice?.metadata.annotations?.[TRIGGER_TIME] ?? '');
    // What was so before this proxy began waited for no transaction of it.
    if (trigger >= this.#startedAt && this.#triggers.length < TRIGGERS_MAX) this.#triggers.push(trigger);
  }

  /** Something is to be told to the kernel. */
  queued(): void {
    for (const labels of LABELS) this.#lastQueued.set(this.#clock.now() / 1000, labels);
    this.#health.queued();
  }

  /** To be called before changes are taken; what it returns, when the kernel has them or has refused them. */
  began(): { done(isWhole: boolean): void; failed(): void } {
    const began = this.#clock.monotonic();
    const taken = this.#triggers;
    this.#triggers = [];
    const counts = Object.values(this.#changes).map((change) => ({ change, pending: change.pending }));
    return {
      done: (isWhole) => {
        const [now, seconds] = [this.#clock.now(), (this.#clock.monotonic() - began) / 1000];
        for (const { change, pending } of counts) change.pending -= pending;
        for (const labels of LABELS) {
          this.#durations.all.observe(seconds, labels);
          this.#durations[isWhole ? 'full' : 'partial'].observe(seconds, labels);
          this.#lastSynced.set(now / 1000, labels);
          for (const trigger of taken) this.#durations.programming.observe(Math.max(0, now - trigger) / 1000, labels);
        }
        this.#health.updated(began);
      },
      failed: () => {
        this.#failed();
        this.#triggers = [...taken, ...this.#triggers].slice(0, TRIGGERS_MAX);
      },
    };
  }
}
