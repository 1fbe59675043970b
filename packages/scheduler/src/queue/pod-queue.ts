import type { Pod } from '@navarch/api';
import { type Clock, Heap, Notifier } from '@navarch/base';
import { keyOf } from '@navarch/machinery';
import type { ClusterEvent, SchedulerPlugin } from '../plugin.ts';
import { type BackOff, BackOffs } from './back-offs.ts';
import { HeldPods } from './held-pods.ts';
import { prioritySort, type Waiting } from '../plugins/priority-sort.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

const BACK_OFF: BackOff = { initialMs: 1000, maxMs: 10_000 };
/** A parked pod that nothing woke is looked at again after this time. */
const FLUSH_MS = 5 * 60_000;

/** Upstream's names of the queues. */
export type QueuePart = 'active' | 'backoff' | 'unschedulable' | 'gated';

/** Hears what becomes of pods in the queue. */
export interface QueueFollower {
  /** A pod came to a part of the queue, and why. */
  came(queue: 'active' | 'backoff' | 'unschedulable', why: string, key: string): void;
  /** A plugin was asked whether an event may help a pod. */
  hinted?(plugin: string, event: string, answer: { readonly hint: string; readonly ms: number }): void;
}

// Why pods come to a part of the queue, by upstream's names of events.
const POD_ADDED = 'UnschedulablePodAdd';
const FAILED = 'ScheduleAttemptFailure';
const NOBODY_ELSE = 'PopFromBackoffQ';
const WHY: Readonly<Record<ClusterEvent['type'], string>> = {
  'node-added': 'NodeAdd',
  'node-changed': 'NodeUpdate',
  'pod-placed': 'AssignedPodAdd',
  'pod-changed': 'AssignedPodUpdate',
  'pod-removed': 'AssignedPodDelete',
  'storage-changed': 'PersistentVolumeClaimUpdate',
  'claim-changed': 'ResourceClaimUpdate',
  'devices-changed': 'ResourceSliceUpdate',
  'group-changed': 'PodGroupUpdate',
};

interface Parked {
  readonly pod: Pod;
  /** Who turned it away: their events may bring it back. */
  readonly rejecters: readonly SchedulerPlugin<any, any>[];
  /** When it was tried, on the monotonic clock. */
  readonly triedMs: number;
  /** Others are being sent away for it: until all are told, nothing brings it back. */
  detained?: { hasMissed: boolean } | undefined;
}

/**
 * Pods that want a node. Ready ones by priority and age; those that fitted nowhere are parked until an event that could
 * help them happens, and are tried no sooner than their back-off allows while others want to be. As large as the number of pods without a node.
 */
export class PodQueue {
  readonly #clock: Clock;
  readonly #held: HeldPods;
  readonly #ready = new Heap<Waiting>(prioritySort);
  readonly #isReady = new Set<string>();
  /** In the order in which they were parked. */
  readonly #parked = new Map<string, Parked>();
  /** The parked by the events that may help them: an event costs nothing where nobody waits for it. */
  readonly #byEvent = new Map<ClusterEvent['type'], Map<string, Parked>>();
  readonly #backOffs: BackOffs;
  readonly #attempts = new Map<string, number>();
  /** How often a pod has met an error one after the other: what it was before that has nothing to do with. */
  readonly #errors = new Map<string, number>();
  /** Those whom no event has brought back since they were. */
  readonly #flushed = new Set<string>();
  readonly #firstTriedMs = new Map<string, number>();
  readonly #arrived = new Notifier();
  readonly #timed = new Notifier();
  #sleeper: { readonly untilMs: number; readonly wake: AbortController } | undefined;
  #order = 0;
  #follower: QueueFollower = { came: () => undefined };

  constructor(clock: Clock, backOff: BackOff = BACK_OFF, held: HeldPods = new HeldPods(() => undefined)) {
    this.#clock = clock;
    this.#backOffs = new BackOffs(backOff);
    this.#held = held;
  }

  /** How many pods wait where, by upstream's names of the queues. */
  get sizes(): Readonly<Record<QueuePart, number>> {
    return {
      active: this.#isReady.size,
      backoff: this.#backOffs.size,
      unschedulable: this.#parked.size,
      gated: this.#held.size,
    };
  }

  /** Which pods are in a part. */
  keysIn(part: QueuePart): Iterable<string> {
    switch (part) {
      case 'active':
        return this.#isReady;
      case 'backoff':
        return this.#backOffs.keys();
      case 'unschedulable':
        return this.#parked.keys();
      case 'gated':
        return this.#held.keys();
    }
  }

