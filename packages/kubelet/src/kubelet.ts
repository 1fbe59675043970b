import { event, LOCAL_VOLUME_NODE, node, persistentVolume, pod, service } from '@navarch/api';
import { Notifier, TaskGroup } from '@navarch/base';
import { Cache, EventRecorder, type Scope } from '@navarch/client';
import type { Kind } from '@navarch/machinery';
import { Evictor, type EvictorDeps } from './eviction/evictor.ts';
import type { Pressure } from './eviction/signals.ts';
import { IMAGE_THRESHOLDS, ImageCollector } from './images/collect-images.ts';
import { keepLogsSmall } from './logs/rotate-logs.ts';
import { keepNodeStatus } from './node-status.ts';
import type { Rejection } from './pod-machine/memory.ts';
import { Orphans } from './orphans.ts';
import { Pods } from './pods.ts';
import { NodeShutdown, SHUTTING_DOWN, shutdownRejection } from './shutdown/shutdown.ts';
import { ManifestFolder } from './static-pods/manifest-folder.ts';
import { type ResourceHolders, startResources } from './node-resources/start-resources.ts';
import { StaticPods } from './static-pods/static-pods.ts';
import { Survey } from './survey.ts';
import type { ContainerEventResponse } from './cri/index.ts';
import type { Listed } from './pod-worker/pod-view.ts';
import { startCsi } from './csi/start-csi.ts';
import { followPlugins } from './plugin-registration/follow-plugins.ts';
import type { PluginKind } from './plugin-registration/plugin-kind.ts';
import { AccountTokens } from './volumes/account-tokens.ts';
import { removeReleasedFolders } from './volumes/local-folders.ts';
import type { KubeletDeps } from './kubelet-deps.ts';

/** How often everything in the runtime is looked at, for what no one told about. */
const RELIST_MS = 1000;
/** How long the first list of the API's pods is waited for before pods are run that files describe. */
const API_WAIT_MS = 5_000;
/** How often folders are looked for whose pod is gone. */
const SWEEP_MS = 60_000;

/** Looks after the pods of one node until the signal aborts. What runs goes on running. */
export async function runKubelet(deps: KubeletDeps, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  const { api, clock, random, log, nodeName } = deps;
  const scopes = new Map<Kind<any>, Scope>([
    [pod, { fieldSelector: `spec.nodeName=${nodeName}` }],
    [node, { fieldSelector: `metadata.name=${nodeName}` }],
    [persistentVolume, { labelSelector: `${LOCAL_VOLUME_NODE}=${nodeName}` }],
  ]);
  const cache = new Cache({ api, clock, random, log, scopes });
  for (const kind of [pod, node, service]) cache.follow(kind);
  group.spawn((s) => cache.run(s));
  const recorder = new EventRecorder({ events: api.of(event), clock, random, log }, 'kubelet', nodeName);
  group.spawn((s) => recorder.run(s));
  const aboutNode = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeName };
  const tell = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    recorder.record(aboutNode, { type, reason, message });
  const collector = new ImageCollector({ ...deps, thresholds: deps.imageThresholds ?? IMAGE_THRESHOLDS, event: tell });
  const pressures = (): ReadonlySet<Pressure> => evictor?.pressures ?? noPressures;
  const closed = (): Rejection | undefined => (shutdown?.isComing ? shutdownRejection : undefined);
  const { resources, kinds, ...given } = await startResources(deps, group);
  const moved = new Notifier();
  const tokens = new AccountTokens(deps);
  const { csiSockets } = deps;
  const csi = csiSockets && (await startCsi({ ...deps, csiSockets, cache, recorder, tokens, moved }, group));
  const volumes = csi ? { csi: csi.volumes } : {};
  const survey = new Survey(deps.runtime);
  const isUnseen = (uid: string): boolean => survey.isUnseen(uid);
  const pods = new Pods(
    { ...deps, ...volumes, resources, cache, recorder, tokens, pressures, closed, isUnseen },
    group,
  );
  deps.driverStats?.answer((uid, at) => pods.roomOf(uid, at));
  const changed = (): void => moved.notify();
  const evictor = evictorOf(deps, pods, collector, { event: tell, changed });
  const shutdown = shutdownOf(deps, pods, changed);
  const unready = (): string | undefined => (shutdown?.isComing ? SHUTTING_DOWN : undefined);
  group.spawn((s) =>
    keepNodeStatus(
      {
        ...deps,
        resources,
        pressures,
        unready,
        moved,
        volumesInUse: () => csi?.inUse() ?? [],
        tell: (told) => recorder.record(aboutNode, told),
      },
      s,
    ),
  );
  await followPluginSockets(deps, csi ? [csi.drivers, ...kinds] : kinds, group);
  const holders = holdersOf(pods, cache, changed);
  group.spawn((s) => given.run(holders, s));
  const synced = cache.whenSynced([pod, node, service], group.signal);
  const orphans = new Orphans({ ...deps, ...volumes }, group);
  const statics = staticPods(deps, cache, pods);
  let isComplete = false;
  // Those know best who have told the API before; but what the API itself may need must not wait for it for ever.
  await Promise.race([synced, clock.sleep(API_WAIT_MS, group.signal)]);
  await statics.start();
  group.spawn((s) => statics.run(s));
  group.spawn((s) => relist(deps, survey, pods, orphans, () => isComplete, s));
  group.spawn((s) => sweep(deps, survey, pods, orphans, () => isComplete, s));
  await synced;
  group.spawn((s) => statics.mirror(s));
  group.spawn((s) => keepLogsSmall(deps, s));
  group.spawn((s) => removeReleasedFolders({ ...deps, cache }, s));
  group.spawn((s) => collector.run(s));
  if (evictor) group.spawn((s) => evictor.run(s));
  if (shutdown) group.spawn((s) => shutdown.run(s));
  // Before pods come that want what others had who are gone.
  group.spawn((s) => given.sweep(holders, s));
  pods.start();
  isComplete = true;
  if (deps.runtime.features().hasContainerEvents) group.spawn((s) => followEvents(deps, pods, s));
  await group.join();
}

