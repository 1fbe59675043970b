import type { Pod } from '@navarch/api';
import type { Api } from '@navarch/client';
import { formatQuantity } from '@navarch/machinery';
import type { MetricStatus } from './autoscaler.ts';
import type { MetricApis } from './metric-apis.ts';
import type { Tolerances } from './replica-calculation.ts';

export interface Asked {
  readonly api: Api;
  readonly apis: MetricApis;
  readonly namespace: string;
  /** Label selector in text, and the pods that it selects. */
  readonly selector: string;
  readonly pods: readonly Pod[];
  /** How large the target is asked to be, and how large it says it is. */
  readonly current: number;
  readonly reported: number;
  readonly tolerances: Tolerances;
  readonly nowMs: number;
}

export interface MetricProposal {
  readonly replicas: number;
  /** The metric as events and conditions call it. */
  readonly name: string;
  readonly status: MetricStatus;
}

/** A metric that cannot be had: what the condition ScalingActive says of it, and what is said of all metrics together. */
export class MetricFailure extends Error {
  readonly reason: string;
  readonly summary: string;

  constructor(reason: string, message: string, summary = message) {
    super(message);
    this.reason = reason;
    this.summary = summary;
  }
}

/** A quantity of so many thousandths. */
export const quantityOf = (milli: number): string =>
  formatQuantity({ nano: BigInt(milli) * 1_000_000n, format: 'DecimalSI' });
