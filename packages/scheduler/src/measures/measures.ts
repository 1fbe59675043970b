import { type Clock, exponential, type Labels, type MetricFamily, type Metrics, noMetrics } from '@navarch/base';
import type { CycleWatch, DecisionPoint } from '../cycle-watch.ts';
import type { PodQueue } from '../queue/pod-queue.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { cycleWatches } from './cycle-watches.ts';
import { type DeviceMeasures, deviceMeasures } from './device-measures.ts';
import { type GroupMeasures, groupMeasures } from './group-measures.ts';
import { byLabels } from './by-labels.ts';
import { IncomingEntities } from './incoming-entities.ts';
import { queuedEntities } from './queued-entities.ts';
import type { PluginTook } from './timed-profile.ts';

/** Upstream's: one millisecond, doubled fifteen times. */
const SECONDS = exponential(0.001, 2, 15);
const ATTEMPTS = exponential(1, 2, 5);
const VICTIMS = exponential(1, 2, 7);

/** Upstream counts no further. */
const ATTEMPTS_SHOWN = 15;
const SLI_SECONDS = exponential(0.01, 2, 20);
const POINT_SECONDS = exponential(0.0001, 2, 12);

const HANDLING_SECONDS = exponential(0.0001, 2, 12);
/** Plugins take so little that upstream looks closer. */
const PLUGIN_SECONDS = exponential(0.00001, 1.5, 20);
/** Of so many attempts one is timed plugin by plugin, as upstream does (pluginMetricsSamplePercent). */
const SAMPLED_EVERY = 10;

type Point = DecisionPoint | 'PostFilter' | 'Reserve' | 'Permit' | 'PreBind' | 'Bind' | 'PostBind';

type Result = 'scheduled' | 'unschedulable' | 'error';

interface Held {
  readonly queue: PodQueue;
  readonly snapshot: Snapshot;
  readonly assumed: ReadonlySet<string>;
  /** Bindings under way. */
  bindings(): number;
  /** Pods that extenders are asked about, or are about to be. */
  inLanes(): number;
  /** Of which group a pod is; absent: the server has no groups. */
  readonly groupOf: ((key: string) => string | undefined) | undefined;
}

/** What the scheduler counts, under upstream's names. */
export interface Measures extends GroupMeasures, DeviceMeasures {
  /** Whether the attempt that begins now is one of those that are timed plugin by plugin. */
  isSampled(): boolean;
  readonly pluginTook: PluginTook;
  /** Hears of the decisions on pods of a profile; to be told when one begins. Absent where nobody counts. */
  watchOf(profile: string): (CycleWatch & { begin(): void }) | undefined;
  /** A change of the cluster was taken in, which began then. */
  handled(event: string, startedMs: number): void;
  /** How an attempt ended that began then, on the monotonic clock. */
  ended(result: Result, profile: string, startedMs: number): void;
  /** It was decided where a pod goes, which was begun then. */
  decided(startedMs: number): void;
  /** What a profile's plugins did at one point is over, and came to this. */
  passed(point: Point, profile: string, outcome: { readonly status: string; readonly startedMs: number }): void;
  /** A pod has got its node, at this attempt, so long after the first. */
  scheduled(attempt: number, tookMs: number, isAfterFlush: boolean): void;
  /** It was looked for pods to evict; undefined: none would help. */
  preempted(victims: number | undefined): void;
  /** The turn of a group has come. */
  groupTaken(group: string): void;
  /** What is looked up when somebody asks. Ends with the signal. */
  follow(held: Held, signal: AbortSignal): void;
}

