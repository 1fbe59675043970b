import type { Clock, Labels, Metrics } from '@navarch/base';
import type { PodQueue } from './queue/pod-queue.ts';

/** Upstream's: one millisecond, doubled fifteen times. */
const SECONDS = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i);

export type Result = 'scheduled' | 'unschedulable' | 'error';

/** What the scheduler counts, under upstream's names. */
export interface Measures {
  /** How an attempt ended that began then, on the monotonic clock. */
  ended(result: Result, profile: string, startedMs: number): void;
  waiting(queue: PodQueue): void;
}

export function measures(metrics: Metrics, clock: Clock): Measures {
  const attempts = metrics.counter(
    'scheduler_schedule_attempts_total',
    "Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.",
  );
  const seconds = metrics.histogram('scheduler_scheduling_attempt_duration_seconds', 'Scheduling attempt latency in seconds (scheduling algorithm + binding)', SECONDS);
  const pending = metrics.gauge(
    'scheduler_pending_pods',
    "Number of pending pods, by the queue type. 'active' means number of pods in activeQ; 'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in unschedulablePods.",
  );
  const known = new Map<string, Labels>();
  const labelsOf = (profile: string, result: Result): Labels => {
    const key = `${result} ${profile}`;
    let labels = known.get(key);
    if (!labels) known.set(key, (labels = { profile, result }));
    return labels;
  };
  return {
    ended(result, profile, startedMs) {
      const labels = labelsOf(profile, result);
      attempts.add(1, labels);
      seconds.observe((clock.monotonic() - startedMs) / 1000, labels);
    },
    waiting({ sizes }) {
      for (const [queue, size] of Object.entries(sizes)) pending.set(size, { queue });
    },
  };
}
