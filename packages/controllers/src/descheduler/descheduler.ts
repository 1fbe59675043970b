import { node, pod, type Pod, podDisruptionBudget, priorityClass } from '@navarch/api';
import { type Counter, type Histogram, type Metrics, noMetrics } from '@navarch/base';
import { hasReason, keyOf } from '@navarch/machinery';
import { type Context, type Controller, defineController } from '../controller.ts';
import { messageOf } from '../shared/pods.ts';
import { ClusterView, isNodeReady } from './cluster-view.ts';
import { defaultEvictor } from './default-evictor.ts';
import type { DeschedulerPolicy, Profile } from './policy.ts';
import type { Verdict } from './strategy.ts';

export interface DeschedulerOptions {
  readonly policy: DeschedulerPolicy;
  /** From the end of one round to the next. */
  readonly intervalMs: number;
  readonly metrics?: Metrics;
}

const KEY = 'cluster';
const SECONDS = [0, 0.25, 0.5, 0.75, 1, 2, 3, 4, 5, 10, 20, 30, 60, 120];

interface Measures {
  readonly evicted: Counter;
  readonly loop: Histogram;
  readonly strategy: Histogram;
}

/** Evicts pods that would be better off elsewhere, by the policy of the sigs.k8s.io project; the scheduler finds them their places. */
export function deschedulerController({ policy, intervalMs, metrics = noMetrics }: DeschedulerOptions): Controller {
  const measures: Measures = {
    evicted: metrics.counter(
      'descheduler_pods_evicted_total',
      'Number of total evicted pods, by the result, by the strategy, by the namespace, by the node name.',
    ),
    loop: metrics.histogram(
      'descheduler_loop_duration_seconds',
      'Time taken to complete a full descheduling cycle',
      SECONDS,
    ),
    strategy: metrics.histogram(
      'descheduler_strategy_duration_seconds',
      'Time taken to complete Each strategy of the descheduling operation',
      SECONDS,
    ),
  };
  return defineController({
    name: 'descheduler',
    eventSource: 'sigs.k8s.io/descheduler',
    watches: [],
    reads: [pod, node, podDisruptionBudget, priorityClass],
    initialKeys: [KEY],
    workers: 1,
    async reconcile(_, context) {
      const started = context.clock.monotonic();
      await round(policy, measures, context);
      measures.loop.observe((context.clock.monotonic() - started) / 1000);
      return { requeueAfterMs: intervalMs };
    },
  });
}

async function round(policy: DeschedulerPolicy, measures: Measures, context: Context): Promise<void> {
  const { cache, clock, log, signal } = context;
  const nodes = cache.list(node).filter((one) => isNodeReady(one) && policy.nodes.matches(one.metadata.labels));
  if (nodes.length <= 1) {
    log.info('nothing descheduled: a pod of the only node has nowhere to go', { nodes: nodes.length });
    return;
  }
  const view = new ClusterView(nodes, cache.list(pod), clock.now());
  const evictions = new Evictions(policy, view, measures, context);
  for (const profile of policy.profiles) {
    const isEvictable = defaultEvictor(profile.evictor, {
      view,
      budgets: cache.list(podDisruptionBudget),
      priorityOf: (name) => cache.get(priorityClass, name)?.value,
    });
    for (const { name, run } of profile.strategies) {
      signal.throwIfAborted();
      const began = clock.monotonic();
      await run({ view, isEvictable, evict: (p) => evictions.evict(p, { profile, strategy: name }) });
      measures.strategy.observe((clock.monotonic() - began) / 1000, { strategy: name, profile: profile.name });
    }
  }
}

interface Author {
  readonly profile: Profile;
  readonly strategy: string;
}

/** The evictions of one round, counted against its limits. */
class Evictions {
  readonly #policy: DeschedulerPolicy;
  readonly #view: ClusterView;
  readonly #measures: Measures;
  readonly #context: Context;
  readonly #byNode = new Map<string, number>();
  readonly #byNamespace = new Map<string, number>();
  #total = 0;

  constructor(policy: DeschedulerPolicy, view: ClusterView, measures: Measures, context: Context) {
    this.#policy = policy;
    this.#view = view;
    this.#measures = measures;
    this.#context = context;
  }

  async evict(target: Pod, author: Author): Promise<Verdict> {
    const { perNode = Infinity, perNamespace = Infinity, total = Infinity } = this.#policy.limits;
    const { nodeName = '' } = target.spec;
    const namespace = target.metadata.namespace ?? '';
    const fail = (result: string, verdict: Verdict): Verdict => {
      this.#count(target, author, result);
      this.#tell(target, author, result);
      return verdict;
    };
    if (this.#total >= total) return fail('maximum number of pods per total reached', 'over');
    if ((this.#byNode.get(nodeName) ?? 0) >= perNode) return fail('maximum number of pods per node reached', 'full');
    if ((this.#byNamespace.get(namespace) ?? 0) >= perNamespace)
      return fail('maximum number of pods per namespace reached', 'refused');
    try {
      await this.#post(target);
    } catch (error) {
      this.#context.signal.throwIfAborted();
      // It went by itself: as good as evicted, but nobody's doing.
      if (!hasReason(error, 'NotFound')) return fail(messageOf(error), 'refused');
    }
    this.#total += 1;
    this.#byNode.set(nodeName, (this.#byNode.get(nodeName) ?? 0) + 1);
    this.#byNamespace.set(namespace, (this.#byNamespace.get(namespace) ?? 0) + 1);
    this.#view.without(target);
    this.#count(target, author, 'success');
    this.#context.events.record(target, {
      type: 'Normal',
      reason: author.strategy,
      message: `pod eviction from ${nodeName} node by sigs.k8s.io/descheduler`,
    });
    return 'evicted';
  }

  async #post({ metadata }: Pod): Promise<void> {
    const { gracePeriodSeconds } = this.#policy;
    await this.#context.api.of(pod).post(keyOf({ metadata } as Pod), 'eviction', {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: metadata.name, namespace: metadata.namespace },
      deleteOptions: {
        preconditions: { uid: metadata.uid },
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      },
    });
  }

  #tell(target: Pod, { strategy }: Author, why: string): void {
    this.#context.log.info('pod not evicted', { pod: keyOf(target), strategy, why });
    if (!this.#policy.tellsOfFailures) return;
    this.#context.events.record(target, {
      type: 'Warning',
      reason: 'EvictionFailed',
      message: `pod eviction from ${target.spec.nodeName ?? ''} node by sigs.k8s.io/descheduler failed: ${why}`,
    });
  }

  /** Messages of the server differ from pod to pod: only our own limits are told apart. */
  #count({ metadata, spec }: Pod, { strategy, profile }: Author, why: string): void {
    const result = why === 'success' || why.startsWith('maximum number') ? why : 'error';
    this.#measures.evicted.add(1, {
      result,
      strategy,
      profile: profile.name,
      namespace: metadata.namespace ?? '',
      node: spec.nodeName ?? '',
    });
  }
}
