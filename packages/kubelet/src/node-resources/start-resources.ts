import type { Pod } from '@navarch/api';
import { aborted, type Clock, type Logger, type Metrics, Notifier, TaskGroup } from '@navarch/base';
import type { Api } from '@navarch/client';
import type { NodeDirs } from '../container-config.ts';
import type { ContainerRuntime } from '../cri/index.ts';
import type { DevicePluginSockets } from '../devices/ports.ts';
import type { DraSockets } from '../dra/ports.ts';
import { type Dra, startDra } from '../dra/start-dra.ts';
import type { PluginKind } from '../plugin-registration/plugin-kind.ts';
import { type PodResourcesSocket, podResourcesView } from '../pod-resources/pod-resources.ts';
import type { Files, HostFacts } from '../ports.ts';
import { type MachineTopology, plainTopology } from '../topology/machine.ts';
import { keepCpuSets } from './keep-cpu-sets.ts';
import { NodeResources } from './node-resources.ts';
import type { ResourceSettings } from './settings.ts';

export interface ResourcesDeps {
  readonly api: Api;
  readonly runtime: ContainerRuntime;
  readonly files: Files;
  readonly dirs: NodeDirs;
  readonly host: HostFacts;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  /** Without it no device plugin is heard. */
  readonly devicePluginSockets?: DevicePluginSockets;
  /** Without it no driver of claims is spoken to. */
  readonly draSockets?: DraSockets;
  /** Without it nobody is told who has which device. */
  readonly podResourcesSocket?: PodResourcesSocket;
  /** How processors and memory hang together; one node of cores with one processor each when left out. */
  readonly topology?: MachineTopology;
  /** What single containers are given of the node, and what the node keeps. As upstream does when left out. */
  readonly resourceSettings?: ResourceSettings;
  /** Where it is counted what containers were given. */
  readonly resourceMetrics?: Metrics;
}

/** The pods of the node, as far as those who give out its resources look at them. */
export interface ResourceHolders {
  pods(): readonly Pod[];
  /** Whether anybody may still come back to what the pod has. */
  has(podUid: string): boolean;
  /** What is said of the pods' devices may be out of date. */
  restate(): void;
  /** And so may what is said of the node's. */
  changed(): void;
}

export interface StartedResources {
  readonly resources: NodeResources;
  readonly kinds: readonly PluginKind[];
  /** Serves plugins, agents and containers until the signal aborts. */
  run(holders: ResourceHolders, signal: AbortSignal): Promise<void>;
  /** Takes back, now and again, what pods have that went while nobody was here. */
  sweep(holders: ResourceHolders, signal: AbortSignal): Promise<void>;
}

const SWEEP_MS = 60_000;

/** All that is given to single containers of the node, as an earlier kubelet left it. Throws SettingError. */
export async function startResources(deps: ResourcesDeps, group: TaskGroup): Promise<StartedResources> {
  const { dirs, draSockets, clock, log } = deps;
  const moved = new Notifier();
  const dra = draSockets && (await startDra({ ...deps, draSockets, changed: () => moved.notify() }, group));
  const resources = new NodeResources({
    ...deps,
    moved,
    root: dirs.root,
    topology: deps.topology ?? plainTopology(deps.host),
    ...(deps.resourceSettings ? { settings: deps.resourceSettings } : {}),
    ...(deps.devicePluginSockets ? { sockets: deps.devicePluginSockets } : {}),
    ...(deps.resourceMetrics ? { metrics: deps.resourceMetrics } : {}),
    ...(dra ? { claims: dra.claims } : {}),
  });
  await resources.restore();
  return {
    resources,
    kinds: dra ? [dra.drivers] : [],
    async run(holders, signal) {
      await using own = new TaskGroup(signal);
      own.spawn((s) => resources.run(s));
      own.spawn((s) => keepCpuSets({ ...deps, resources }, s));
      own.spawn((s) => tell(moved, holders, s));
      own.spawn((s) => answerAgents(deps, resources, dra, holders, s));
      await own.join();
    },
    async sweep(holders, signal) {
      while (!signal.aborted) {
        await resources
          .keepOnly((uid) => holders.has(uid), signal)
          .catch((error: unknown) => {
            if (!signal.aborted) log.warn('cannot take back what pods had that are gone', { error });
          });
        await clock.sleep(SWEEP_MS, signal).catch(() => undefined);
      }
    },
  };
}

/** The node's devices are told of at once, and so is how those of its pods are. */
async function tell(moved: Notifier, holders: ResourceHolders, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await moved.wait(signal).catch(() => undefined);
    holders.changed();
    holders.restate();
  }
}

async function answerAgents(
  { podResourcesSocket, files, dirs }: ResourcesDeps,
  resources: NodeResources,
  dra: Dra | undefined,
  { pods }: ResourceHolders,
  signal: AbortSignal,
): Promise<void> {
  if (!podResourcesSocket) return;
  const dir = `${dirs.root}/pod-resources`;
  await files.makeDir(dir, 0o750);
  const view = podResourcesView({ resources, pods, ...(dra ? { claims: dra.claims } : {}) });
  await using _ = await podResourcesSocket.listen(`${dir}/kubelet.sock`, view);
  await aborted(signal);
}