/** Plugins come with pods, or beside the kubelet: where they are to say so is there before the first of them. */
async function followPluginSockets(
  { pluginSockets: sockets, files, dirs, clock, log }: KubeletDeps,
  kinds: readonly PluginKind[],
  group: TaskGroup,
): Promise<void> {
  if (!sockets) return;
  const dir = `${dirs.root}/plugins_registry`;
  for (const each of [dir, `${dirs.root}/plugins`]) await files.makeDir(each, 0o750);
  group.spawn((s) => followPlugins({ sockets, dir, kinds, clock, log }, s));
}

function holdersOf(pods: Pods, cache: Cache, changed: () => void): ResourceHolders {
  return {
    changed,
    restate: () => pods.pokeHolders(),
    has: (uid) => pods.has(uid) || cache.list(pod).some(({ metadata }) => metadata.uid === uid),
    pods: () => pods.active().map((worker) => worker.pod),
  };
}

/** Of a machine of which nobody tells when it goes down there is nothing to end. */
function shutdownOf(deps: KubeletDeps, pods: Pods, changed: () => void): NodeShutdown | undefined {
  const { shutdown } = deps;
  if (!shutdown || shutdown.groups.length === 0) return undefined;
  return new NodeShutdown({ ...deps, ...shutdown, pods: () => pods.active(), changed });
}

const noPressures: ReadonlySet<Pressure> = new Set();

function evictorOf(
  deps: KubeletDeps,
  pods: Pods,
  collector: ImageCollector,
  tell: Pick<EvictorDeps, 'event' | 'changed'>,
): Evictor | undefined {
  return (
    deps.eviction &&
    new Evictor({
      ...deps,
      ...deps.eviction,
      pods: () => pods.evictable(),
      async reclaim(signal) {
        await pods.giveUpRemains(signal);
        await collector.deleteUnused(signal);
      },
      ...tell,
    })
  );
}

function staticPods(deps: KubeletDeps, cache: Cache, pods: Pods): StaticPods {
  const folder = deps.staticPods && new ManifestFolder({ ...deps, ...deps.staticPods });
  return new StaticPods({
    ...deps,
    cache,
    look: async () => (await folder?.look()) ?? new Map(),
    begin: (p, record) => pods.begin(p, record),
  });
}

/** What the runtime tells of itself; what it does not is found by looking. */
async function followEvents({ runtime, clock, log }: KubeletDeps, pods: Pods, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const event of runtime.getContainerEvents({}, signal))
        pods.poke(event.podSandboxStatus?.metadata?.uid ?? '', listedBy(event));
    } catch (error) {
      if (!signal.aborted) log.debug('container events ended', { error });
    }
    await clock.sleep(RELIST_MS, signal).catch(() => undefined);
  }
}

/** What was there of the pod as something began or ended. What goes is looked at. */
const listedBy = (event: ContainerEventResponse): Listed | undefined =>
  event.containerEventType === 'CONTAINER_DELETED_EVENT' || !event.podSandboxStatus
    ? undefined
    : new Map([event.podSandboxStatus, ...event.containersStatuses].map(({ id, state }) => [id, state]));

function relist(
  deps: KubeletDeps,
  survey: Survey,
  pods: Pods,
  orphans: Orphans,
  /** Until the API has said which pods there are, none is left over. */
  isComplete: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const look = async (): Promise<number> => {
    for (const [uid, listed] of await survey.look(signal)) pods.poke(uid, listed);
    if (isComplete()) for (const uid of survey.uids) if (!pods.has(uid)) orphans.tend(uid);
    return RELIST_MS;
  };
  return again(deps, look, 'cannot list containers', signal);
}

/** Looks for folders without a pod. It asks drivers, and one that does not answer must keep nobody from seeing what runs. */
function sweep(
  deps: KubeletDeps,
  survey: Survey,
  pods: Pods,
  orphans: Orphans,
  isComplete: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const look = async (): Promise<number> => {
    if (!isComplete() || !survey.hasLooked) return RELIST_MS;
    pods.keepCgroups();
    await orphans.sweep((uid) => pods.has(uid) || survey.uids.has(uid));
    return SWEEP_MS;
  };
  return again(deps, look, 'cannot look for what pods have left', signal);
}

/** Looks until the signal aborts, each time after as many milliseconds as the look before says; soon after one that failed. */
async function again(
  { clock, log }: KubeletDeps,
  look: () => Promise<number>,
  failed: string,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const waitMs = await look().catch((error: unknown) => {
      if (!signal.aborted) log.warn(failed, { error });
      return RELIST_MS;
    });
    await clock.sleep(waitMs, signal).catch(() => undefined);
  }
}
