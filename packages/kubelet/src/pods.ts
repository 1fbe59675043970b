import { isTerminal, type Node, node, type Pod, pod, runtimeClass, service } from '@navarch/api';
import { noMetrics, type TaskGroup } from '@navarch/base';
import type { Cache, EventRecorder } from '@navarch/client';
import { keyOf, quantityValue } from '@navarch/machinery';
import { rejectionOf, resizeRefusal } from './admission.ts';
import type { AccountTokens } from './volumes/account-tokens.ts';
import type { CsiVolumes } from './csi/csi-volumes.ts';
import { roomOf } from './csi/volume-room.ts';
import type { ObservedVolume } from './server/stats/observed.ts';
import { environmentSources, pullSecrets, volumeHost } from './cluster-objects.ts';
import { pressureRejection } from './eviction/critical.ts';
import type { Evictable } from './eviction/evictor.ts';
import type { Pressure } from './eviction/signals.ts';
import type { NodeResources } from './node-resources/node-resources.ts';
import { Images } from './images/images.ts';
import { NamedObjects } from './named-objects/named-objects.ts';
import type { KubeletDeps } from './kubelet-deps.ts';
import { allocatableOf, withEviction } from './node-capacity.ts';
import { PodObserver } from './observe.ts';
import { ORDINARY_RULES } from './pod-rules.ts';
import { PodCgroups } from './pod-cgroups.ts';
import { UserIds } from './user-ids/user-ids.ts';
import type { Rejection } from './pod-machine/memory.ts';
import type { PodWorkerDeps } from './pod-worker/deps.ts';
import { apiRecord, type PodRecord } from './pod-worker/pod-record.ts';
import { PodWorker } from './pod-worker/pod-worker.ts';
import type { Listed } from './pod-worker/pod-view.ts';
import { countProbes } from './probes/count-probes.ts';
import { isMirror } from './static-pods/static-pods.ts';

export interface PodsDeps {
  readonly cache: Cache;
  readonly recorder: EventRecorder;
  readonly tokens: AccountTokens;
  readonly csi?: CsiVolumes;
  readonly resources: NodeResources;
  /** What the node is under. */
  pressures(): ReadonlySet<Pressure>;
  /** It is known that the runtime holds nothing of the pod. */
  isUnseen(uid: string): boolean;
  /** Why it takes no pod at all. */
  closed(): Rejection | undefined;
}

/** The pods of the node, one worker each: begun by the API, ended when nothing of the pod is left. */
export class Pods {
  readonly #deps: KubeletDeps & PodsDeps;
  readonly #cache: Cache;
  readonly #group: TaskGroup;
  readonly #workers = new Map<string, PodWorker>();
  /** Uids of pods of which nothing is left here, though the API still holds them: a finalizer may. */
  readonly #done = new Set<string>();
  readonly #cgroups: PodCgroups;
  readonly #resources: NodeResources;
  readonly #pressures: () => ReadonlySet<Pressure>;
  readonly #closed: () => Rejection | undefined;
  readonly #shared: Omit<PodWorkerDeps, 'observer' | 'record'>;

