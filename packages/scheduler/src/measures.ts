import { type Clock, exponential, type Labels, type Metrics } from '@navarch/base';
import type { PodQueue } from './queue/pod-queue.ts';

/** Upstream's: one millisecond, doubled fifteen times. */
const SECONDS = exponential(0.001, 2, 15);
const ATTEMPTS = exponential(1, 2, 5);
const VICTIMS = exponential(1, 2, 7);

type Result = 'scheduled' | 'unschedulable' | 'error';

/** What the scheduler counts, under upstream's names. */
export interface Measures {
  /** How an attempt ended that began then, on the monotonic clock. */
  ended(result: Result, profile: string, startedMs: number): void;
  /** A pod has got its node, at this attempt. */
  scheduled(attempt: number): void;
  /** It was looked for pods to evict; undefined: none would help. */
  preempted(victims: number | undefined): void;
  waiting(queue: PodQueue): void;
}

export function measures(metrics: Metrics, clock: Clock): Measures {
  const attempts = metrics.counter(
    'scheduler_schedule_attempts_total',
    "[STABLE] Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.",
  );
  const seconds = metrics.histogram(
    'scheduler_scheduling_attempt_duration_seconds',
    '[STABLE] Scheduling attempt latency in seconds (scheduling algorithm + binding)',
    SECONDS,
  );
  const pending = metrics.gauge(
    'scheduler_pending_pods',
    "[STABLE] Number of pending pods, by the queue type. 'active' means number of pods in activeQ; 'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in unschedulablePods.",
  );
  const attemptsNeeded = metrics.histogram(
    'scheduler_pod_scheduling_attempts',
    '[STABLE] Number of attempts to successfully schedule a pod.',
    ATTEMPTS,
  );
  const preemptions = metrics.counter(
    'scheduler_preemption_attempts_total',
    '[STABLE] Total preemption attempts in the cluster till now',
  );
  const victims = metrics.histogram(
    'scheduler_preemption_victims',
    '[STABLE] Number of selected preemption victims',
    VICTIMS,
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
    scheduled: (attempt) => attemptsNeeded.observe(attempt),
    preempted(count) {
      preemptions.add();
      if (count !== undefined) victims.observe(count);
    },
    waiting({ sizes }) {
      for (const [queue, size] of Object.entries(sizes)) pending.set(size, { queue });
    },
  };
}