  /** Who keeps which pods parked, each once, whatever entries it has. */
  *rejections(): Generator<readonly [plugin: string, pod: Pod]> {
    for (const { pod, rejecters } of this.#parked.values())
      for (const name of new Set(rejecters.map((plugin) => plugin.name))) yield [name, pod];
  }

  /** There is one who does. */
  follow(follower: QueueFollower): void {
    this.#follower = follower;
  }

  /** The pod was brought back because it had waited long, not because anything had happened. */
  wasFlushed(key: string): boolean {
    return this.#flushed.has(key);
  }

  /** Since the pod was tried first, or now, in ms. */
  triedForMs(key: string): number {
    const nowMs = this.#clock.monotonic();
    return nowMs - (this.#firstTriedMs.get(key) ?? nowMs);
  }

  /** How often the pod was tried in vain. */
  failures(key: string): number {
    return this.#attempts.get(key) ?? 0;
  }

  /** A new or changed pod: tried at once, unless something keeps it from being tried at all. */
  admit(pod: Pod): void {
    if (!this.#held.hold(pod)) return this.add(pod);
    this.#follower.came('unschedulable', POD_ADDED, keyOf(pod));
    this.#isReady.delete(keyOf(pod));
    this.#unpark(keyOf(pod));
    this.#backOffs.delete(keyOf(pod));
  }

  /** Tried at once. */
  add(pod: Pod, why = POD_ADDED): void {
    const key = keyOf(pod);
    this.#unpark(key);
    this.#held.release(key);
    this.#backOffs.delete(key);
    if (this.#isReady.has(key)) return;
    this.#isReady.add(key);
    this.#follower.came('active', why, key);
    this.#ready.push({ key, priority: pod.spec.priority ?? 0, order: this.#order++ });
    this.#arrived.notify();
  }

  /** The pod wants no node any more. */
  remove(key: string): void {
    this.#isReady.delete(key);
    this.#held.release(key);
    this.#unpark(key);
    this.#backOffs.delete(key);
    this.#attempts.delete(key);
    this.#errors.delete(key);
    this.#firstTriedMs.delete(key);
    this.#flushed.delete(key);
  }

  async take(signal: AbortSignal): Promise<string> {
    for (;;) {
      const next = this.#ready.pop();
      const early = next ? undefined : this.#backOffs.takeEarly();
      if (early) this.add(early, NOBODY_ELSE);
      else if (!next) await this.#arrived.wait(signal);
      else if (this.#isReady.delete(next.key)) {
        if (!this.#firstTriedMs.has(next.key)) this.#firstTriedMs.set(next.key, this.#clock.monotonic());
        return next.key;
      } // Else it was removed while it waited.
    }
  }

  /** The pod's turn has come with that of another, wherever it waited; false: something keeps it from being tried at all. */
  draw(pod: Pod): boolean {
    const key = keyOf(pod);
    this.#isReady.delete(key);
    this.#unpark(key);
    this.#backOffs.delete(key);
    if (this.#held.hold(pod)) return false;
    if (!this.#firstTriedMs.has(key)) this.#firstTriedMs.set(key, this.#clock.monotonic());
    return true;
  }

  /** It fits nowhere: wait for what may help; `detained`: not before it is let go. */
  park(pod: Pod, rejecters: readonly SchedulerPlugin<any, any>[], isDetained = false): void {
    const key = keyOf(pod);
    this.#attempts.set(key, (this.#attempts.get(key) ?? 0) + 1);
    this.#errors.delete(key);
    const detained = isDetained ? { hasMissed: false } : undefined;
    const parked: Parked = { pod, rejecters, triedMs: this.#clock.monotonic(), detained };
    this.#unpark(key);
    this.#flushed.delete(key);
    this.#follower.came('unschedulable', FAILED, key);
    this.#parked.set(key, parked);
    for (const type of new Set(rejecters.flatMap(({ wakesOn }) => wakesOn))) {
      const waiting = this.#byEvent.get(type);
      if (waiting) waiting.set(key, parked);
      else this.#byEvent.set(type, new Map([[key, parked]]));
    }
    this.#rouse(parked.triedMs + FLUSH_MS);
  }

  /** Whatever may help brings it back from now on, or has done so meanwhile. */
  letGo(key: string): void {
    const parked = this.#parked.get(key);
    const hasMissed = parked?.detained?.hasMissed;
    if (!parked?.detained) return;
    parked.detained = undefined;
    if (!hasMissed) return;
    this.#unpark(key);
    this.#backOff(parked.pod, parked.triedMs, WHY['pod-removed']);
  }

  /** Tries again after a pause: what failed had nothing to do with where the pod fits. */
  retry(pod: Pod): void {
    const key = keyOf(pod);
    const errors = (this.#errors.get(key) ?? 0) + 1;
    this.#errors.set(key, errors);
    this.#attempts.set(key, (this.#attempts.get(key) ?? 0) + 1);
    this.#follower.came('backoff', FAILED, key);
    this.#rouse(this.#backOffs.add(pod, this.#clock.monotonic() + this.#backOffs.lengthMs(errors), true));
  }

  /** Moves every parked pod that the event may help to where it is tried next. */
  wake(event: ClusterEvent, snapshot: Snapshot): void {
    for (const pod of this.#held.openedBy(event)) this.add(pod, WHY[event.type]);
    const waiting = this.#byEvent.get(event.type);
    if (!waiting) return;
    const helps = ({ pod, rejecters }: Parked): boolean =>
      rejecters.some((plugin) => plugin.wakesOn.includes(event.type) && this.#mayHelp(plugin, pod, event, snapshot));
    for (const [key, parked] of waiting) {
      if (!helps(parked)) continue;
      if (parked.detained) {
        parked.detained.hasMissed = true;
        continue;
      }
      this.#unpark(key);
      this.#backOff(parked.pod, parked.triedMs, WHY[event.type]);
    }
  }

  /** Brings back pods whose time has come, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const dueMs = this.#nextDue();
      if (dueMs === undefined) {
        await this.#timed.wait(signal).catch(() => undefined);
        continue;
      }
      const wake = new AbortController();
      this.#sleeper = { untilMs: dueMs, wake };
      await this.#clock
        .sleep(Math.max(0, dueMs - this.#clock.monotonic()), AbortSignal.any([signal, wake.signal]))
        .catch(() => undefined);
      this.#sleeper = undefined;
      this.#release(this.#clock.monotonic());
    }
  }

  #release(nowMs: number): void {
    for (let pod = this.#backOffs.takeDue(nowMs); pod; pod = this.#backOffs.takeDue(nowMs))
      this.add(pod, 'BackoffComplete');
    for (const { pod, triedMs } of this.#parked.values()) {
      if (triedMs + FLUSH_MS > nowMs) break;
      this.#flushed.add(keyOf(pod));
      this.add(pod, 'UnschedulableTimeout');
    }
  }

  #backOff(pod: Pod, triedMs: number, why: string): void {
    const untilMs = triedMs + this.#backOffs.lengthMs(this.#attempts.get(keyOf(pod)) ?? 1);
    if (untilMs <= this.#clock.monotonic()) return this.add(pod, why);
    this.#follower.came('backoff', why, keyOf(pod));
    this.#rouse(this.#backOffs.add(pod, untilMs, false));
    this.#arrived.notify();
  }

  #mayHelp(plugin: SchedulerPlugin<any, any>, pod: Pod, event: ClusterEvent, snapshot: Snapshot): boolean {
    if (!plugin.wakes) return true;
    if (!this.#follower.hinted) return plugin.wakes(pod, event, snapshot);
    const beganMs = this.#clock.monotonic();
    const helps = plugin.wakes(pod, event, snapshot);
    const answer = { hint: helps ? 'Queue' : 'QueueSkip', ms: this.#clock.monotonic() - beganMs };
    this.#follower.hinted(plugin.name, WHY[event.type], answer);
    return helps;
  }

  #unpark(key: string): void {
    const parked = this.#parked.get(key);
    if (!parked) return;
    this.#parked.delete(key);
    for (const { wakesOn } of parked.rejecters) for (const type of wakesOn) this.#byEvent.get(type)?.delete(key);
  }

  #nextDue(): number | undefined {
    const [first] = this.#parked.values();
    const flushMs = first && first.triedMs + FLUSH_MS;
    const dueMs = this.#backOffs.nextDueMs;
    return flushMs === undefined || dueMs === undefined ? (flushMs ?? dueMs) : Math.min(flushMs, dueMs);
  }

  /** Whoever sleeps beyond this time has to look again. */
  #rouse(dueMs: number): void {
    if (this.#sleeper && this.#sleeper.untilMs > dueMs) this.#sleeper.wake.abort(new Error('Something is due earlier'));
    this.#timed.notify();
  }
}
