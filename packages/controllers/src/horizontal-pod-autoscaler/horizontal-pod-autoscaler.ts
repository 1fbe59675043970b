import { horizontalPodAutoscaler, pod, type Pod } from '@navarch/api';
import {
  equalJson,
  type Key,
  keyOf,
  type Kind,
  parseLabelSelector,
  quantityMilliValue,
  type Selector,
} from '@navarch/machinery';
import { type Context, type Controller, defineController, self } from '../controller.ts';
import { staleLooks } from '../shared/measure.ts';
import { messageOf } from '../shared/pods.ts';
import { timestamp } from '../shared/time.ts';
import type { Autoscaler, AutoscalerStatus, MetricSpec, MetricStatus } from './autoscaler.ts';
import { limited } from './limits.ts';
import { autoscalerGauges, countMetric, countRound } from './measures.ts';
import { MetricApis, type ReadPath } from './metric-apis.ts';
import { proposalFor } from './metric-proposals.ts';
import { type Asked, MetricFailure, type MetricProposal } from './proposal.ts';
import type { Tolerances } from './replica-calculation.ts';
import { type ScaleTarget, scaleTargetOf } from './scale-target.ts';
import type { ScalingMemory } from './scaling-memory.ts';

/** --horizontal-pod-autoscaler-sync-period. */
const PERIOD_MS = 15_000;
/** --horizontal-pod-autoscaler-tolerance. */
const TOLERANCE = 0.1;

export interface AutoscalingDeps {
  readonly memory: ScalingMemory;
  /** The way to metrics that add-ons serve. */
  readonly readPath: ReadPath;
}

/** Makes workloads as large as their metrics ask for (KEP-853 and the documented algorithm), looking every 15 s. */
export function horizontalPodAutoscalerController(
  kinds: readonly Kind<any>[],
  { memory, readPath }: AutoscalingDeps,
): Controller {
  const apis = new MetricApis(readPath, kinds);
  return defineController({
    name: 'horizontal-pod-autoscaler-controller',
    queueName: 'horizontalpodautoscaler',
    stale: staleLooks('horizontal_pod_autoscaler_controller'),
    eventSource: 'horizontal-pod-autoscaler',
    watches: [
      self(
        horizontalPodAutoscaler,
        ({ current, previous }) => !equalJson(current?.spec ?? null, previous?.spec ?? null),
      ),
    ],
    reads: [pod],
    gauges: autoscalerGauges,
    async reconcile(key, context) {
      const autoscaler = context.cache.get(horizontalPodAutoscaler, key);
      if (!autoscaler) {
        memory.forget(key);
        return undefined;
      }
      const round = new Round(autoscaler, { kinds, memory, apis, context });
      const sinceMs = context.clock.monotonic();
      let failure: unknown;
      try {
        await round.run();
      } catch (error) {
        failure = error; // Said in the status and by an event; the next look comes as usual.
      }
      countRound({ ...round.change, error: failure === undefined ? 'none' : 'internal', sinceMs }, context);
      if (failure !== undefined && !(failure instanceof RangeError)) throw failure;
      await round.report();
      if (failure !== undefined) context.log.info('an autoscaler cannot decide', { error: failure });
      return { requeueAfterMs: PERIOD_MS };
    },
  });
}

type Condition = NonNullable<AutoscalerStatus['conditions']>[number];

interface RoundDeps {
  readonly kinds: readonly Kind<any>[];
  readonly memory: ScalingMemory;
  readonly apis: MetricApis;
  readonly context: Context;
}

/** One look at one autoscaler. */
class Round {
  readonly #autoscaler: Autoscaler;
  readonly #kinds: readonly Kind<any>[];
  readonly #memory: ScalingMemory;
  readonly #apis: MetricApis;
  readonly #context: Context;
  readonly #key: Key;
  readonly #nowMs: number;
  #status: AutoscalerStatus;
  #isSettled = false;

  constructor(autoscaler: Autoscaler, { kinds, memory, apis, context }: RoundDeps) {
    this.#autoscaler = autoscaler;
    this.#kinds = kinds;
    this.#memory = memory;
    this.#apis = apis;
    this.#context = context;
    this.#key = keyOf(autoscaler);
    this.#nowMs = context.clock.now();
    const { generation } = autoscaler.metadata;
    this.#status = { ...autoscaler.status, ...(generation === undefined ? {} : { observedGeneration: generation }) };
  }

  /** Throws RangeError where it cannot decide; what is known then is in the status. */
  async run(): Promise<void> {
    const { spec } = this.#autoscaler;
    const target = await this.#target();
    const current = target.replicas;
    this.#status = { ...this.#status, currentReplicas: current };
    this.#memory.begin(this.#key, current, this.#nowMs);
    // It was about to be set to zero, and was not.
    if (current > 0 && this.#isScaledToZero) this.#tellOfZero(current, current);
    const min = spec.minReplicas ?? 1;
    // Who set a workload to zero by hand wants it to rest; what this controller set to zero it may wake (KEP-2021).
    if (current === 0 && !this.#isScaledToZero) {
      this.#say(
        'ScalingActive',
        'False',
        'ScalingDisabled',
        'scaling is disabled since the replica count of the target is zero',
      );
      this.#settle(current, 0);
    } else if (current > spec.maxReplicas)
      await this.#rescale(target, spec.maxReplicas, 'Current number of replicas above Spec.MaxReplicas');
    else if (current < min) await this.#rescale(target, min, 'Current number of replicas below Spec.MinReplicas');
    else await this.#follow(target, min);
  }

