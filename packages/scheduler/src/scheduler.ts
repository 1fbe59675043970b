import { isTerminal, node as nodeKind, type Pod, pod as podKind } from '@navarch/api';
import { type Clock, type Logger, Notifier, type Random, TaskGroup } from '@navarch/base';
import type { Api, Cache, Recorder } from '@navarch/client';
import { equalJson, hasReason, keyOf } from '@navarch/machinery';
import { place, type Placement, unfitMessage } from './cycle.ts';
import type { Profile } from './plugin.ts';
import { PodQueue } from './queue.ts';
import { Snapshot } from './snapshot.ts';

export interface SchedulerDeps {
  readonly api: Api;
  readonly cache: Cache;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly recorder: Recorder;
  readonly profile: Profile;
  /** spec.schedulerName of the pods that are ours. */
  readonly schedulerName: string;
}

/** Bindings under way at a time; more pods wait, so that a slow server does not let them pile up here. */
const BINDINGS_MAX = 128;

/** Places pods until the signal aborts. Decides one after the other; tells the server of many at a time. */
export async function runScheduler(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  const scheduler = new Scheduler(deps, group);
  scheduler.listen();
  await deps.cache.whenSynced([nodeKind, podKind], group.signal);
  group.spawn((s) => scheduler.run(s));
  await group.join();
}

class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #group: TaskGroup;
  readonly #snapshot = new Snapshot();
  readonly #queue: PodQueue;
  readonly #landed = new Notifier();
  /** Pods decided on whose binding the cache has not shown yet. */
  readonly #assumed = new Map<string, string>();
  #binding = 0;
  #start = 0;

  constructor(deps: SchedulerDeps, group: TaskGroup) {
    this.#deps = deps;
    this.#group = group;
    this.#queue = new PodQueue(deps.clock, group);
  }

  listen(): void {
    const { cache } = this.#deps;
    cache.onChange(nodeKind, (current, previous) => {
      if (current) this.#snapshot.setNode(current);
      else if (previous) this.#snapshot.removeNode(previous.metadata.name);
      this.#queue.wake(previous ? 'node-changed' : 'node-added');
    });
    cache.onChange(podKind, (current, previous) => this.#podChanged(current, previous));
    for (const node of cache.list(nodeKind)) this.#snapshot.setNode(node);
    for (const pod of cache.list(podKind)) this.#podChanged(pod, undefined);
  }

  #podChanged(current: Pod | undefined, previous: Pod | undefined): void {
    const pod = current ?? previous;
    if (!pod) return;
    const key = keyOf(pod);
    if (!current || isTerminal(current)) {
      this.#snapshot.unplace(pod);
      this.#assumed.delete(key);
      this.#queue.remove(key);
      this.#queue.wake('pod-removed');
      return;
    }
    if (current.spec.nodeName) {
      this.#assumed.delete(key);
      this.#queue.remove(key);
      this.#snapshot.place(current, current.spec.nodeName);
      return;
    }
    const isOurs = (current.spec.schedulerName ?? 'default-scheduler') === this.#deps.schedulerName;
    if (!isOurs || this.#assumed.has(key) || current.metadata.deletionTimestamp || current.spec.schedulingGates?.length) return;
    // A change of status alone, such as our own word that it fits nowhere, makes no pod fit: it keeps its back-off.
    if (!previous || !equalJson(previous.spec, current.spec) || !equalJson(previous.metadata.labels, current.metadata.labels)) this.#queue.add(current);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      while (this.#binding >= BINDINGS_MAX) await this.#landed.wait(signal).catch(() => undefined);
      const key = await this.#queue.take(signal).catch(() => undefined);
      if (key === undefined) return;
      const pod = this.#deps.cache.get(podKind, key);
      if (!pod || pod.spec.nodeName || pod.metadata.deletionTimestamp) continue;
      this.#schedule(pod, key);
    }
  }

  #schedule(pod: Pod, key: string): void {
    const { profile, random } = this.#deps;
    const placement = place(pod, this.#snapshot, profile, random, this.#start);
    this.#start = (this.#start + placement.looked) % Math.max(1, this.#snapshot.nodes.length);
    if (placement.node === undefined) {
      this.#queue.park(pod, this.#wakesOf(placement));
      this.#group.spawn((signal) => this.#reportUnfit(pod, placement, signal));
      return;
    }
    this.#assumed.set(key, placement.node);
    this.#snapshot.place(pod, placement.node);
    this.#binding += 1;
    const target = placement.node;
    this.#group.spawn((signal) => this.#bind(pod, key, target, signal));
  }

  #wakesOf(placement: Extract<Placement, { node: undefined }>): ReadonlySet<string> {
    const wakes = new Set<string>(['node-added']);
    for (const { plugin } of this.#deps.profile.plugins) if (placement.rejectedBy.has(plugin.name)) for (const wake of plugin.wakes) wakes.add(wake);
    return wakes;
  }

  async #bind(pod: Pod, key: string, target: string, signal: AbortSignal): Promise<void> {
    const { api, recorder, log } = this.#deps;
    try {
      const { name, namespace, uid } = pod.metadata;
      await api.of(podKind).post(key, 'binding', {
        apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target: { kind: 'Node', name: target },
      });
      recorder.record(pod, { type: 'Normal', reason: 'Scheduled', message: `Successfully assigned ${key} to ${target}` });
    } catch (error) {
      if (signal.aborted) return;
      this.#assumed.delete(key);
      const current = this.#deps.cache.get(podKind, key);
      // The answer may have been lost: what the cache says counts.
      if (current?.spec.nodeName) return;
      this.#snapshot.unplace(pod);
      if (!hasReason(error, 'NotFound')) log.warn('binding failed', { pod: key, node: target, error });
      if (current) this.#queue.retry(current);
    } finally {
      this.#binding -= 1;
      this.#landed.notify();
    }
  }

  async #reportUnfit(pod: Pod, placement: Extract<Placement, { node: undefined }>, signal: AbortSignal): Promise<void> {
    const { api, recorder, clock, log } = this.#deps;
    const message = unfitMessage(this.#snapshot.nodes.length, placement.reasons);
    recorder.record(pod, { type: 'Warning', reason: 'FailedScheduling', message });
    const known = pod.status.conditions?.find((c) => c.type === 'PodScheduled');
    if (known?.status === 'False' && known.message === message) return;
    const condition = {
      type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message,
      lastTransitionTime: known?.status === 'False' ? known.lastTransitionTime : `${new Date(clock.now()).toISOString().slice(0, 19)}Z`,
    };
    try {
      await api.of(podKind).patch(keyOf(pod), { type: 'strategic', body: { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } } }, { subresource: 'status' });
    } catch (error) {
      if (!signal.aborted && !hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) log.warn('cannot say that a pod fits nowhere', { pod: keyOf(pod), error });
    }
  }
}