export function measures(metrics: Metrics, clock: Clock, hasGroups = false): Measures {
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
    "[STABLE] Number of pending pods, by the queue type. 'active' means number of pods in activeQ; 'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in unschedulableEntities that the scheduler attempted to schedule and failed; 'gated' is the number of unschedulable pods that the scheduler never attempted to schedule because they are gated.",
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
    '[STABLE] Number of selected preemption victims for preemption initiated by a single pod',
    VICTIMS,
  );
  const algorithm = metrics.histogram(
    'scheduler_scheduling_algorithm_duration_seconds',
    '[BETA] Scheduling algorithm latency in seconds',
    SECONDS,
  );
  const points = metrics.histogram(
    'scheduler_framework_extension_point_duration_seconds',
    '[STABLE] Latency for running all plugins of a specific extension point.',
    POINT_SECONDS,
  );
  const sli = metrics.histogram(
    'scheduler_pod_scheduling_sli_duration_seconds',
    '[BETA] E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue and might involve multiple scheduling attempts.',
    SLI_SECONDS,
  );
  const incoming = metrics.counter(
    'scheduler_queue_incoming_pods_total',
    '[STABLE] Number of pods added to scheduling queues by event and queue type.',
  );
  const cacheSize = metrics.gauge(
    'scheduler_cache_size',
    '[ALPHA] Number of nodes, pods, and assumed (bound) pods in the scheduler cache.',
  );
  const handling = metrics.histogram(
    'scheduler_event_handling_duration_seconds',
    '[ALPHA] Event handling latency in seconds.',
    HANDLING_SECONDS,
  );
  const handlingOf = byLabels((event) => handling.of({ event }));
  const plugins = metrics.histogram(
    'scheduler_plugin_execution_duration_seconds',
    '[BETA] Duration for running a plugin at a specific extension point.',
    PLUGIN_SECONDS,
  );
  const pluginOf = byLabels((plugin, extension_point = '', status = '') =>
    plugins.of({ extension_point, plugin, status }),
  );
  const hints = metrics.histogram(
    'scheduler_queueing_hint_execution_duration_seconds',
    '[ALPHA] Duration for running a queueing hint function of a plugin.',
    PLUGIN_SECONDS,
  );
  const hintOf = byLabels((plugin, event = '', hint = '') => hints.of({ event, hint, plugin }));
  const running = metrics.gauge(
    'scheduler_goroutines',
    '[BETA] Number of running goroutines split by the work they do such as binding.',
  );
  const inFlight = metrics.gauge(
    'scheduler_inflight_events',
    '[ALPHA] Number of events currently tracked in the scheduling queue.',
  );
  const afterFlush = metrics.counter(
    'scheduler_pod_scheduled_after_flush_total',
    '[ALPHA] Number of pods that were successfully scheduled after being flushed from unschedulableEntities due to timeout. This metric helps detect potential queueing hint misconfigurations or event handling issues.',
  );
  const pointOf = byLabels((profile, extension_point = '', status = '') =>
    points.of({ extension_point, profile, status }),
  );
  const watchOf = metrics === noMetrics ? () => undefined : cycleWatches(metrics, clock, pointOf);
  const entities = new IncomingEntities(metrics);
  let attempt = 0;
  const known = new Map<string, Labels>();
  const labelsOf = (profile: string, result: Result): Labels => {
    const key = `${result} ${profile}`;
    let labels = known.get(key);
    if (!labels) known.set(key, (labels = { profile, result }));
    return labels;
  };
  return {
    ...groupMeasures(metrics, clock, hasGroups),
    ...deviceMeasures(metrics),
    isSampled: () => metrics !== noMetrics && attempt++ % SAMPLED_EVERY === 0,
    pluginTook: (plugin, point, { status, ms }) => pluginOf(plugin, point, status).observe(ms / 1000),
    watchOf,
    handled: (event, startedMs) => handlingOf(event).observe((clock.monotonic() - startedMs) / 1000),
    ended(result, profile, startedMs) {
      const labels = labelsOf(profile, result);
      attempts.add(1, labels);
      seconds.observe((clock.monotonic() - startedMs) / 1000, labels);
    },
    decided: (startedMs) => algorithm.observe((clock.monotonic() - startedMs) / 1000),
    passed: (point, profile, { status, startedMs }) =>
      pointOf(profile, point, status).observe((clock.monotonic() - startedMs) / 1000),
    scheduled(attempt, tookMs, isAfterFlush) {
      if (isAfterFlush) afterFlush.add();
      attemptsNeeded.observe(attempt);
      const attempts = attempt > ATTEMPTS_SHOWN ? `${ATTEMPTS_SHOWN + 1}+` : String(attempt);
      sli.observe(tookMs / 1000, { attempts });
    },
    preempted(count) {
      preemptions.add();
      if (count !== undefined) victims.observe(count);
    },
    groupTaken: (group) => entities.left(group),
    follow({ queue, snapshot, assumed, bindings, inLanes, groupOf }, signal) {
      // Of events there are none: what is decided is decided at once, on the cluster as it is by then.
      inFlight.follow(() => assumed.size + inLanes(), { event: 'PodPopped' });
      running.follow(bindings, { operation: 'binding' });
      for (const part of ['active', 'backoff', 'unschedulable', 'gated'] as const)
        pending.follow(() => queue.sizes[part], { queue: part });
      cacheSize.follow(() => snapshot.nodes.length, { type: 'nodes' });
      cacheSize.follow(() => snapshot.podCount, { type: 'pods' });
      cacheSize.follow(() => assumed.size, { type: 'assumed_pods' });
      const incomingOf = byLabels((part, event = '') => incoming.of({ event, queue: part }));
      queue.follow({
        came(part, event, key) {
          incomingOf(part, event).add();
          entities.came(part, event, groupOf?.(key));
        },
        hinted: (plugin, event, { hint, ms }) => hintOf(plugin, event, hint).observe(ms / 1000),
      });
      const end = metrics.collect(() => [unschedulable(queue), queuedEntities(queue, groupOf)]);
      signal.addEventListener('abort', end, { once: true });
    },
  };
}

function unschedulable(queue: PodQueue): MetricFamily {
  const counts = new Map<string, { readonly labels: Labels; value: number }>();
  for (const [plugin, { spec }] of queue.rejections()) {
    const profile = spec.schedulerName ?? 'default-scheduler';
    const key = `${plugin} ${profile}`;
    const known = counts.get(key) ?? { labels: { plugin, profile }, value: 0 };
    known.value += 1;
    counts.set(key, known);
  }
  return {
    name: 'scheduler_unschedulable_pods',
    help: '[BETA] The number of unschedulable pods broken down by plugin name. A pod will increment the gauge for all plugins that caused it to not schedule and so this metric have meaning only when broken down by plugin.',
    type: 'gauge',
    samples: [...counts.values()],
  };
}