  get #isScaledToZero(): boolean {
    return this.#status.conditions?.some(({ type, status }) => type === 'ScaledToZero' && status === 'True') ?? false;
  }

  /** How many pods there were, and are to be. */
  get change(): { readonly from: number; readonly to: number } {
    const { currentReplicas = 0, desiredReplicas } = this.#status;
    return this.#isSettled ? { from: currentReplicas, to: desiredReplicas } : { from: 0, to: 0 };
  }

  /** Writes the status, where it is another one. */
  async report(): Promise<void> {
    const { metadata, status: before } = this.#autoscaler;
    const status = this.#status;
    if (equalJson(status, before)) return;
    await this.#context.api
      .of(horizontalPodAutoscaler)
      .update(this.#key, (held) => (held.metadata.uid === metadata.uid ? { ...held, status } : held), {
        subresource: 'status',
      });
  }

  async #target(): Promise<ScaleTarget> {
    try {
      const target = await scaleTargetOf(this.#autoscaler, this.#kinds, this.#context.api);
      this.#say(
        'AbleToScale',
        'True',
        'SucceededGetScale',
        "the HPA controller was able to get the target's current scale",
      );
      return target;
    } catch (error) {
      if (error instanceof RangeError) {
        this.#warn('FailedGetScale', error.message);
        this.#say(
          'AbleToScale',
          'False',
          'FailedGetScale',
          `the HPA controller was unable to get the target's current scale: ${error.message}`,
        );
      }
      throw error;
    }
  }

  /** As many as the metric that asks for the most, within what was asked for lately and what the rules let. */
  async #follow(target: ScaleTarget, min: number): Promise<void> {
    const { spec } = this.#autoscaler;
    const { replicas: current } = target;
    const proposal = await this.#propose(target);
    const past = this.#memory.of(this.#key);
    const { replicas, able, limit, isLimited } = limited(
      { ...past, current, desired: proposal.replicas, min, max: spec.maxReplicas, nowMs: this.#nowMs },
      spec.behavior,
    );
    this.#memory.recommend(this.#key, proposal.replicas, this.#nowMs);
    this.#say('AbleToScale', 'True', able.reason, able.message);
    this.#say('ScalingLimited', isLimited ? 'True' : 'False', limit.reason, limit.message);
    if (replicas === current) this.#settle(current, current);
    else
      await this.#rescale(
        target,
        replicas,
        proposal.replicas > current ? `${proposal.name} above target` : 'All metrics below target',
      );
  }

  async #propose({
    selector: text,
    replicas: current,
    reported,
  }: ScaleTarget): Promise<Omit<MetricProposal, 'status'>> {
    const { metadata, spec } = this.#autoscaler;
    const { api, cache } = this.#context;
    const selector = this.#selector(text);
    const pods = cache.list(pod, metadata.namespace).filter((p) => selector.matches(p.metadata.labels));
    this.#refuseRivals(text, pods);
    const asked: Asked = {
      api,
      apis: this.#apis,
      namespace: metadata.namespace ?? '',
      selector: text,
      pods,
      current,
      reported,
      tolerances: tolerancesOf(spec.behavior),
      nowMs: this.#nowMs,
    };
    const found: MetricProposal[] = [];
    const failures: MetricFailure[] = [];
    const statuses: MetricStatus[] = [];
    const specs: readonly MetricSpec[] = spec.metrics ?? [];
    for (const metric of specs) {
      const sinceMs = this.#context.clock.monotonic();
      const count = (to: number, error: 'internal' | 'none'): void =>
        countMetric(metric.type, { from: current, to, error, sinceMs }, this.#context);
      try {
        const proposal = await proposalFor(metric, asked);
        found.push(proposal);
        statuses.push(proposal.status);
        count(proposal.replicas, 'none');
      } catch (error) {
        if (!(error instanceof MetricFailure)) throw error;
        count(current, 'internal');
        this.#warn(error.reason, error.message);
        failures.push(error);
      }
    }
    this.#status = { ...this.#status, currentMetrics: statuses.length > 0 ? statuses : null };
    const most = found.reduce<MetricProposal | undefined>(
      (best, next) => (best && best.replicas >= next.replicas ? best : next),
      undefined,
    );
    const [first] = failures;
    // What is not known might ask for more: fewer pods only when every metric says so.
    if (first && (!most || most.replicas < current)) throw this.#undecided(first, failures.length, specs.length);
    if (!most) throw new RangeError('there are no metrics');
    this.#say(
      'ScalingActive',
      'True',
      'ValidMetricFound',
      `the HPA was able to successfully calculate a replica count from ${most.name}`,
    );
    return most;
  }

  #undecided(first: MetricFailure, failed: number, all: number): RangeError {
    this.#say(
      'ScalingActive',
      'False',
      first.reason,
      `the HPA was unable to compute the replica count: ${first.message}`,
    );
    const message = `invalid metrics (${failed} invalid out of ${all}), first error is: ${first.summary}`;
    this.#warn('FailedComputeMetricsReplicas', message);
    return new RangeError(message);
  }

  #selector(text: string): Selector {
    if (text === '') {
      this.#warn('SelectorRequired', 'selector is required');
      this.#say('ScalingActive', 'False', 'InvalidSelector', "the HPA target's scale is missing a selector");
      throw new RangeError('selector is required');
    }
    return parseLabelSelector(text);
  }

  /** Two autoscalers of the same pods would fight. */
  #refuseRivals(text: string, pods: readonly Pod[]): void {
    const namespace = this.#autoscaler.metadata.namespace ?? '';
    this.#memory.selects(this.#key, text);
    const all = this.#memory.selectors(namespace);
    const rivals = all
      .filter(([, selector]) => pods.some((p) => selector.matches(p.metadata.labels)))
      .map(([key]) => key)
      .sort();
    if (rivals.length < 2) return;
    const message = `pods by selector ${text} are controlled by multiple HPAs: [${rivals.join(' ')}]`;
    this.#warn('AmbiguousSelector', message);
    this.#say('ScalingActive', 'False', 'AmbiguousSelector', message);
    throw new RangeError(message);
  }

  async #rescale(target: ScaleTarget, replicas: number, why: string): Promise<void> {
    const { events } = this.#context;
    this.#tellOfZero(target.replicas, replicas);
    // First: who finds a workload without pods wakes it only where it is written that nobody wanted it to rest.
    if (replicas === 0) await this.report();
    try {
      await target.resize(replicas);
    } catch (error) {
      this.#tellOfZero(target.replicas, target.replicas);
      this.#warn('FailedRescale', `New size: ${replicas}; reason: ${why}; error: ${messageOf(error)}`);
      this.#say(
        'AbleToScale',
        'False',
        'FailedUpdateScale',
        `the HPA controller was unable to update the target scale: ${messageOf(error)}`,
      );
      throw new RangeError(`failed to rescale: ${messageOf(error)}`);
    }
    this.#say(
      'AbleToScale',
      'True',
      'SucceededRescale',
      `the HPA controller was able to update the target scale to ${replicas}`,
    );
    events.record(this.#autoscaler, {
      type: 'Normal',
      reason: 'SuccessfulRescale',
      message: `New size: ${replicas}; reason: ${why}`,
    });
    this.#memory.scaled(this.#key, replicas - target.replicas, this.#nowMs);
    this.#settle(target.replicas, replicas);
    this.#status = { ...this.#status, lastScaleTime: timestamp(this.#nowMs) };
  }

  #tellOfZero(before: number, after: number): void {
    const { minReplicas, metrics = [] } = this.#autoscaler.spec;
    const mayWake = metrics.some(({ type }) => type === 'Object' || type === 'External');
    if (before > 0 && after === 0 && minReplicas === 0 && mayWake)
      this.#say('ScaledToZero', 'True', 'ScaledToZero', 'the HPA controller scaled the workload to zero');
    else this.#say('ScaledToZero', 'False', 'NotScaledToZero', 'the HPA controller did not scale the workload to zero');
  }

  #settle(currentReplicas: number, desiredReplicas: number): void {
    this.#status = { ...this.#status, currentReplicas, desiredReplicas };
    this.#isSettled = true;
  }

  #warn(reason: string, message: string): void {
    this.#context.events.record(this.#autoscaler, { type: 'Warning', reason, message });
  }

  /** A condition keeps its place, and the time of its last transition while its status stays. */
  #say(type: string, status: 'True' | 'False', reason: string, message: string): void {
    const conditions = this.#status.conditions ?? [];
    const before = conditions.find((condition) => condition.type === type);
    const lastTransitionTime =
      before?.status === status && before.lastTransitionTime ? before.lastTransitionTime : timestamp(this.#nowMs);
    const next: Condition = { type, status, lastTransitionTime, reason, message };
    this.#status = {
      ...this.#status,
      conditions: before
        ? conditions.map((condition) => (condition === before ? next : condition))
        : [...conditions, next],
    };
  }
}

/** KEP-4951: each direction may have its own. */
function tolerancesOf(behavior: Autoscaler['spec']['behavior']): Tolerances {
  const own = (text: string | undefined): number => (text === undefined ? TOLERANCE : quantityMilliValue(text) / 1000);
  return { up: own(behavior?.scaleUp?.tolerance), down: own(behavior?.scaleDown?.tolerance) };
}
