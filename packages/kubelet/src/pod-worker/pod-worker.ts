import { firstOf, Notifier, TaskGroup } from '@navarch/base';
import { equalJson, keyOf } from '@navarch/machinery';
import { type Action, actionKey } from '../pod-machine/action.ts';
import { decide } from '../pod-machine/decide.ts';
import type { Eviction, Memory, Rejection } from '../pod-machine/memory.ts';
import type { Observed } from '../pod-machine/observed.ts';
import { containersOf } from '../pod-machine/pod-container.ts';
import { isOutgrown } from '../pod-machine/resize.ts';
import { Probing } from '../probes/probing.ts';
import { PodVolumes } from '../volumes/pod-volumes.ts';
import { carryOut, type StepDeps } from './carry-out.ts';
import { configMap, isTerminal, type Pod, secret } from '@navarch/api';
import type { PodWorkerDeps } from './deps.ts';
import { LiveVolumes, SYNC_MS } from './live-volumes.ts';
import { PodEvents } from './pod-events.ts';
import { PodNotes } from './pod-notes.ts';
import { type Listed, type Moved, PodView } from './pod-view.ts';
import { StatusReporter, withStatus } from './report-status.ts';
import { ResizeEvents } from './resize-events.ts';
import { RunningSteps } from './running-steps.ts';
import { tellingIfSlow } from './telling-if-slow.ts';

/** After a look that failed, and before a step that failed is begun again. */
/** A clock that is kept right drifts by less from one look to the next. */
const SET_MS_MIN = 1_000;
const RETRY_MS = 1000;
/** A step that takes longer is told of. */
const SLOW_MS = 20_000;
/** Two looks are at least this far apart, unless something moved. */
const LOOK_MS_MIN = 10;

/** Looks after one pod: observes, decides, acts, reports; again whenever something moved. */
export class PodWorker {
  readonly #deps: PodWorkerDeps;
  readonly #moved = new Notifier();
  readonly #notes = new PodNotes();
  readonly #events: PodEvents;
  readonly #resizes: ResizeEvents;
  readonly #volumes: PodVolumes;
  readonly #reporter: StatusReporter;
  readonly #probing: Probing;
  readonly #steps: RunningSteps;
  readonly #stepDeps: StepDeps;
  /** By key: steps that failed, and when they may be begun again. */
  readonly #pauses = new Map<string, number>();
  /** From what never runs backwards to the wall clock, at the last look. */
  #wallOffsetMs: number;
  #pod: Pod;
  readonly #view: PodView;
  #isDirty = true;
  #isFinished = false;
  #isForgotten = false;
  /** Of a pod that ends without the API saying so. */
  #deletion: Pick<Pod['metadata'], 'deletionTimestamp' | 'deletionGracePeriodSeconds'> | undefined;
  readonly #live: LiveVolumes;
  readonly #syncMs: number;

