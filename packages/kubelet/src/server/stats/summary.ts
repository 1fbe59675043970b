import { formatTime } from '@navarch/machinery';
import type {
  Disk,
  DiskCounts,
  Network,
  ObservedContainer,
  ObservedNode,
  ObservedPod,
  ObservedVolume,
  Usage,
} from './observed.ts';

// The shapes are those of k8s.io/kubelet's stats/v1alpha1, the only description of /stats/summary there is.

interface Timed {
  readonly time: string;
}
interface CpuStats extends Timed {
  readonly usageNanoCores?: number;
  readonly usageCoreNanoSeconds?: number;
}
interface MemoryStats extends Timed {
  readonly availableBytes?: number;
  readonly usageBytes?: number;
  readonly workingSetBytes?: number;
  readonly rssBytes?: number;
  readonly pageFaults?: number;
  readonly majorPageFaults?: number;
}
interface InterfaceStats {
  readonly name: string;
  readonly rxBytes?: number;
  readonly rxErrors?: number;
  readonly txBytes?: number;
  readonly txErrors?: number;
}
interface NetworkStats extends Timed, InterfaceStats {
  readonly interfaces: readonly InterfaceStats[];
}
interface FsStats extends Timed, DiskCounts {}
interface Used {
  readonly cpu?: CpuStats;
  readonly memory?: MemoryStats;
  readonly swap?: Timed & { readonly swapUsageBytes: number };
}
interface ContainerStats extends Used {
  readonly name: string;
  readonly startTime: string;
  readonly rootfs?: FsStats;
  readonly logs?: FsStats;
}
interface VolumeStats extends FsStats {
  readonly name: string;
  readonly pvcRef?: { readonly name: string; readonly namespace: string };
}
interface PodStats extends Used {
  readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly startTime: string;
  readonly containers: readonly ContainerStats[];
  readonly network?: NetworkStats;
  readonly volume?: readonly VolumeStats[];
  readonly 'ephemeral-storage'?: FsStats;
  readonly process_stats?: { readonly process_count: number };
}
interface NodeStats extends Used {
  readonly nodeName: string;
  readonly systemContainers: readonly ContainerStats[];
  readonly startTime: string;
  readonly network?: NetworkStats;
  readonly fs?: FsStats;
  readonly runtime?: { readonly imageFs: FsStats; readonly containerFs: FsStats };
  readonly rlimit?: Timed & { readonly maxpid: number; readonly curproc: number };
}
export interface Summary {
  readonly node: NodeStats;
  readonly pods: readonly PodStats[];
}

/** What GET /stats/summary answers. With `cpuAndMemoryOnly`, as ?only_cpu_and_memory=true asks for. */
export function summary(node: ObservedNode, cpuAndMemoryOnly: boolean): Summary {
  const { name, startedAt, usage, network, disk, images, processes } = node;
  const used = usedOf(usage, node.memoryBytes);
  const head = {
    nodeName: name,
    systemContainers: node.system.map((group) => containerStats(group, cpuAndMemoryOnly)),
    startTime: formatTime(startedAt),
    ...used,
  };
  if (cpuAndMemoryOnly) return { node: head, pods: node.pods.map((pod) => briefPod(pod)) };
  return {
    node: {
      ...head,
      ...part('network', network && networkStats(network)),
      ...part('fs', disk && fsStats(disk)),
      ...part('runtime', images && { imageFs: fsStats(images), containerFs: fsStats(images) }),
      ...part('rlimit', processes && { time: formatTime(processes.at), maxpid: processes.max, curproc: processes.now }),
    },
    pods: node.pods.map((pod) => podStats(pod)),
  };
}

function briefPod({ name, namespace, uid, startedAt, containers, usage }: ObservedPod): PodStats {
  return {
    podRef: { name, namespace, uid },
    startTime: formatTime(startedAt),
    containers: containers.map((c) => containerStats(c, true)),
    ...usedOf(usage, undefined),
  };
}