  constructor(deps: KubeletDeps & PodsDeps, group: TaskGroup) {
    const { cache, recorder, pressures, closed } = deps;
    this.#deps = deps;
    this.#pressures = pressures;
    this.#closed = closed;
    this.#cache = cache;
    this.#group = group;
    this.#resources = deps.resources;
    const { aside } = deps.resources.settings;
    const allocatable = allocatableOf(deps.host, withEviction(aside, deps.host, deps.eviction));
    const rules = { ...(deps.rules ?? ORDINARY_RULES), memoryAllocatable: quantityValue(allocatable['memory']) };
    this.#cgroups = new PodCgroups({
      cgroups: deps.cgroups,
      host: deps.host,
      root: deps.dirs.cgroupRoot,
      hasOwnCpus: (uid) => deps.resources.cpus?.has(uid) ?? false,
      rules,
      ...(deps.enforcesAllocatable === false ? {} : { aside }),
    });
    this.#shared = {
      ...deps,
      rules,
      cgroups: this.#cgroups,
      recorder,
      objects: new NamedObjects(deps, group),
      volumes: volumeHost({ ...deps, allocatable, signal: group.signal }),
      images: new Images(deps),
      sources: (p) =>
        environmentSources(p, { ...deps, allocatable, services: (namespace) => cache.list(service, namespace) }),
      userIds: new UserIds({ ...deps, idsPerPod: rules.userIdsPerPod }),
      handlerOf: async (name) => (await deps.api.of(runtimeClass).get(name)).handler,
      refuseResize: (p) => this.#refuseResize(p),
      pullSecrets: (p) => pullSecrets(deps.api, p),
      probeCounts: countProbes(deps.probeMetrics ?? noMetrics),
    };
  }

  start(): void {
    // In the order in which they came: who was here first keeps its place on a node that has become smaller.
    for (const p of this.#cache.list(pod).toSorted(byAge)) this.#tend(p);
    this.#cache.onChange(pod, (current, previous) => {
      if (current) this.#tend(current);
      // Deleted by force, or while this kubelet was away: end what runs all the same.
      else if (previous) this.#vanished(previous.metadata.uid);
    });
  }

  /** Whether someone looks after what the machine holds of the pod. */
  has(uid: string): boolean {
    return this.#workers.has(uid);
  }

  /** Those that the node could do without: what is going already is not counted on. */
  evictable(): readonly Evictable[] {
    return this.active().filter((w) => w.pod.metadata.deletionTimestamp === undefined);
  }

  /** Those that run, or are still to end. */
  active(): readonly PodWorker[] {
    return [...this.#workers.values()].filter((w) => w.isActive);
  }

  /** Removes what is kept of pods that are over, as far as that can be done in a while. */
  async giveUpRemains(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const until = clock.monotonic() + REMAINS_MS;
    const hasRemains = (): boolean => [...this.#workers.values()].filter((worker) => worker.giveUpRemains()).length > 0;
    while (hasRemains() && clock.monotonic() < until) await clock.sleep(REMAINS_LOOK_MS, signal);
  }

  /** The devices of some pods may be others now, or not as well as they were. */
  pokeHolders(): void {
    for (const [uid, worker] of this.#workers) if (this.#resources.has(uid)) worker.restate();
  }

  /** What drivers say of the room in a pod's volumes. */
  async roomOf(uid: string, at: number): Promise<readonly ObservedVolume[]> {
    const worker = this.#workers.get(uid);
    const { csi } = this.#shared.volumes;
    return worker && csi ? roomOf(worker.pod, worker.volumePlaces, at, csi) : [];
  }

  /** Something of the pod has moved in the runtime; `listed` is all that is there of it. */
  poke(uid: string, listed?: Listed): void {
    this.#workers.get(uid)?.poke(listed);
  }

  /** What classes of service share, and the groups of pods that are gone. */
  keepCgroups(): void {
    this.#cgroups.keep([...this.#workers.values()].map((w) => w.pod));
  }

  #vanished(uid: string): void {
    this.#done.delete(uid);
    this.#workers.get(uid)?.vanish();
  }

  #tend(p: Pod): void {
    const { uid } = p.metadata;
    if (isMirror(p) || this.#done.has(uid)) return;
    const known = this.#workers.get(uid);
    if (known) known.update(p);
    else this.begin(p, apiRecord(this.#deps.api));
  }

  /** Looks after a pod of which nobody does yet. `done` resolves when nothing of it is left. */
  begin(p: Pod, record: PodRecord): { readonly worker: PodWorker; readonly done: Promise<void> } {
    const { uid } = p.metadata;
    const observer = new PodObserver(this.#deps);
    const worker = new PodWorker(p, { ...this.#shared, record, observer }, this.#judge(p));
    this.#workers.set(uid, worker);
    const { promise: done, resolve } = Promise.withResolvers<void>();
    this.#group.spawn(async (signal) => {
      await worker.run(signal);
      if (signal.aborted) return;
      this.#workers.delete(uid);
      this.#shared.probeCounts.forget(uid);
      for (const other of this.#workers.values()) if (other.waitsForRoom) other.poke();
      if (this.#cache.get(pod, keyOf(p))?.metadata.uid === uid) this.#done.add(uid);
      resolve();
    });
    return { worker, done };
  }

  /** A pod is judged once, when it is new: one that has been taken has a start time. */
  #judge(p: Pod): Rejection | undefined {
    const here = this.#cache.get(node, this.#deps.nodeName);
    if (!here || isTerminal(p) || p.status.startTime !== undefined || p.metadata.deletionTimestamp !== undefined)
      return undefined;
    const closed = this.#closed() ?? pressureRejection(p, this.#pressures());
    return (
      closed ??
      rejectionOf(p, withoutDevices(here, this.#resources), this.#others(p), this.#deps.host, this.#deps.rules)
    );
  }

  #refuseResize(p: Pod): Rejection | undefined {
    const here = this.#cache.get(node, this.#deps.nodeName);
    return here && resizeRefusal(p, here, this.#others(p));
  }

  #others(p: Pod): readonly Pod[] {
    return [...this.#workers.values()]
      .filter((w) => w.isActive && !w.isForgotten && w.pod.metadata.uid !== p.metadata.uid)
      .map((w) => w.pod);
  }
}

/** What plugins offer is theirs to give or to refuse: the node's status may be behind them. */
const withoutDevices = (here: Node, resources: NodeResources): Node => ({
  ...here,
  status: {
    ...here.status,
    allocatable: Object.fromEntries(
      Object.entries(here.status.allocatable ?? {}).filter(([name]) => !resources.isOfPlugin(name)),
    ),
  },
});

const REMAINS_MS = 10_000;
const REMAINS_LOOK_MS = 200;

const byAge = (a: Pod, b: Pod): number =>
  Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp);
