import type { Container, Pod, ResourceStatus } from '@navarch/api';
import { type Clock, type Logger, type Metrics, noMetrics, Notifier } from '@navarch/base';
import { CheckpointError, readCheckpoint, writeCheckpoint } from '../checkpoint.ts';
import { type CpuSet, cpuSetText } from '../cpu-manager/cpu-set.ts';
import { reservedCpus } from '../cpu-manager/cpu-settings.ts';
import { type CpuEntries, ExclusiveCpus } from '../cpu-manager/exclusive-cpus.ts';
import { giftsOf } from '../devices/container-devices.ts';
import type { DeviceEntry } from '../devices/device-entries.ts';
import type { DevicePool } from '../devices/device-pool.ts';
import { DevicePlugins } from '../devices/device-plugins.ts';
import { noDevices } from '../devices/plugin-devices.ts';
import { healthOf } from '../devices/resource-health.ts';
import type { DevicePluginSockets } from '../devices/ports.ts';
import { checkReservedMemory } from '../memory-manager/memory-settings.ts';
import { type MemoryEntries, NumaMemory } from '../memory-manager/numa-memory.ts';
import type { Rejection } from '../pod-machine/memory.ts';
import type { ClaimDevices } from '../dra/claim-devices.ts';
import type { Files } from '../ports.ts';
import { CpuLayout, type MachineTopology } from '../topology/machine.ts';
import { AdmissionError, rolesOf, type TopologyProvider } from '../topology/provider.ts';
import { SettingError } from '../topology/setting-error.ts';
import type { ContainerPart } from './container-part.ts';
import { placePod } from './place-pod.ts';
import { ordinaryResources, type ResourceSettings } from './settings.ts';

export interface NodeResourcesDeps {
  readonly files: Files;
  /** The kubelet's folder. */
  readonly root: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics;
  readonly topology: MachineTopology;
  readonly settings?: ResourceSettings;
  /** Tells that something moved, also to whoever made it; one of its own when left out. */
  readonly moved?: Notifier;
  /** Without it pods have no claims. */
  readonly claims?: ClaimDevices;
  /** Without it there are no devices of plugins. */
  readonly sockets?: DevicePluginSockets;
}

/** What of the node is given to single containers: processors, memory of some nodes, devices. Survives the kubelet. */
export class NodeResources {
  readonly cpus: ExclusiveCpus | undefined;
  readonly memory: NumaMemory | undefined;
  readonly devices: DevicePlugins | undefined;
  readonly settings: ResourceSettings;
  readonly topology: MachineTopology;
  /** Tells that the node has other devices to offer, or that those that all share are others. */
  readonly moved: Notifier;
  readonly #deps: NodeResourcesDeps;
  /** One pod at a time: each sees what the one before it was given. */
  #turn: Promise<unknown> = Promise.resolve();
  #keptResources: ReadonlySet<string> = new Set();

  /** Throws SettingError for what the machine cannot do. */
  constructor(deps: NodeResourcesDeps) {
    const { topology, sockets, metrics = noMetrics, root } = deps;
    this.#deps = deps;
    this.moved = deps.moved ?? new Notifier();
    this.topology = topology;
    this.settings = deps.settings ?? ordinaryResources;
    const { cpu, memory, aside, topology: wanted } = this.settings;
    if (wanted.policy !== 'none' && topology.numaNodes.length > wanted.nodesMax)
      throw new SettingError(
        `unsupported on machines with more than ${wanted.nodesMax} NUMA Nodes: the topology policy cannot look at all their combinations`,
      );
    checkReservedMemory(memory, topology, aside);
    const layout = new CpuLayout(topology);
    const reserved = reservedCpus(cpu, layout, aside['cpu'] ?? 0);
    if (cpu.policy === 'static')
      this.cpus = new ExclusiveCpus({ layout, reserved, options: cpu.options, counted: counting(metrics, 'cpu') });
    if (memory.policy === 'Static')
      this.memory = new NumaMemory({ ...topology, reserved: memory.reserved, counted: counting(metrics, 'memory') });
    const numaNodes = topology.numaNodes.map(({ id }) => id);
    if (sockets)
      this.devices = new DevicePlugins({
        ...deps,
        sockets,
        dir: `${root}/device-plugins`,
        numaNodes,
        changed: () => this.#offered(),
      });
  }

