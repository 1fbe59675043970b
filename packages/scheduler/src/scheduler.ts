import { type Pod, pod as podKind, podDisruptionBudget } from '@navarch/api';
import { type Clock, type Logger, type Metrics, noMetrics, Notifier, type Random, TaskGroup } from '@navarch/base';
import type { Api, Cache, Recorder } from '@navarch/client';
import { hasReason, keyOf } from '@navarch/machinery';
import { cancelErrands, errandsOf, waitForErrands, writeErrands } from './errands.ts';
import { withGroups } from './gang/gang-scheduling.ts';
import { GroupCycle } from './gang/group-cycle.ts';
import { groupKeyIn, groupKeyOf } from './gang/pod-groups.ts';
import { bindExtended } from './extenders/bind-extended.ts';
import { decideExtended } from './extenders/decide-extended.ts';
import type { Assumption, Attempt, Decided } from './attempt.ts';
import { failureText } from './failure-text.ts';
import { EXTENDER, extenderPlugin } from './extenders/extender-plugin.ts';
import type { Extender } from './extenders/extender.ts';
import { Lanes } from './extenders/lanes.ts';
import { followCluster, kindsFollowed } from './follow-cluster.ts';
import { type Unfit, unfitMessage } from './unfit.ts';
import { place } from './place.ts';
import { type Measures, measures } from './measures/measures.ts';
import { timedProfile } from './measures/timed-profile.ts';
import { bind, reportFailure, storedPod, tellExpected } from './outcome.ts';
import type { Profile } from './plugin.ts';
import { CandidateMemory } from './preemption/candidate-memory.ts';
import { Evictions } from './preemption/evictions.ts';
import { preempt, type Preemption } from './preemption/preemption.ts';
import { messagesOf, remediesFor, tryRemedy } from './remedies.ts';
import { HeldPods } from './queue/held-pods.ts';
import type { BackOff } from './queue/back-offs.ts';
import { PodQueue } from './queue/pod-queue.ts';
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
  readonly extenders?: readonly Extender[];
  /** The server has groups of pods (`GenericWorkload`): they are placed together. */
  readonly hasGroups?: boolean;
}

/** Writes under way at a time; more pods wait, so that a slow server does not let them pile up here. */
const WRITES_MAX = 128;

/** Bindings under way that extenders do; more pods that extenders bind wait, and nobody else. */
const EXTENDER_BINDINGS_MAX = 16;

/** Decisions without letting others of the process have a turn. */
const TURN_MS_MAX = 20;

/** Places pods until the signal aborts. Decides one after the other; tells the server of many at a time. */
export async function runScheduler(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  const scheduler = new Scheduler(deps, group);
  scheduler.listen();
  await deps.cache.whenSynced(kindsFollowed(deps), group.signal);
  group.spawn((s) => scheduler.run(s));
  await group.join();
}

