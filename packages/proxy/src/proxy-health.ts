import type { Node } from '@navarch/api';
import type { Clock } from '@navarch/base';

/** A change that the kernel has not taken by then is a proxy that does not work; twice the time between upstream's syncs. */
const LATE_MS = 60_000;
/** Whoever takes nodes away says so by it before pods are evicted. */
const TO_BE_DELETED = 'ToBeDeletedByClusterAutoscaler';

export interface HealthAnswer {
  readonly isHealthy: boolean;
  /** Milliseconds of the epoch: as of now while all is well. */
  readonly lastUpdated: number;
  readonly now: number;
}

/** Whether packets find their way by what services say now, and whether balancers should send any here (KEP-3836). */
export class ProxyHealth {
  readonly #clock: Clock;
  #waitsSince: number | undefined;
  #lastQueued = 0;
  #lastUpdated: number | undefined;
  #isEligible = true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A change has come that the kernel must be told. */
  queued(): void {
    this.#lastQueued = this.#clock.monotonic();
    this.#waitsSince ??= this.#lastQueued;
  }

  /** The kernel has all that was to be told then, on the clock's monotonic scale. */
  updated(asOf: number): void {
    this.#waitsSince = this.#lastQueued > asOf ? asOf : undefined;
    this.#lastUpdated = this.#clock.now();
  }

  setNode(node: Node): void {
    const { metadata, spec } = node;
    this.#isEligible =
      metadata.deletionTimestamp === undefined && !(spec.taints ?? []).some(({ key }) => key === TO_BE_DELETED);
  }

  /** Whether new connections should come by this node: one that is about to go still serves those that it has. */
  get isEligible(): boolean {
    return this.#isEligible;
  }

  /** A proxy that starts is well until it has told the kernel something for the first time. */
  now(): HealthAnswer {
    const now = this.#clock.now();
    const isLate = this.#waitsSince !== undefined && this.#clock.monotonic() - this.#waitsSince >= LATE_MS;
    const isHealthy = this.#lastUpdated === undefined || !isLate;
    return { isHealthy, lastUpdated: isHealthy ? now : (this.#lastUpdated ?? now), now };
  }
}
