import { horizontalPodAutoscaler } from '@navarch/api';
import { exponential, type MetricFamily } from '@navarch/base';
import type { CacheReader } from '@navarch/client';
import type { Context } from '../controller.ts';
import { count, gauge, spread } from '../shared/measure.ts';

const SUBSYSTEM = 'horizontal_pod_autoscaler_controller';
const ROUNDS = count(
  `${SUBSYSTEM}_reconciliations_total`,
  '[ALPHA] Looks at autoscalers, by what was done (scale_up, scale_down, none) and whether it could be decided (error: internal, none)',
);
const ROUND_SECONDS = spread(
  `${SUBSYSTEM}_reconciliation_duration_seconds`,
  '[ALPHA] How long a look at an autoscaler took, in seconds',
  exponential(0.001, 2, 15),
);
const METRICS = count(
  `${SUBSYSTEM}_metric_computation_total`,
  '[ALPHA] Looks at single metrics of autoscalers, by what each asked for and its type',
);
const METRIC_SECONDS = spread(
  `${SUBSYSTEM}_metric_computation_duration_seconds`,
  '[ALPHA] How long a look at a single metric of an autoscaler took, in seconds',
  exponential(0.001, 2, 15),
);

export interface Measured {
  /** Pods before and after. */
  readonly from: number;
  readonly to: number;
  /** Upstream's `spec` is refused by the server's validation. */
  readonly error: 'internal' | 'none';
  /** On the monotonic clock. */
  readonly sinceMs: number;
}

const actionOf = ({ from, to }: Measured): string => (to > from ? 'scale_up' : to < from ? 'scale_down' : 'none');

export function countRound(round: Measured, { clock, metrics }: Context): void {
  const labels = { action: actionOf(round), error: round.error };
  ROUNDS.add(metrics, labels);
  ROUND_SECONDS.observe(metrics, (clock.monotonic() - round.sinceMs) / 1000, labels);
}

export function countMetric(type: string, found: Measured, { clock, metrics }: Context): void {
  const labels = { action: actionOf(found), error: found.error, metric_type: type };
  METRICS.add(metrics, labels);
  METRIC_SECONDS.observe(metrics, (clock.monotonic() - found.sinceMs) / 1000, labels);
}

export function autoscalerGauges(cache: CacheReader): readonly MetricFamily[] {
  const all = cache.list(horizontalPodAutoscaler);
  return [
    gauge(`${SUBSYSTEM}_num_horizontal_pod_autoscalers`, '[ALPHA] Number of autoscalers', [{ value: all.length }]),
    gauge(
      `${SUBSYSTEM}_desired_replicas`,
      '[ALPHA] How many pods each autoscaler wants',
      all.map(({ metadata, status }) => ({
        labels: { namespace: metadata.namespace ?? '', hpa_name: metadata.name },
        value: status.desiredReplicas,
      })),
    ),
  ];
}