class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #group: TaskGroup;
  readonly #profiles: ReadonlyMap<string, Profile>;
  readonly #timedProfiles: ReadonlyMap<Profile, Profile>;
  readonly #snapshot: Snapshot;
  readonly #queue: PodQueue;
  readonly #memory = new Memory();
  readonly #candidates = new CandidateMemory();
  readonly #measures: Measures;
  /** Pods decided on whose binding the cache has not shown yet. */
  readonly #assumed = new Set<string>();
  readonly #landed = new Notifier();
  readonly #extenders: readonly Extender[];
  readonly #groups: GroupCycle | undefined;
  readonly #lanes: Lanes;
  readonly #evictions: Evictions;
  #writes = 0;
  #extenderBindings = 0;
  #bindings = 0;
  #start = 0;

  constructor(deps: SchedulerDeps, group: TaskGroup) {
    this.#deps = deps;
    this.#group = group;
    const profiles = deps.hasGroups ? deps.profiles.map(withGroups) : deps.profiles;
    this.#profiles = new Map(profiles.map((profile) => [profile.schedulerName, profile]));
    this.#snapshot = new Snapshot(deps.cache);
    const held = new HeldPods(
      (pod) => this.#profileOf(pod)?.plugins.find(({ plugin }) => plugin.gate?.(pod, this.#snapshot))?.plugin,
    );
    this.#queue = new PodQueue(deps.clock, deps.backOff, held);
    this.#measures = measures(deps.metrics ?? noMetrics, deps.clock, deps.hasGroups);
    this.#evictions = new Evictions({
      snapshot: this.#snapshot,
      queue: this.#queue,
      deps,
      measures: this.#measures,
      write: (work) => this.#write(work),
    });
    this.#timedProfiles = new Map(
      deps.profiles.map((profile) => [profile, timedProfile(profile, deps.clock, this.#measures.pluginTook)]),
    );
    // Those that may fail come last: they need not be asked about what others turn away.
    this.#extenders = (deps.extenders ?? []).toSorted((a, b) => Number(a.isIgnorable) - Number(b.isIgnorable));
    this.#groups = deps.hasGroups ? this.#groupCycle() : undefined;
    this.#lanes = new Lanes({
      group,
      place: (key, extenders, signal) => this.#scheduleExtended(key, extenders, signal),
      again: (key) => {
        const pod = this.#wanted(key);
        if (pod) this.#queue.add(pod);
      },
    });
  }

  listen(): void {
    followCluster({
      cache: this.#deps.cache,
      snapshot: this.#snapshot,
      queue: this.#queue,
      assumed: this.#assumed,
      isOurs: (pod) => this.#profileOf(pod) !== undefined,
      hasGroups: this.#groups !== undefined,
      begun: () => this.#deps.clock.monotonic(),
      handled: this.#measures.handled,
    });
    const [queue, snapshot, assumed] = [this.#queue, this.#snapshot, this.#assumed];
    const counts = { bindings: () => this.#bindings, inLanes: () => this.#lanes.size };
    const groupOf = this.#groups && ((key: string) => groupKeyIn(this.#deps.cache, key));
    this.#measures.follow({ queue, snapshot, assumed, ...counts, groupOf }, this.#group.signal);
    this.#group.spawn((signal) => this.#queue.run(signal));
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    let turnMs = clock.monotonic();
    this.#groups?.resume();
    while (!signal.aborted) {
      // A thousand pods that fit nowhere must not keep the API server of the same process from answering.
      if (clock.monotonic() - turnMs > TURN_MS_MAX) {
        await clock.sleep(0, signal).catch(() => undefined);
        turnMs = clock.monotonic();
      }
      while (this.#writes >= WRITES_MAX) await this.#landed.wait(signal).catch(() => undefined);
      const key = await this.#queue.take(signal).catch(() => undefined);
      if (key === undefined) return;
      const pod = this.#wanted(key);
      const profile = pod && this.#profileOf(pod);
      if (!profile) continue;
      if (this.#groups?.take(pod, profile)) continue;
      const asked = this.#extenders.filter((extender) => extender.isInterested(pod));
      if (asked.length > 0) this.#lanes.add({ key, priority: pod.spec.priority ?? 0 }, asked);
      else this.#schedule(pod, profile);
    }
  }

  /** The pod as it is now, if it still wants a node. */
  #wanted(key: string): Pod | undefined {
    const pod = this.#deps.cache.get(podKind, key);
    return pod && !pod.spec.nodeName && !pod.metadata.deletionTimestamp && !this.#assumed.has(key) ? pod : undefined;
  }

  #profileOf({ spec }: Pod): Profile | undefined {
    return this.#profiles.get(spec.schedulerName ?? 'default-scheduler');
  }

  #schedule(pod: Pod, profile: Profile): void {
    const snapshot = this.#snapshot;
    const { clock, random } = this.#deps;
    const startedMs = clock.monotonic();
    const asked = this.#measures.isSampled() ? (this.#timedProfiles.get(profile) ?? profile) : profile;
    const watch = this.#measures.watchOf(profile.schedulerName);
    watch?.begin();
    const placement = place(pod, snapshot, asked, { random, start: this.#start, memory: this.#memory, watch });
    this.#measures.decided(startedMs);
    this.#start = (this.#start + placement.looked) % Math.max(1, snapshot.nodes.length);
    if (placement.node !== undefined) return this.#assume({ pod, profile, asked, nodeName: placement.node, startedMs });
    this.#reject({ pod, profile, unfit: placement, startedMs });
  }

  #reject(attempt: Attempt & { readonly unfit: Unfit }): void {
    const { clock, random } = this.#deps;
    const preemptingMs = clock.monotonic();
    const preemption = preempt({
      ...attempt,
      snapshot: this.#snapshot,
      random,
      budgets: this.#deps.cache.list(podDisruptionBudget),
      memory: this.#candidates,
    });
    const status = preemption.node === undefined ? 'Unschedulable' : 'Success';
    const outcome = { status, startedMs: preemptingMs };
    this.#measures.passed('PostFilter', attempt.profile.schedulerName, outcome);
    this.#measures.sought('pod', outcome);
    this.#park(attempt, preemption);
  }

  #groupCycle(): GroupCycle {
    return new GroupCycle({
      ...this.#deps,
      snapshot: this.#snapshot,
      queue: this.#queue,
      measures: this.#measures,
      memory: this.#memory,
      budgets: () => this.#deps.cache.list(podDisruptionBudget),
      start: () => this.#start,
      isAssumed: (key) => this.#assumed.has(key),
      profileOf: (pod) => this.#profileOf(pod),
      isExtended: (pod) => this.#extenders.some((extender) => extender.isInterested(pod)),
      assume: (pod, profile, nodeName, startedMs) => this.#assume({ pod, profile, nodeName, startedMs }),
      reject: (pod, profile, unfit, startedMs) => this.#reject({ pod, profile, unfit, startedMs }),
      makeRoom: (pod, nodeName) => this.#evictions.promise(pod, nodeName),
      write: (work) => this.#write(work),
    });
  }

  /** As #schedule, with time passing while extenders are asked: others are placed meanwhile. */
  async #scheduleExtended(key: string, extenders: readonly Extender[], signal: AbortSignal): Promise<void> {
    while (this.#extenderBindings >= EXTENDER_BINDINGS_MAX) await this.#landed.wait(signal);
    const pod = this.#wanted(key);
    const profile = pod && this.#profileOf(pod);
    if (!profile) return;
    const { clock, random, log } = this.#deps;
    const snapshot = this.#snapshot;
    const startedMs = clock.monotonic();
    const search = { random, start: this.#start, memory: this.#memory };
    const how = { search, budgets: () => this.#deps.cache.list(podDisruptionBudget) };
    const decision = await decideExtended(pod, { snapshot, profile, extenders, log }, how, signal);
    const current = this.#wanted(key);
    // What was decided is of a pod that is gone, or of what it was: where it changed, it comes again.
    if (current?.metadata.uid !== pod.metadata.uid || snapshot.templateOf(current) !== snapshot.templateOf(pod)) return;
    if (decision.node !== undefined) {
      this.#start = (this.#start + decision.looked) % Math.max(1, snapshot.nodes.length);
      const binder = extenders.find(({ binds }) => binds);
      return this.#assume({ pod: current, profile, nodeName: decision.node, startedMs, binder });
    }
    if ('unfit' in decision)
      return this.#park({ pod: current, profile, unfit: decision.unfit, startedMs }, decision.preemption);
    this.#queue.retry(current);
    if (decision.failure !== undefined) this.#failed(current, decision.failure);
    this.#measures.ended('error', profile.schedulerName, startedMs);
  }

  #failed(pod: Pod, message: string, nominatedNodeName?: null): void {
    const report = { pod, message, reason: 'SchedulerError' as const };
    this.#write((signal) =>
      reportFailure(nominatedNodeName === null ? { ...report, nominatedNodeName } : report, this.#deps, signal),
    );
  }

  /** It counts as placed from now on; the server is told. */
  #assume({ pod, profile, asked = profile, nodeName, startedMs, binder }: Assumption): void {
    const { clock } = this.#deps;
    const { schedulerName } = profile;
    this.#assumed.add(keyOf(pod));
    this.#snapshot.place(pod, nodeName);
    this.#snapshot.unnominate(keyOf(pod));
    const attempt = this.#queue.failures(keyOf(pod)) + 1;
    const sinceFirstMs = this.#queue.triedForMs(keyOf(pod)) - clock.monotonic();
    const isAfterFlush = this.#queue.wasFlushed(keyOf(pod));
    const decided = { pod, nodeName, errands: errandsOf(pod, this.#snapshot.node(nodeName), asked, this.#snapshot) };
    const passed = (point: Parameters<Measures['passed']>[0], since: number, isDone = true): void =>
      this.#measures.passed(point, schedulerName, { status: isDone ? 'Success' : 'Error', startedMs: since });
    const bound = async (signal: AbortSignal): Promise<void> => {
      if (errands.length === 0) passed('PreBind', clock.monotonic());
      const beganMs = clock.monotonic();
      this.#bindings += 1;
      const work = (): Promise<void> =>
        binder
          ? bindExtended({ pod, nodeName, extender: binder }, this.#deps, signal)
          : bind(pod, nodeName, this.#deps);
      const isBound = await this.#orTakenBack(decided, work, signal).finally(() => (this.#bindings -= 1));
      passed('Bind', beganMs, isBound);
      if (isBound) {
        passed('PostBind', clock.monotonic());
        this.#measures.scheduled(attempt, sinceFirstMs + clock.monotonic(), isAfterFlush);
      }
      this.#measures.ended(isBound ? 'scheduled' : 'error', schedulerName, startedMs);
    };
    const tell = (): void => (binder ? this.#letBind(bound) : this.#write(bound));
    const { errands } = decided;
    const reservingMs = clock.monotonic();
    for (const errand of errands) errand.reserve?.();
    passed('Reserve', reservingMs);
    passed('Permit', clock.monotonic());
    if (errands.length === 0) return tell();
    this.#write(async (signal) => {
      await tellExpected(pod, nodeName, this.#deps, signal);
      if (!(await this.#orTakenBack(decided, () => writeErrands(errands, this.#deps), signal))) return;
      if (errands.every(({ conditions }) => conditions.length === 0)) {
        passed('PreBind', startedMs);
        return binder ? tell() : bound(signal);
      }
      // Others may have to act first, which takes what it takes: nobody else waits for it.
      this.#group.spawn(async (s) => {
        const deps = { ...this.#deps, waited: this.#measures.waitedFor(schedulerName) };
        const isDone = await this.#orTakenBack(decided, () => waitForErrands(errands, deps, s), s);
        passed('PreBind', startedMs, isDone);
        if (isDone) tell();
      });
    });
  }

  /** An extender takes its time, which must not be that of others' writes. */
  #letBind(bound: (signal: AbortSignal) => Promise<void>): void {
    this.#extenderBindings += 1;
    this.#group.spawn(async (signal) => {
      try {
        await bound(signal);
      } finally {
        this.#extenderBindings -= 1;
        this.#landed.notify();
      }
    });
  }

  /** True when it is done. Else the pod gives its room back, and is placed anew after a pause. */
  async #orTakenBack(decided: Decided, work: () => Promise<void>, signal: AbortSignal): Promise<boolean> {
    const { log } = this.#deps;
    const { pod, nodeName, errands } = decided;
    const key = keyOf(pod);
    try {
      await work();
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const current = await storedPod(key, this.#deps, signal);
      // What has happened to the pod meanwhile has been seen; another may have its name.
      if (signal.aborted || !this.#assumed.has(key) || (current && current.metadata.uid !== pod.metadata.uid))
        return current?.spec.nodeName === nodeName;
      // Only the answer was lost.
      if (current?.spec.nodeName) return current.spec.nodeName === nodeName;
      await cancelErrands(errands, this.#deps, signal);
      this.#assumed.delete(key);
      this.#snapshot.unplace(pod);
      // The others of its group are bound: what is free now is for nobody else.
      if (current && this.#groups && groupKeyOf(pod) !== undefined) this.#snapshot.nominate(pod, nodeName);
      if (!hasReason(error, 'NotFound')) log.warn('binding failed', { pod: key, node: nodeName, error });
      if (current) {
        this.#queue.retry(current);
        this.#failed(current, failureText(error), current.status.nominatedNodeName ? null : undefined);
      }
      // The room that was kept for it is free for others.
      this.#queue.wake({ type: 'pod-removed', pod }, this.#snapshot);
      if (errands.length > 0) this.#queue.wake({ type: 'devices-changed' }, this.#snapshot);
      return false;
    }
  }

  /** It fits nowhere: others are evicted for it where that helps, and it waits. */
  #park({ pod, profile, unfit, startedMs }: Attempt & { readonly unfit: Unfit }, preemption: Preemption): void {
    const snapshot = this.#snapshot;
    const remedies = remediesFor(pod, profile, unfit, snapshot);
    for (const remedy of remedies) this.#write((signal) => tryRemedy(remedy, pod, this.#deps, signal));
    this.#measures.ended('unschedulable', profile.schedulerName, startedMs);
    this.#measures.preempted(preemption.node === undefined ? undefined : preemption.victims.length);
    // Where there was no node at all nobody turned the pod away: whatever happens may help.
    const plugins = profile.plugins.map(({ plugin }) => plugin);
    if (unfit.rejectedBy.has(EXTENDER)) plugins.push(extenderPlugin(profile));
    const rejecters = unfit.rejectedBy.size > 0 ? plugins.filter(({ name }) => unfit.rejectedBy.has(name)) : plugins;
    this.#queue.park(pod, rejecters, preemption.node !== undefined);
    const count = snapshot.nodes.length;
    if (preemption.node !== undefined) {
      const { node: nodeName, victims, violations } = preemption;
      const message = unfitMessage(count, unfit);
      this.#write((signal) =>
        reportFailure({ pod, reason: 'Unschedulable', message, nominatedNodeName: nodeName }, this.#deps, signal),
      );
      return this.#evictions.make({ pod, nodeName, victims, violations, schedulerName: profile.schedulerName });
    }
    const losesPromise = preemption.losesPromise && Boolean(pod.status.nominatedNodeName);
    if (losesPromise) snapshot.unnominate(keyOf(pod));
    const message = unfitMessage(count, unfit, messagesOf([...remedies, preemption]));
    const lost = losesPromise ? { nominatedNodeName: null } : {};
    const report = { pod, reason: 'Unschedulable', message, ...lost } as const;
    this.#write((signal) => reportFailure(report, this.#deps, signal));
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