  constructor(pod: Pod, deps: PodWorkerDeps, rejection?: Rejection) {
    const { record, clock, log, runtime, prober } = deps;
    this.#pod = pod;
    this.#deps = deps;
    this.#view = new PodView({ ...deps, isUnseen: deps.isUnseen(pod.metadata.uid) });
    this.#syncMs = deps.syncMs ?? SYNC_MS;
    this.#wallOffsetMs = clock.now() - clock.monotonic();
    this.#notes.heard(pod, clock.now());
    this.#events = new PodEvents(deps.recorder, () => this.#pod);
    this.#resizes = new ResizeEvents(this.#events, pod);
    const { objects, volumes: host, dirs } = deps;
    this.#volumes = new PodVolumes({
      host: {
        ...host,
        configMap: (namespace, name) => objects.read(configMap, `${namespace}/${name}`),
        secret: (namespace, name) => objects.read(secret, `${namespace}/${name}`),
      },
      dirs,
      clock,
    });
    this.#live = new LiveVolumes({
      volumes: this.#volumes,
      objects,
      clock,
      syncMs: this.#syncMs,
      problem: (message) => this.#events.about('Warning', 'FailedMount', message),
      changed: () => {
        // Volumes may have been waiting for just that.
        this.#notes.volumesRetryAt = undefined;
        this.#stir();
      },
    });
    this.#reporter = new StatusReporter({ record, clock, log, pod: () => this.#pod });
    this.#probing = new Probing({
      runtime,
      prober,
      clock,
      found: (id, results) => {
        if (this.#notes.probed(id, results)) this.#stir();
      },
      event: (message, container) => this.#events.about('Warning', 'Unhealthy', message, container),
      counted: (kind, container, outcome) => deps.probeCounts.count(this.#pod, container, kind, outcome),
    });
    this.#stepDeps = {
      ...deps,
      notes: this.#notes,
      events: this.#events,
      podVolumes: this.#volumes,
      reporter: this.#reporter,
    };
    this.#steps = new RunningSteps((action, signal) => this.#carryOut(action, signal));
    if (rejection) this.#reject(rejection);
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** Where drivers have put its volumes, by name. */
  get volumePlaces(): ReadonlyMap<string, string> {
    return this.#volumes.places;
  }

  /** The node runs the pod: it counts when another asks for room. */
  get isActive(): boolean {
    const { phase } = this.#reporter.wanted ?? this.#pod.status;
    return phase !== 'Succeeded' && phase !== 'Failed';
  }

  /** The API has forgotten it, and counts on what it had: what is still to end here is in nobody's way, as upstream has it. */
  get isForgotten(): boolean {
    return this.#isForgotten;
  }

  /** It would have more than the node has left. */
  get waitsForRoom(): boolean {
    return this.#notes.resizeRefusal !== undefined;
  }

  /** The pod ends as failed, and stays so. */
  evict(eviction: Omit<Eviction, 'since'>): void {
    if (this.#notes.eviction) return;
    this.#notes.eviction = { ...eviction, since: this.#deps.clock.now() };
    if (eviction.reason === 'Evicted') this.#events.about('Warning', 'Evicted', eviction.message);
    this.#stir();
  }

  /** The node needs room: what is kept of a pod that is over may go. False when nothing is. */
  giveUpRemains(): boolean {
    if (this.isActive || this.#view.observed.containers.length === 0) return false;
    this.#notes.isBare = true;
    this.#stir();
    return true;
  }

  /** The API has another version of the pod. */
  update(pod: Pod): void {
    const { labels, annotations, resourceVersion, generation } = this.#pod.metadata;
    if (pod.metadata.resourceVersion === resourceVersion) return;
    // Volumes tell a pod its labels: one that was changed is told at once.
    const isTold = equalJson(labels, pod.metadata.labels) && equalJson(annotations, pod.metadata.annotations);
    if (!isTold) this.#live.dueNow();
    // Someone mended the pod: what stood in the way may not any more.
    if (!isTold || pod.metadata.generation !== generation) this.#notes.tryAgain();
    this.#hear(pod);
  }

  /** What stands for the pod in the API is another thing now, which knows nothing. */
  retell(): void {
    this.#reporter.again();
  }

  /** The pod is to end within its own grace, as if it were deleted now. */
  end(): void {
    const { metadata, spec } = this.#pod;
    if (metadata.deletionTimestamp !== undefined) return;
    const seconds = Number(spec.terminationGracePeriodSeconds ?? 30);
    const deletionTimestamp = new Date(this.#deps.clock.now() + seconds * 1000).toISOString();
    this.#deletion = { deletionTimestamp, deletionGracePeriodSeconds: seconds };
    this.#hear(this.#pod);
  }

  /** The API forgot the pod, before this node was done with it: nothing of it is waited for. */
  vanish(): void {
    this.#isForgotten = true;
    const { metadata } = this.#pod;
    const deletionTimestamp = metadata.deletionTimestamp ?? new Date(this.#deps.clock.now()).toISOString();
    this.#hear({ ...this.#pod, metadata: { ...metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 } });
  }

  #hear(pod: Pod): void {
    this.#pod = this.#deletion ? { ...pod, metadata: { ...pod.metadata, ...this.#deletion } } : pod;
    this.#notes.heard(this.#pod, this.#deps.clock.now());
    this.#stir();
  }

  /** What is said of the pod's devices may be out of date. */
  restate(): void {
    this.#stir();
  }

  /** Something may have changed in the runtime: look again, unless what lists show of it is known. */
  poke(listed?: Listed): void {
    if (listed && !this.#view.isNews(listed, this.#steps.isMaking)) return;
    this.#view.moved('anything');
    this.#stir();
  }

  /** Something may have to be done, or told, about what was seen. */
  #stir(): void {
    this.#isDirty = true;
    this.#moved.notify();
  }

  /** Resolves when nothing of the pod is left on the node, or the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await using group = new TaskGroup(signal);
    group.spawn((s) => this.#reporter.run(s));
    await this.#claimResources(group.signal);
    while (!group.signal.aborted && !this.#isFinished) {
      this.#isDirty = false;
      let waitMs = RETRY_MS;
      try {
        waitMs = await this.#look(group);
      } catch (error) {
        if (group.signal.aborted) break;
        this.#deps.log.warn('pod sync failed', { pod: keyOf(this.#pod), error });
      }
      if (!this.#isDirty && !this.#isFinished) await this.#wait(waitMs, group.signal);
    }
    if (group.signal.aborted && !signal.aborted) await group.join();
  }

  /**
   * What the pod asks for of what cannot be shared, it gets before anything of it is made, or it is turned away. A pod
   * that ran here before finds what it had.
   */
  async #claimResources(signal: AbortSignal): Promise<void> {
    const { resources, log, clock } = this.#deps;
    while (!signal.aborted && !this.#notes.rejection && !isTerminal(this.#pod) && !this.#isGoing()) {
      try {
        const rejection = await resources.admit(this.#pod, signal);
        if (rejection) this.#reject(rejection);
        return;
      } catch (error) {
        if (signal.aborted) return;
        log.warn('cannot give a pod its resources', { pod: keyOf(this.#pod), error });
        await clock.sleep(RETRY_MS, signal).catch(() => undefined);
      }
    }
  }

  #isGoing(): boolean {
    return this.#pod.metadata.deletionTimestamp !== undefined;
  }

  #reject(rejection: Rejection): void {
    this.#notes.rejection = rejection;
    this.#events.about('Warning', rejection.reason, rejection.message);
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    return firstOf(
      signal,
      (s) => this.#deps.clock.sleep(ms, s),
      (s) => this.#moved.wait(s),
    );
  }

  /** What is awaited by the wall clock is moved with it when somebody sets it. */
  #followClock(): void {
    const { clock } = this.#deps;
    const movedMs = clock.now() - clock.monotonic() - this.#wallOffsetMs;
    if (Math.abs(movedMs) < SET_MS_MIN) return;
    this.#wallOffsetMs += movedMs;
    this.#notes.shift(movedMs);
    for (const [key, until] of this.#pauses) this.#pauses.set(key, until + movedMs);
  }

  /** Resolves to the milliseconds until it is worth looking again. */
  async #look(group: TaskGroup): Promise<number> {
    const { clock, nodeIP, otherNodeIPs = [], resources, runtime, rules } = this.#deps;
    const endedBefore = this.#steps.ended;
    const observed = await this.#observe(group.signal);
    // A step ended meanwhile: what was seen may be of before it, and what it did would be done again.
    if (this.#steps.ended !== endedBefore) return 0;
    this.#followClock();
    const now = clock.now();
    const pod = withStatus(this.#pod, this.#reporter.wanted);
    const containers = containersOf(pod, observed);
    const remember = (): Memory =>
      this.#notes.memory(
        {
          node: {
            hostIP: nodeIP,
            otherHostIPs: otherNodeIPs,
            runtimeName: runtime.features().runtimeName,
            hasRecursiveReadOnlyMounts: runtime.features().hasRecursiveReadOnlyMounts,
            ...(rules ? { restartSecondsMax: rules.restartSecondsMax } : {}),
          },
          devices: resources.healthOf(pod),
        },
        this.#steps.keys,
      );
    const hasOutgrown = containers.some((c) => isOutgrown(c, remember()));
    this.#notes.resizeRefusal = hasOutgrown ? this.#deps.refuseResize(pod) : undefined;
    const memory = remember();
    if (!this.#isGoing()) this.#resizes.follow(pod, hasOutgrown, memory.resizeRefusal);
    const { actions, status, lookAgainAt } = decide(pod, observed, memory, now);
    const isOver = status.phase === 'Succeeded' || status.phase === 'Failed';
    if (isOver && resources.has(pod.metadata.uid)) {
      await resources.unprepareClaims(pod.metadata.uid, group.signal);
      await resources.release(pod.metadata.uid);
    }
    if (isOver || this.#isGoing()) this.#live.leave(pod);
    else this.#live.follow(pod);
    this.#reporter.say(
      status,
      actions.some(({ type }) => type === 'start-container'),
    );
    this.#events.announce(status);
    this.#probing.follow(pod, containers, memory, observed.sandboxes[0]?.ip || nodeIP, group);
    await this.#steps.giveUp(actions);
    if (this.#steps.ended !== endedBefore) return 0;
    for (const [key, until] of this.#pauses) if (until <= now) this.#pauses.delete(key);
    this.#steps.begin(
      actions.filter((action) => !this.#pauses.has(actionKey(action))),
      group,
    );
    const due = Math.min(lookAgainAt ?? Number.POSITIVE_INFINITY, this.#refresh(now, group), ...this.#pauses.values());
    return Math.max(LOOK_MS_MIN, Math.min(this.#syncMs, due - now));
  }

  async #observe(signal: AbortSignal): Promise<Observed> {
    const observed = await this.#watched('observe', this.#view.look(this.#pod, signal));
    this.#notes.saw(observed);
    return observed;
  }

  async #carryOut(action: Action, signal: AbortSignal): Promise<void> {
    const key = actionKey(action);
    let moved: Moved = 'anything';
    try {
      const pod = withStatus(this.#pod, this.#reporter.wanted);
      moved = await this.#watched(key, carryOut(action, pod, this.#view.observed, this.#stepDeps, signal));
      this.#isFinished ||= action.type === 'finish';
    } catch (error) {
      if (signal.aborted) return;
      this.#deps.log.warn('pod step failed', { pod: keyOf(this.#pod), step: key, error });
      const pauseMs = takesVolumes(action) ? this.#volumes.tearDownPauseMs : undefined;
      this.#pauses.set(key, this.#deps.clock.now() + (pauseMs ?? RETRY_MS));
    } finally {
      this.#view.moved(moved);
      this.#stir();
    }
  }

  /** What takes long may be as it should, as a large image is, or hang: whoever wonders finds it in the log. */
  #watched<T>(step: string, work: Promise<T>): Promise<T> {
    const { clock, log } = this.#deps;
    return tellingIfSlow(work, SLOW_MS, clock, (seconds) =>
      log.info('pod step takes long', { pod: keyOf(this.#pod), step, seconds }),
    );
  }

  #refresh(now: number, group: TaskGroup): number {
    return this.#notes.volumes !== 'ready' || this.#isGoing()
      ? Number.POSITIVE_INFINITY
      : this.#live.keep(this.#pod, now, group);
  }
}

/** A driver that refuses is not asked every second: as upstream, after ever longer. */
const takesVolumes = ({ type }: Action): boolean => type === 'tear-down-volumes' || type === 'finish';
