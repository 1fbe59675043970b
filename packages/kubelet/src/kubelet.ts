import { type ConfigMap, configMap, event, type Pod, pod, secret, type Secret, service, serviceAccount } from '@navarch/api';
import { type Clock, type Logger, type Random, TaskGroup } from '@navarch/base';
import { type Api, Cache, EventRecorder } from '@navarch/client';
import { hasReason } from '@navarch/machinery';
import { CONTAINER_NAME, type DnsSettings, logFile, type NodeDirs, podDir, POD_UID } from './container-config.ts';
import type { Container, ContainerRuntime, ContainerStatus } from './cri/index.ts';
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
      ...deps, recorder, volumes: volumeHost(deps),
      sources: async (p) => ({
        ...(await environmentObjects(deps.api, p)), services: [...cache.list(service, p.metadata.namespace), ...cache.list(service, 'default').filter((s) => s.metadata.name === 'kubernetes')],
        podIP: p.status.podIP ?? '', hostIP: deps.nodeIP, nodeName: deps.nodeName,
      }),
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

const orAbsent = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
};

/** The objects that a pod's variables are taken from, read before they are needed. */
async function environmentObjects(api: Api, p: Pod): Promise<{ configMap(name: string): ConfigMap | undefined; secret(name: string): Secret | undefined }> {
  const namespace = p.metadata.namespace ?? '';
  const containers = [...(p.spec.initContainers ?? []), ...p.spec.containers];
  const names = (pick: (c: (typeof containers)[number]) => readonly (string | undefined)[]): readonly string[] => [...new Set(containers.flatMap(pick).filter((n) => n !== undefined))];
  const mapNames = names((c) => [...(c.envFrom ?? []).map((f) => f.configMapRef?.name), ...(c.env ?? []).map((e) => e.valueFrom?.configMapKeyRef?.name)]);
  const secretNames = names((c) => [...(c.envFrom ?? []).map((f) => f.secretRef?.name), ...(c.env ?? []).map((e) => e.valueFrom?.secretKeyRef?.name)]);
  const maps = new Map<string, ConfigMap | undefined>();
  const secrets = new Map<string, Secret | undefined>();
  for (const name of mapNames) maps.set(name, await orAbsent(api.of(configMap).get(`${namespace}/${name}`)));
  for (const name of secretNames) secrets.set(name, await orAbsent(api.of(secret).get(`${namespace}/${name}`)));
  return { configMap: (name) => maps.get(name), secret: (name) => secrets.get(name) };
}

async function pullSecrets(api: Api, p: Pod): Promise<readonly Secret[]> {
  const found: Secret[] = [];
  for (const { name } of p.spec.imagePullSecrets ?? []) {
    const held = name ? await orAbsent(api.of(secret).get(`${p.metadata.namespace}/${name}`)) : undefined;
    if (held) found.push(held);
  }
  return found;
}

/** Tokens are asked anew when four fifths of their life are over. */
function volumeHost({ api, files, nodeName, nodeIP, clock }: KubeletDeps): VolumeHost {
  const tokens = new Map<string, { readonly token: string; readonly renewAt: number }>();
  return {
    files, nodeName, hostIP: nodeIP,
    configMap: (namespace, name) => orAbsent(api.of(configMap).get(`${namespace}/${name}`)),
    secret: (namespace, name) => orAbsent(api.of(secret).get(`${namespace}/${name}`)),
    async token(p, audience, expirationSeconds) {
      const key = `${p.metadata.uid}/${audience}/${expirationSeconds}`;
      const known = tokens.get(key);
      if (known && known.renewAt > clock.now()) return known.token;
      const body = {
        apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest',
        spec: { audiences: audience ? [audience] : [], expirationSeconds, boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: p.metadata.name, uid: p.metadata.uid } },
      };
      const answer = (await api.of(serviceAccount).post(`${p.metadata.namespace}/${p.spec.serviceAccountName || 'default'}`, 'token', body)) as { status: { token: string } };
      tokens.set(key, { token: answer.status.token, renewAt: clock.now() + expirationSeconds * 800 });
      return answer.status.token;
    },
  };
}
