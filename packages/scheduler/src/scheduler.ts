import { type Pod, pod as podKind, podDisruptionBudget } from '@navarch/api';
import { type Clock, type Logger, type Metrics, noMetrics, Notifier, type Random, TaskGroup } from '@navarch/base';
import type { Api, Cache, Recorder } from '@navarch/client';
import { hasReason, keyOf } from '@navarch/machinery';
import { cancelErrands, ErrandError, waitForErrands, writeErrands } from './errands.ts';
import { followCluster, followedKinds } from './follow-cluster.ts';
import { place, type Unfit, unfitMessage } from './cycle.ts';
import { type Measures, measures } from './measures.ts';
import { bind, evict, losePromise, reportFailure } from './outcome.ts';
import type { Errand, Profile } from './plugin.ts';
import { preempt } from './preemption/preemption.ts';
import { HeldPods } from './queue/held-pods.ts';
import { type BackOff, PodQueue } from './queue/pod-queue.ts';
import { Snapshot } from './snapshot/snapshot.ts';
import { Memory } from './verdicts.ts';

export interface SchedulerDeps {
  readonly api: Api;
  readonly cache: Cache;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly recorder: Recorder;
  readonly metrics?: Metrics;
  /** Pods whose spec.schedulerName names none of these are left to others. */
  readonly profiles: readonly Profile[];
  readonly backOff?: BackOff;
}

/** Writes under way at a time; more pods wait, so that a slow server does not let them pile up here. */
const WRITES_MAX = 128;

/** Decisions one after the other without letting others of the process have a turn. */
const TURN_MS_MAX = 20;

/** Where a pod goes, and what has to be done before. */
interface Decided {
  readonly pod: Pod;
  readonly nodeName: string;
  readonly errands: readonly Errand[];
}

/** Places pods until the signal aborts. Decides one after the other; tells the server of many at a time. */
export async function runScheduler(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  const scheduler = new Scheduler(deps, group);
  scheduler.listen();
  await deps.cache.whenSynced(followedKinds, group.signal);
  group.spawn((s) => scheduler.run(s));
  await group.join();
}

