export type Labels = Readonly<Record<string, string>>;

/** One number of a metric, at a time. */
export interface Sample {
  /** Behind the metric's name: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
  /** One record for as long as the series lives: its text is made once. */
  readonly labels?: Labels;
  /** Of a bucket: its upper bound, which is shown as the last label. */
  readonly bound?: number;
  readonly value: number;
  /** When it was so, milliseconds since the epoch; absent: now. */
  readonly timestampMs?: number;
}

/** A metric with all its series. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'untyped';
  readonly samples: readonly Sample[];
}
