import { isTerminal, node as nodeKind, type Pod, pod as podKind } from '@navarch/api';
import { type Clock, type Logger, Notifier } from '@navarch/base';
import type { Api, Cache } from '@navarch/client';
import { type Draft, failure, hasReason, keyOf } from '@navarch/machinery';
import { isGone, patchStatus, type PodRecord } from '../pod-worker/pod-record.ts';
import type { PodWorker } from '../pod-worker/pod-worker.ts';
import { CONFIG_HASH, CONFIG_MIRROR } from './manifest.ts';

export interface StaticPodsDeps {
  readonly api: Api;
  readonly cache: Cache;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  /** Every pod that files of the node describe, by `namespace/name`. */
  look(): Promise<ReadonlyMap<string, Pod>>;
  /** Begins to look after a pod. `done` resolves when nothing of it is left. */
  begin(pod: Pod, record: PodRecord): { readonly worker: PodWorker; readonly done: Promise<void> };
}

/** Shown by a kubelet for a pod of its own disk: nothing is run for it. */
export const isMirror = ({ metadata }: Pick<Pod, 'metadata'>): boolean =>
  metadata.annotations?.[CONFIG_MIRROR] !== undefined;

/** By what the runtime knows a pod: of one that a mirror shows, what its file says is its identity. */
export const runtimeUid = ({ metadata }: Pick<Pod, 'metadata'>): string =>
  metadata.annotations?.[CONFIG_MIRROR] ?? metadata.uid;

interface Running {
  readonly pod: Pod;
  readonly worker: PodWorker;
  /** The uid of the mirror that was told how the pod is. */
  mirrorUid: string | undefined;
  isEnding: boolean;
}

/** Files are looked at this often: a folder and a few files, which no one tells about. */
const LOOK_MS = 1000;
const RETRY_MS = 10_000;

/**
 * Pods that files of the node describe, and their mirrors in the API. They run whether or not the API can be reached,
 * and end when their file is gone or says something else. A mirror that someone deletes is made again.
 */
export class StaticPods {
  readonly #deps: StaticPodsDeps;
  /** By `namespace/name`. */
  readonly #running = new Map<string, Running>();
  readonly #moved = new Notifier();
  #wanted: ReadonlyMap<string, Pod> = new Map();
  #said = '';

  constructor(deps: StaticPodsDeps) {
    this.#deps = deps;
  }