class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #group: TaskGroup;
  readonly #profiles: ReadonlyMap<string, Profile>;
  readonly #snapshot: Snapshot;
  readonly #queue: PodQueue;
  readonly #memory = new Memory();
  readonly #measures: Measures;
  /** Pods decided on whose binding the cache has not shown yet. */
  readonly #assumed = new Set<string>();
  readonly #landed = new Notifier();
  #writes = 0;
  #start = 0;

  constructor(deps: SchedulerDeps, group: TaskGroup) {
    this.#deps = deps;
    this.#group = group;
    this.#profiles = new Map(deps.profiles.map((profile) => [profile.schedulerName, profile]));
    this.#snapshot = new Snapshot(deps.cache);
    const held = new HeldPods(
      (pod) => this.#profileOf(pod)?.plugins.find(({ plugin }) => plugin.gate?.(pod, this.#snapshot))?.plugin,
    );
    this.#queue = new PodQueue(deps.clock, deps.backOff, held);
    this.#measures = measures(deps.metrics ?? noMetrics, deps.clock);
  }

  listen(): void {
    followCluster({
      cache: this.#deps.cache,
      snapshot: this.#snapshot,
      queue: this.#queue,
      assumed: this.#assumed,
      isOurs: (pod) => this.#profileOf(pod) !== undefined,
    });
    this.#group.spawn((signal) => this.#queue.run(signal));
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    let turnMs = clock.monotonic();
    while (!signal.aborted) {
      // A thousand pods that fit nowhere must not keep the API server of the same process from answering.
      if (clock.monotonic() - turnMs > TURN_MS_MAX) {
        await clock.sleep(0, signal).catch(() => undefined);
        turnMs = clock.monotonic();
      }
      while (this.#writes >= WRITES_MAX) await this.#landed.wait(signal).catch(() => undefined);
      const key = await this.#queue.take(signal).catch(() => undefined);
      if (key === undefined) return;
      const pod = this.#deps.cache.get(podKind, key);
      const profile = pod && this.#profileOf(pod);
      if (!profile || pod.spec.nodeName || pod.metadata.deletionTimestamp || this.#assumed.has(key)) continue;
      this.#schedule(pod, profile);
      this.#measures.waiting(this.#queue);
    }
  }

  #profileOf({ spec }: Pod): Profile | undefined {
    return this.#profiles.get(spec.schedulerName ?? 'default-scheduler');
  }

  #schedule(pod: Pod, profile: Profile): void {
    const snapshot = this.#snapshot;
    const startedMs = this.#deps.clock.monotonic();
    const placement = place(pod, snapshot, profile, {
      random: this.#deps.random,
      start: this.#start,
      memory: this.#memory,
    });
    this.#start = (this.#start + placement.looked) % Math.max(1, snapshot.nodes.length);
    if (placement.node === undefined) {
      this.#tryPreempting(pod, profile, placement);
      this.#measures.ended('unschedulable', profile.schedulerName, startedMs);
      return;
    }
    this.#assumed.add(keyOf(pod));
    snapshot.place(pod, placement.node);
    snapshot.unnominate(keyOf(pod));
    const attempt = this.#queue.failures(keyOf(pod)) + 1;
    const decided = { pod, nodeName: placement.node, errands: this.#errandsOf(pod, placement.node, profile) };
    const bound = async (signal: AbortSignal): Promise<void> => {
      const isBound = await this.#orTakenBack(decided, () => bind(pod, placement.node, this.#deps), signal);
      if (isBound) this.#measures.scheduled(attempt);
      this.#measures.ended(isBound ? 'scheduled' : 'error', profile.schedulerName, startedMs);
    };
    const { errands } = decided;
    if (errands.length === 0) return this.#write(bound);
    for (const errand of errands) errand.reserve?.();
    this.#write(async (signal) => {
      if (!(await this.#orTakenBack(decided, () => writeErrands(errands, this.#deps), signal))) return;
      if (errands.every(({ conditions }) => conditions.length === 0)) return bound(signal);
      // Others may have to act first, which takes what it takes: nobody else waits for it.
      this.#group.spawn(async (s) => {
        if (await this.#orTakenBack(decided, () => waitForErrands(errands, this.#deps, s), s)) this.#write(bound);
      });
    });
  }

  #errandsOf(pod: Pod, nodeName: string, { plugins }: Profile): readonly Errand[] {
    const node = this.#snapshot.node(nodeName);
    return node
      ? plugins.map(({ plugin }) => plugin.errand?.(pod, node, this.#snapshot)).filter((errand) => errand !== undefined)
      : [];
  }

  /** True when it is done. Else the pod gives its room back, and is placed anew after a pause. */
  async #orTakenBack(decided: Decided, work: () => Promise<void>, signal: AbortSignal): Promise<boolean> {
    const { cache, log } = this.#deps;
    const { pod, nodeName, errands } = decided;
    const key = keyOf(pod);
    try {
      await work();
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      await cancelErrands(errands, this.#deps, signal);
      this.#assumed.delete(key);
      const current = cache.get(podKind, key);
      // The answer may have been lost: what the cache says counts.
      if (current?.spec.nodeName) return false;
      this.#snapshot.unplace(pod);
      if (!hasReason(error, 'NotFound')) log.warn('binding failed', { pod: key, node: nodeName, error });
      if (current) {
        this.#queue.retry(current);
        const message = failureText(error);
        this.#write((s) => reportFailure({ pod: current, reason: 'SchedulerError', message }, this.#deps, s));
      }
      // The room that was kept for it is free for others.
      this.#queue.wake({ type: 'pod-removed', pod }, this.#snapshot);
      if (errands.length > 0) this.#queue.wake({ type: 'devices-changed' }, this.#snapshot);
      return false;
    }
  }

  #tryPreempting(pod: Pod, profile: Profile, unfit: Unfit): void {
    const snapshot = this.#snapshot;
    const remedies = this.#tryRemedies(pod, profile, unfit);
    const preemption = preempt({
      pod,
      unfit,
      snapshot,
      profile,
      budgets: this.#deps.cache.list(podDisruptionBudget),
      random: this.#deps.random,
    });
    this.#measures.preempted(preemption.node === undefined ? undefined : preemption.victims.length);
    // Where there was no node at all nobody turned the pod away: whatever happens may help.
    const plugins = profile.plugins.map(({ plugin }) => plugin);
    this.#queue.park(
      pod,
      unfit.rejectedBy.size > 0 ? plugins.filter(({ name }) => unfit.rejectedBy.has(name)) : plugins,
    );
    const count = snapshot.nodes.length;
    if (preemption.node !== undefined) {
      const nodeName = preemption.node;
      this.#makeRoom(pod, nodeName);
      for (const victim of preemption.victims) {
        if (!victim.metadata.deletionTimestamp)
          this.#write((signal) =>
            evict({ victim, preemptor: pod, nodeName, schedulerName: profile.schedulerName }, this.#deps, signal),
          );
      }
      this.#write((signal) =>
        reportFailure(
          { pod, reason: 'Unschedulable', message: unfitMessage(count, unfit), nominatedNodeName: nodeName },
          this.#deps,
          signal,
        ),
      );
      return;
    }
    const losesPromise = preemption.losesPromise && Boolean(pod.status.nominatedNodeName);
    if (losesPromise) snapshot.unnominate(keyOf(pod));
    const message = unfitMessage(count, unfit, [...remedies, preemption.message].filter(Boolean).join(', '));
    this.#write((signal) =>
      reportFailure(
        { pod, reason: 'Unschedulable', message, ...(losesPromise ? { nominatedNodeName: null } : {}) },
        this.#deps,
        signal,
      ),
    );
  }

  /** What plugins do about it that turned nodes away; where they refused the pod as such there is nothing to be done. */
  #tryRemedies(pod: Pod, { plugins }: Profile, { rejectedBy, refusal }: Unfit): readonly string[] {
    if (refusal !== undefined) return [];
    const { api, log } = this.#deps;
    const messages: string[] = [];
    for (const { plugin } of plugins) {
      const remedy = rejectedBy.has(plugin.name) ? plugin.remedy?.(pod, this.#snapshot) : undefined;
      if (!remedy) continue;
      messages.push(remedy.message);
      this.#write(async (signal) => {
        try {
          await remedy.write(api);
        } catch (error) {
          if (!signal.aborted) log.warn('cannot make way for a pod', { pod: keyOf(pod), error });
        }
      });
    }
    return messages;
  }

  /** Promises the node to the pod, and takes that promise from those that are less important. */
  #makeRoom(pod: Pod, nodeName: string): void {
    const lesser = [...this.#snapshot.nominatedOn(nodeName)]
      .map((placed) => placed.pod)
      .filter((other) => (other.spec.priority ?? 0) < (pod.spec.priority ?? 0));
    for (const other of lesser) {
      this.#snapshot.unnominate(keyOf(other));
      this.#queue.add(other);
      this.#write((signal) => losePromise(other, this.#deps, signal));
    }
    this.#snapshot.nominate(pod, nodeName);
  }

  #write(work: (signal: AbortSignal) => Promise<void>): void {
    this.#writes += 1;
    this.#group.spawn(async (signal) => {
      try {
        await work(signal);
      } finally {
        this.#writes -= 1;
        this.#landed.notify();
      }
    });
  }
}

/** In upstream's words. */
function failureText(error: unknown): string {
  if (error instanceof ErrandError) return error.message;
  return `running Bind plugin "DefaultBinder": ${error instanceof Error ? error.message : String(error)}`;
}
