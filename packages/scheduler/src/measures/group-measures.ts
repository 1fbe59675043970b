import { type Clock, exponential, type Metrics } from '@navarch/base';

const SECONDS = exponential(0.001, 2, 15);
const EXECUTION_SECONDS = exponential(0.001, 2, 16);
const GOROUTINE_SECONDS = exponential(0.01, 2, 20);
const VICTIMS = exponential(1, 2, 11);

/** Who others were sent away for. */
type Preemptor = 'pod' | 'podgroup';

/** Others were asked to leave: for whom, how many units of disruption they are, and whether all have been told. */
export interface Sent {
  readonly preemptor: Preemptor;
  readonly units: number;
  readonly isDone: boolean;
  readonly startedMs: number;
}

/** What is counted of evictions, and of groups of pods where the server has them. */
export interface GroupMeasures {
  sent(sent: Sent): void;
  /** It was looked for whom to send away for it, since then; `status`: whether that would help. */
  sought(preemptor: Preemptor, outcome: { readonly status: string; readonly startedMs: number }): void;
  /** Others go for it, so many of them against a budget. */
  violated(preemptor: Preemptor, victims: number): void;
  /** The turn of a group that began then. */
  groupEnded(result: 'scheduled' | 'unschedulable' | 'error', profile: string, startedMs: number): void;
  groupDecided(startedMs: number): void;
  /** It was looked for pods to evict for a group; undefined: none would help. */
  groupPreempted(victims: number | undefined): void;
}

export function groupMeasures(metrics: Metrics, clock: Clock, hasGroups: boolean): GroupMeasures {
  const executions = metrics.counter(
    'scheduler_preemption_goroutines_execution_total',
    '[ALPHA] Number of preemption goroutines executed.',
  );
  const goroutines = metrics.histogram(
    'scheduler_preemption_goroutines_duration_seconds',
    '[ALPHA] (Deprecated since 1.37.0) Duration in seconds for running goroutines for the preemption.',
    GOROUTINE_SECONDS,
  );
  const secondsSince = (startedMs: number): number => (clock.monotonic() - startedMs) / 1000;
  const ofGroups = hasGroups ? groupFamilies(metrics) : undefined;
  return {
    sent({ preemptor, units, isDone, startedMs }) {
      const result = isDone ? 'success' : 'error';
      executions.add(1, { result });
      goroutines.observe(secondsSince(startedMs), { result });
      ofGroups?.disruptions.observe(units, { preemptor });
      ofGroups?.execution.observe(secondsSince(startedMs), { preemptor, result });
    },
    sought: (preemptor, { status, startedMs }) =>
      ofGroups?.evaluation.observe(secondsSince(startedMs), { preemptor, result: status }),
    violated: (preemptor, victims) => ofGroups?.violations.add(victims, { preemptor }),
    groupEnded(result, profile, startedMs) {
      ofGroups?.attempts.add(1, { profile, result });
      ofGroups?.attemptSeconds.observe(secondsSince(startedMs), { profile, result });
    },
    groupDecided: (startedMs) => ofGroups?.algorithm.observe(secondsSince(startedMs)),
    groupPreempted(victims) {
      ofGroups?.preemptions.add(1, { result: victims === undefined ? 'Unschedulable' : 'Success' });
      if (victims !== undefined) ofGroups?.victims.observe(victims);
    },
  };
}

/** Upstream has them only with its feature. */
const groupFamilies = (metrics: Metrics) => ({
  attempts: metrics.counter(
    'scheduler_podgroup_schedule_attempts_total',
    "[ALPHA] Number of attempts to schedule pod group, by the result. 'unschedulable' means a pod group could not be scheduled, while 'error' means an internal scheduler problem.",
  ),
  attemptSeconds: metrics.histogram(
    'scheduler_podgroup_scheduling_attempt_duration_seconds',
    '[ALPHA] Pod group scheduling attempt latency in seconds',
    SECONDS,
  ),
  algorithm: metrics.histogram(
    'scheduler_podgroup_scheduling_algorithm_duration_seconds',
    '[ALPHA] Pod group scheduling algorithm latency in seconds',
    SECONDS,
  ),
  preemptions: metrics.counter(
    'scheduler_workload_preemption_attempts_total',
    '[ALPHA] Total preemption attempts initiated by workload (including pod groups) in the cluster till now.',
  ),
  victims: metrics.histogram(
    'scheduler_workload_preemption_victims',
    '[ALPHA] Number of pod preemption victims caused by workload preemption.',
    VICTIMS,
  ),
  disruptions: metrics.histogram(
    'scheduler_preemption_workload_disruptions',
    '[ALPHA] Number of workload preemption units being preempted. A single preemption unit can be all pods in a pod group (in case of DisruptionMode=all), or a single pod (in case of DisruptionMode=single).',
    VICTIMS,
  ),
  evaluation: metrics.histogram(
    'scheduler_preemption_evaluation_duration_seconds',
    '[ALPHA] Duration in seconds for identifying the target preemption victims.',
    EXECUTION_SECONDS,
  ),
  violations: metrics.counter(
    'scheduler_preemption_pdb_violations_total',
    '[ALPHA] Total number of pod disruption budget violations caused by preemption.',
  ),
  execution: metrics.histogram(
    'scheduler_preemption_execution_duration_seconds',
    '[ALPHA] Duration in seconds for preempting the target preemption victims. With async preemption enabled, preemption execution does not block the scheduling of other pods.',
    EXECUTION_SECONDS,
  ),
});