  /** Takes over what an earlier kubelet gave out. Throws SettingError where that cannot be. */
  async restore(): Promise<void> {
    const { files, root } = this.#deps;
    const { cpu, memory } = this.settings;
    await this.#takeOver('CPU', this.#paths.cpu, cpu.policy, (entries) => this.cpus?.restore(entries as CpuEntries));
    await this.#takeOver('memory', this.#paths.memory, memory.policy, (entries) =>
      this.memory?.restore(entries as MemoryEntries),
    );
    if (this.devices) {
      await files.makeDir(`${root}/device-plugins`, 0o750);
      await this.#restoreDevices(this.devices.pool);
    }
    await this.#keep();
  }

  async #restoreDevices(pool: DevicePool): Promise<void> {
    const { files } = this.#deps;
    try {
      const kept = (await readCheckpoint(files, this.#paths.devices)) as KeptDevices | undefined;
      for (const entry of kept?.entries ?? []) pool.entries.add(entry);
      // Not offered before their plugins speak for them again.
      for (const resource of kept?.resources ?? []) pool.set(resource, noDevices());
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      this.#deps.log.warn('what devices were given to whom is lost', { file: this.#paths.devices, error });
    }
  }

  /** Listens for device plugins until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.devices?.run(signal);
  }

  /** Gives the pod what it asks for; resolves to why the node cannot. What it has already it keeps. */
  admit(pod: Pod, signal: AbortSignal): Promise<Rejection | undefined> {
    return this.#inTurn(async () => {
      const providers: readonly TopologyProvider[] = [this.cpus, this.memory, this.devices?.pool].filter(
        (provider) => provider !== undefined,
      );
      try {
        const { topology, settings } = this;
        await placePod(pod, { settings: settings.topology, numaNodes: topology.numaNodes, providers }, signal);
        // Of most pods there is nothing to remember, and what is written is waited for, by those that come next too.
        if (this.#podUids().has(pod.metadata.uid)) await this.#keep();
        return undefined;
      } catch (error) {
        await this.#giveBack(pod.metadata.uid);
        if (!(error instanceof AdmissionError)) throw error;
        return { reason: error.reason, message: error.message };
      }
    });
  }

  /** Nothing of the pod runs any more. */
  release(podUid: string): Promise<void> {
    return this.#inTurn(() => this.#giveBack(podUid));
  }

  /** Whether a pod has something that it could give back. */
  has(podUid: string): boolean {
    return this.#podUids().has(podUid) || (this.#deps.claims?.has(podUid) ?? false);
  }

  /** Has drivers make ready what the pod claims, before anything of it runs. Throws Error in upstream's words. */
  async prepareClaims(pod: Pod, signal: AbortSignal): Promise<void> {
    await this.#deps.claims?.prepare(pod, signal);
  }

  /** Before anybody hears that the pod is over: its claims may be given to others then. Throws Error. */
  async unprepareClaims(podUid: string, signal: AbortSignal): Promise<void> {
    await this.#deps.claims?.unprepare(podUid, signal);
  }

  /** Takes back what pods have that are no longer here. Throws Error where a driver does not do its part. */
  async keepOnly(isHere: (podUid: string) => boolean, signal: AbortSignal): Promise<void> {
    for (const uid of this.#podUids()) if (!isHere(uid)) await this.release(uid);
    for (const uid of this.#deps.claims?.podUids() ?? []) if (!isHere(uid)) await this.unprepareClaims(uid, signal);
  }

  /** What the container has been given. Throws RpcError where a device plugin does not let it start. */
  async partOf(pod: Pod, container: Container, signal: AbortSignal): Promise<ContainerPart> {
    await this.devices?.preStart(pod, container, signal);
    const { uid } = pod.metadata;
    const own = this.cpus?.of(uid, container.name);
    const shared: CpuSet = this.cpus?.shared ?? new Set();
    const gifts = giftsOf(this.devicesOf(uid, container.name));
    const claimed = this.#deps.claims?.cdiDevices(pod, container) ?? [];
    return {
      ...gifts,
      cdiDevices: [...new Set([...gifts.cdiDevices, ...claimed])],
      cpus: cpuSetText(own ?? shared),
      memoryNodes: this.memory?.of(uid, container.name)?.nodes.join(',') ?? '',
      hasOwnCpus: own !== undefined,
    };
  }

  devicesOf(podUid: string, container: string): readonly DeviceEntry[] {
    return this.devices?.pool.entries.of(podUid, container) ?? [];
  }

  /** How the devices of the pod's containers are, by container; of those that have any. */
  healthOf(pod: Pod): ReadonlyMap<string, readonly ResourceStatus[]> {
    const pool = this.devices?.pool;
    const of = (name: string): readonly ResourceStatus[] =>
      healthOf(this.devicesOf(pod.metadata.uid, name), (resource) => pool?.get(resource));
    const all = rolesOf(pod).map(
      ([container]) =>
        [container.name, [...of(container.name), ...(this.#deps.claims?.healthOf(pod, container) ?? [])]] as const,
    );
    return new Map(all.filter(([, statuses]) => statuses.length > 0));
  }

  /** The plugins' word counts for these, not the node's. */
  isOfPlugin(resource: string): boolean {
    return this.devices?.pool.has(resource) ?? false;
  }

  get #paths(): { readonly cpu: string; readonly memory: string; readonly devices: string } {
    const { root } = this.#deps;
    return {
      cpu: `${root}/cpu_manager_state`,
      memory: `${root}/memory_manager_state`,
      devices: `${root}/device-plugins/kubelet_internal_checkpoint`,
    };
  }

  #podUids(): ReadonlySet<string> {
    return new Set([
      ...(this.cpus?.podUids() ?? []),
      ...(this.memory?.podUids() ?? []),
      ...(this.devices?.pool.entries.podUids() ?? []),
    ]);
  }

  async #giveBack(podUid: string): Promise<void> {
    const given = [this.cpus, this.memory, this.devices?.pool].map((provider) => provider?.release(podUid) ?? false);
    if (given.includes(true)) await this.#keep();
  }

  /** A resource is remembered from when a plugin first offers it: after a restart it has to be offered anew. */
  #offered(): void {
    this.moved.notify();
    const offered = this.devices?.pool.resources() ?? [];
    if (offered.every((resource) => this.#keptResources.has(resource))) return;
    this.#inTurn(() => this.#keep()).catch((error: unknown) =>
      this.#deps.log.warn('cannot remember what devices there are', { file: this.#paths.devices, error }),
    );
  }

  async #keep(): Promise<void> {
    const { files } = this.#deps;
    const { cpu, memory } = this.settings;
    if (this.cpus)
      await writeCheckpoint(files, this.#paths.cpu, {
        policyName: cpu.policy,
        defaultCpuSet: cpuSetText(this.cpus.shared),
        entries: this.cpus.entries(),
      });
    if (this.memory)
      await writeCheckpoint(files, this.#paths.memory, { policyName: memory.policy, entries: this.memory.entries() });
    if (this.devices) {
      const { pool } = this.devices;
      const kept: KeptDevices = { entries: pool.entries.all(), resources: pool.resources() };
      await writeCheckpoint(files, this.#paths.devices, kept);
      this.#keptResources = new Set(kept.resources);
    }
    this.moved.notify();
  }

  async #takeOver(what: string, path: string, policy: string, restore: (entries: unknown) => void): Promise<void> {
    const { files } = this.#deps;
    try {
      const kept = (await readCheckpoint(files, path)) as { policyName?: string; entries?: unknown } | undefined;
      if (kept && kept.policyName !== policy)
        throw new RangeError(`configured policy "${policy}" differs from state checkpoint policy "${kept.policyName}"`);
      if (kept) restore(kept.entries ?? {});
    } catch (error) {
      if (!(error instanceof CheckpointError || error instanceof RangeError)) throw error;
      throw new SettingError(
        `could not restore state from checkpoint: ${error.message}, please drain this node and delete the ${what} manager checkpoint file "${path}" before restarting Kubelet`,
        { cause: error },
      );
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

interface KeptDevices {
  readonly entries: readonly DeviceEntry[];
  readonly resources: readonly string[];
}

/** Under upstream's names. */
function counting(metrics: Metrics, what: 'cpu' | 'memory'): (outcome: 'request' | 'error') => void {
  const requests = metrics.counter(
    `kubelet_${what}_manager_pinning_requests_total`,
    `The number of ${what === 'cpu' ? 'cpu core' : 'memory page'} allocations which required pinning.`,
  );
  const errors = metrics.counter(
    `kubelet_${what}_manager_pinning_errors_total`,
    `The number of ${what === 'cpu' ? 'cpu core' : 'memory page'} allocations which required pinning failed.`,
  );
  return (outcome) => (outcome === 'request' ? requests : errors).add(1);
}