  /** Begins what the files describe. To be called before what they do not is taken for left over. */
  async start(): Promise<void> {
    await this.#look();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.#look().catch((error: unknown) => log.warn('cannot read static pods', { error }));
    }
  }

  /** Keeps the mirrors. The cache of pods and nodes must have been filled. */
  async mirror(signal: AbortSignal): Promise<void> {
    const stop = this.#deps.cache.onChange(podKind, (current, previous) => {
      if (isMirror(current ?? (previous as Pod))) this.#moved.notify();
    });
    signal.addEventListener('abort', stop, { once: true });
    while (!signal.aborted) {
      const moved = this.#moved.wait(signal).catch(() => undefined);
      const isDone = await this.#reconcile(signal);
      await (isDone ? moved : this.#deps.clock.sleep(RETRY_MS, signal).catch(() => undefined));
    }
  }

  async #look(): Promise<void> {
    this.#wanted = await this.#deps.look();
    this.#follow();
  }

  /** A pod whose file changed ends before the next one of its name begins. */
  #follow(): void {
    for (const [name, running] of this.#running) {
      if (this.#wanted.get(name)?.metadata.uid === running.pod.metadata.uid || running.isEnding) continue;
      running.isEnding = true;
      running.worker.end();
      this.#moved.notify();
    }
    for (const [name, pod] of this.#wanted) if (!this.#running.has(name)) this.#begin(name, pod);
  }

  #begin(name: string, pod: Pod): void {
    const mirror = this.#mirrorOf(pod);
    const { worker, done } = this.#deps.begin(composed(pod, mirror), this.#record());
    this.#running.set(name, { pod, worker, mirrorUid: mirror?.metadata.uid, isEnding: false });
    this.#moved.notify();
    void done.then(() => {
      this.#running.delete(name);
      this.#follow();
      this.#moved.notify();
    });
  }

  /** What the API shows of a pod; undefined when it shows none, or another. */
  #mirrorOf(pod: Pod): Pod | undefined {
    const found = this.#deps.cache.get(podKind, keyOf(pod));
    const isOf = found?.metadata.annotations?.[CONFIG_MIRROR] === pod.metadata.annotations?.[CONFIG_HASH];
    return isOf && found?.metadata.deletionTimestamp === undefined ? found : undefined;
  }

  /** Without a mirror there is no one to tell; the next one is told everything. Nothing of a static pod waits for the API. */
  #record(): PodRecord {
    const { api } = this.#deps;
    return {
      isCounted: false,
      tell: async (pod, status) => {
        const mirror = this.#mirrorOf(pod);
        if (!mirror) throw failure('NotFound', `pods ${JSON.stringify(pod.metadata.name)} has no mirror`);
        return patchStatus(api, pod, mirror.metadata.uid, status);
      },
      isGone: (pod, refusal) => isGone(api, pod, this.#mirrorOf(pod)?.metadata.uid ?? '', refusal),
      remove: async () => undefined, // Its mirror goes when it no longer runs.
    };
  }

  /** One look at all mirrors. False when something could not be done. */
  async #reconcile(signal: AbortSignal): Promise<boolean> {
    try {
      for (const found of this.#deps.cache.list(podKind)) if (isMirror(found)) await this.#judge(found);
      for (const running of this.#running.values()) {
        const mirror = this.#mirrorOf(running.pod);
        if (mirror) this.#show(running, mirror);
        else if (!running.isEnding) await this.#create(running.pod);
      }
      this.#said = '';
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const text = String(error);
      if (text !== this.#said) this.#deps.log.warn('mirrors of static pods are not as they should be', { error });
      this.#said = text;
      return false;
    }
  }

  #show(running: Running, mirror: Pod): void {
    running.worker.update(composed(running.pod, mirror));
    if (running.mirrorUid !== mirror.metadata.uid) running.worker.retell();
    running.mirrorUid = mirror.metadata.uid;
  }

  /** Of a pod that does not run any more, or that says something else by now, nothing is shown. */
  async #judge(found: Pod): Promise<void> {
    const running = this.#running.get(keyOf(found));
    if (running && this.#mirrorOf(running.pod)?.metadata.uid === found.metadata.uid) return;
    try {
      const preconditions = { uid: found.metadata.uid };
      await this.#deps.api.of(podKind).delete(keyOf(found), { gracePeriodSeconds: 0, preconditions });
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    }
  }

  async #create(pod: Pod): Promise<void> {
    const { api, cache, nodeName } = this.#deps;
    const here = cache.get(nodeKind, nodeName);
    // Not known yet: it will be, and then this is done again.
    if (!here) throw new Error(`node ${JSON.stringify(nodeName)} not found`);
    try {
      await api.of(podKind).create(mirrorDraft(pod, here.metadata.uid));
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
    }
  }
}

/** What is created in the API to show a static pod. */
function mirrorDraft({ metadata, spec }: Pod, nodeUid: string): Draft<Pod> {
  const { name, namespace, labels, annotations = {} } = metadata;
  const owner = { apiVersion: 'v1', kind: 'Node', name: spec.nodeName ?? '', uid: nodeUid, controller: true };
  return {
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      ...(labels ? { labels } : {}),
      annotations: { ...annotations, [CONFIG_MIRROR]: annotations[CONFIG_HASH] ?? '' },
      ownerReferences: [owner],
    },
    spec,
  } as Draft<Pod>;
}

/** The pod as its file says, and as the API was told of it. */
function composed(pod: Pod, mirror: Pod | undefined): Pod {
  const { resourceVersion = '0', generation = 1 } = mirror?.metadata ?? {};
  return {
    ...pod,
    metadata: { ...pod.metadata, resourceVersion, generation },
    // One that always runs again is over only for as long as its kubelet says so: a machine that went down comes back.
    status: mirror && !(isTerminal(mirror) && pod.spec.restartPolicy === 'Always') ? mirror.status : pod.status,
  };
}
