import { event, type Pod, pod, service } from '@navarch/api';
import { type Clock, type Logger, type Random, TaskGroup } from '@navarch/base';
import { type Api, Cache, EventRecorder } from '@navarch/client';
import { environmentSources, pullSecrets, volumeHost } from './cluster-objects.ts';
import { CONTAINER_NAME, type DnsSettings, logFile, type NodeDirs, podDir, POD_UID } from './container-config.ts';
import type { Container, ContainerRuntime, ContainerStatus } from './cri/index.ts';
import { Images } from './images/images.ts';
import { keepNodeStatus } from './node-status.ts';
import { listAll, observePod, type StatusMemo } from './observe.ts';
import { PodWorker, type PodWorkerDeps } from './pod-worker.ts';
import type { Files, HostFacts, Prober } from './ports.ts';
import type { VolumeHost } from './volumes/volume-plugin.ts';

export interface KubeletDeps {
  readonly api: Api;
  readonly runtime: ContainerRuntime;
  readonly files: Files;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly host: HostFacts;
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly kubeletPort: number;
  readonly version: string;
  readonly podsMax: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly dirs: NodeDirs;
  readonly dns: DnsSettings;
}

/** How often everything in the runtime is looked at, for what no one told about. */
const RELIST_MS = 1000;
const MESSAGE_BYTES_MAX = 4096;

/** Looks after the pods of one node until the signal aborts. What runs goes on running. */
export async function runKubelet(deps: KubeletDeps, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  const { api, clock, random, log, nodeName } = deps;
  const scopes = new Map([[pod, { fieldSelector: `spec.nodeName=${nodeName}` }]]);
  const cache = new Cache({ api, clock, random, log, scopes });
  for (const kind of [pod, service]) cache.follow(kind);
  group.spawn((s) => cache.run(s));
  const recorder = new EventRecorder({ events: api.of(event), clock, random, log }, 'kubelet', nodeName);
  group.spawn((s) => recorder.run(s));
  group.spawn((s) => keepNodeStatus(deps, s));
  await cache.whenSynced([pod, service], group.signal);
  const pods = new Pods(deps, cache, recorder, group);
  pods.start();
  await relist(deps, pods, group.signal);
  await group.join();
}

/** One worker a pod: begun by the API or by what the runtime still holds, ended when nothing is left. */
class Pods {
  readonly #deps: KubeletDeps;
  readonly #cache: Cache;
  readonly #group: TaskGroup;
  readonly #workers = new Map<string, PodWorker>();
  readonly #shared: Omit<PodWorkerDeps, 'volumes'> & { readonly volumes: VolumeHost };

  constructor(deps: KubeletDeps, cache: Cache, recorder: EventRecorder, group: TaskGroup) {
    this.#deps = deps;
    this.#cache = cache;
    this.#group = group;
    const memo: StatusMemo = new Map();
    this.#shared = {
      ...deps, recorder, volumes: volumeHost(deps), images: new Images(deps),
      sources: (p) => environmentSources(p, { ...deps, services: (namespace) => cache.list(service, namespace) }),
      pullSecrets: (p) => pullSecrets(deps.api, p),
      observe: (uid, s) => observePod(deps.runtime, uid, memo, (container, status) => this.#message(container, status), s),
    };
  }

  start(): void {
    this.#cache.onChange(pod, (current, previous) => {
      if (current) this.#tend(current);
      else if (previous) this.#vanished(previous);
    });
    for (const p of this.#cache.list(pod)) this.#tend(p);
  }

  has(uid: string): boolean {
    return this.#workers.has(uid);
  }

  poke(uid: string): void {
    this.#workers.get(uid)?.poke();
  }

  #tend(p: Pod): void {
    const known = this.#workers.get(p.metadata.uid);
    if (known) return known.update(p);
    const worker = new PodWorker(p, this.#shared);
    this.#workers.set(p.metadata.uid, worker);
    this.#group.spawn(async (signal) => {
      await worker.run(signal);
      this.#workers.delete(p.metadata.uid);
    });
  }

  /** Deleted by force, or while this kubelet was away: end what runs all the same. */
  #vanished(p: Pod): void {
    const worker = this.#workers.get(p.metadata.uid);
    const gone: Pod = { ...p, metadata: { ...p.metadata, deletionTimestamp: p.metadata.deletionTimestamp ?? new Date(this.#deps.clock.now()).toISOString() } };
    worker?.update(gone);
  }

  async #message(container: Container, status: ContainerStatus): Promise<string> {
    const uid = container.labels[POD_UID] ?? '';
    const name = container.labels[CONTAINER_NAME] ?? '';
    const { files, dirs } = this.#deps;
    const text = await files.readText(`${podDir(dirs, uid)}/containers/${name}/${container.metadata?.attempt ?? 0}`, MESSAGE_BYTES_MAX);
    const policy = container.annotations['io.kubernetes.container.terminationMessagePolicy'];
    if (text || policy !== 'FallbackToLogsOnError' || status.exitCode === 0) return text ?? '';
    const p = this.#workers.get(uid)?.pod;
    const log = p && (await files.readText(logFile(dirs, p, name, container.metadata?.attempt ?? 0), 2048 * 2));
    return (log ?? '').split('\n').slice(-81).map((line) => line.replace(/^\S+ (?:stdout|stderr) [FP] /, '')).join('\n').slice(-2048).trim();
  }
}

async function relist({ runtime, clock, log, files, dirs }: KubeletDeps, pods: Pods, signal: AbortSignal): Promise<void> {
  let before: ReadonlyMap<string, string> = new Map();
  while (!signal.aborted) {
    try {
      const { uids } = await listAll(runtime, signal);
      for (const [uid, text] of uids) {
        if (pods.has(uid)) {
          if (before.get(uid) !== text) pods.poke(uid);
        } else await removeOrphan(uid, { runtime, files, dirs }, signal);
      }
      for (const uid of before.keys()) if (!uids.has(uid)) pods.poke(uid);
      before = uids;
    } catch (error) {
      if (!signal.aborted) log.warn('cannot list containers', { error });
    }
    await clock.sleep(RELIST_MS, signal).catch(() => undefined);
  }
}

/** The API no longer knows the pod, so nobody will ask for its end again. */
async function removeOrphan(uid: string, { runtime, files, dirs }: Pick<KubeletDeps, 'runtime' | 'files' | 'dirs'>, signal: AbortSignal): Promise<void> {
  const { items } = await runtime.listPodSandbox({ filter: { labelSelector: { [POD_UID]: uid } } }, signal);
  for (const { id } of items) {
    await runtime.stopPodSandbox({ podSandboxId: id }, signal);
    await runtime.removePodSandbox({ podSandboxId: id }, signal);
  }
  const volumes = `${podDir(dirs, uid)}/volumes`;
  for (const name of await files.list(volumes)) if (await files.isMountPoint(`${volumes}/${name}`)) await files.unmount(`${volumes}/${name}`);
  await files.removeTree(podDir(dirs, uid));
}