function podStats(pod: ObservedPod): PodStats {
  const { containers, usage, network, volumes } = pod;
  return {
    ...briefPod(pod),
    containers: containers.map((c) => containerStats(c, false)),
    ...part('network', network && networkStats(network)),
    ...part('volume', volumes.length > 0 ? volumes.map(volumeStats) : undefined),
    ...part('ephemeral-storage', ephemeral(pod)),
    ...part('process_stats', usage?.processes === undefined ? undefined : { process_count: usage.processes }),
  };
}

function containerStats({ name, startedAt, usage, rootfs, logs }: ObservedContainer, isBrief: boolean): ContainerStats {
  const head = { name, startTime: formatTime(startedAt), ...usedOf(usage, undefined) };
  return isBrief
    ? head
    : { ...head, ...part('rootfs', rootfs && fsStats(rootfs)), ...part('logs', logs && fsStats(logs)) };
}

function volumeStats({ name, claim, ...disk }: ObservedVolume): VolumeStats {
  return { ...fsStats(disk), name, ...part('pvcRef', claim) };
}

/** What a pod's containers wrote outside of claims: their layers, their logs, their volumes on the node's disk. */
function ephemeral({ containers, volumes }: ObservedPod): FsStats | undefined {
  const own: readonly Disk[] = [
    ...containers.flatMap(({ rootfs, logs }) => [rootfs, logs]),
    ...volumes.filter(({ claim }) => !claim),
  ].filter((disk) => disk !== undefined);
  const [first] = own;
  if (!first) return undefined;
  const sum = (pick: (disk: Disk) => number | undefined): number =>
    own.reduce((total, disk) => total + (pick(disk) ?? 0), 0);
  return fsStats({ ...first, usedBytes: sum((disk) => disk.usedBytes), inodesUsed: sum((disk) => disk.inodesUsed) });
}

function usedOf(usage: Usage | undefined, memoryBytes: number | undefined): Used {
  if (!usage) return {};
  const { at, cpuNanoCores, cpuNanoseconds, workingSetBytes } = usage;
  const limit = usage.memoryLimitBytes ?? memoryBytes;
  const available =
    limit === undefined || workingSetBytes === undefined ? undefined : Math.max(0, limit - workingSetBytes);
  return {
    cpu: {
      time: formatTime(at),
      ...part('usageNanoCores', cpuNanoCores),
      ...part('usageCoreNanoSeconds', cpuNanoseconds),
    },
    memory: {
      time: formatTime(at),
      ...part('availableBytes', available),
      ...part('usageBytes', usage.memoryBytes),
      ...part('workingSetBytes', workingSetBytes),
      ...part('rssBytes', usage.rssBytes),
      ...part('pageFaults', usage.pageFaults),
      ...part('majorPageFaults', usage.majorPageFaults),
    },
    swap: { time: formatTime(at), swapUsageBytes: 0 },
  };
}

/** The first interface is the one that counts for the whole. */
function networkStats({ at, interfaces }: Network): NetworkStats {
  const shown = interfaces.map(({ name, rxBytes, rxErrors, txBytes, txErrors }) => ({
    name,
    rxBytes,
    rxErrors,
    txBytes,
    txErrors,
  }));
  return { time: formatTime(at), ...(shown[0] ?? { name: '' }), interfaces: shown };
}

function fsStats({ at, ...disk }: Disk): FsStats {
  const { availableBytes, capacityBytes, usedBytes, inodesFree, inodes, inodesUsed } = disk;
  return {
    time: formatTime(at),
    ...part('availableBytes', availableBytes),
    ...part('capacityBytes', capacityBytes),
    ...part('usedBytes', usedBytes),
    ...part('inodesFree', inodesFree),
    ...part('inodes', inodes),
    ...part('inodesUsed', inodesUsed),
  };
}

function part<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}
