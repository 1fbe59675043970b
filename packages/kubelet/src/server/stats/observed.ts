/** What a group of processes has used at a time (milliseconds since the epoch). Absent: this host does not count it. */
export interface Usage {
  readonly at: number;
  readonly cpuNanoseconds?: number;
  /** Over the last seconds: nanoseconds of CPU a second. */
  readonly cpuNanoCores?: number;
  readonly memoryBytes?: number;
  readonly workingSetBytes?: number;
  readonly rssBytes?: number;
  readonly pageFaults?: number;
  readonly majorPageFaults?: number;
  readonly memoryLimitBytes?: number;
  readonly processes?: number;
}

export interface Interface {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxErrors: number;
  readonly rxPackets: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txErrors: number;
  readonly txPackets: number;
  readonly txDropped: number;
}

export interface Network {
  readonly at: number;
  readonly interfaces: readonly Interface[];
}

/** What there is of a file system, and what of it somebody uses. */
export interface DiskCounts {
  readonly availableBytes?: number;
  readonly capacityBytes?: number;
  readonly usedBytes?: number;
  readonly inodesFree?: number;
  readonly inodes?: number;
  readonly inodesUsed?: number;
}

export interface Disk extends DiskCounts {
  readonly at: number;
}

export interface ObservedContainer {
  readonly name: string;
  /** The path of its cgroup. */
  readonly cgroup: string;
  readonly id: string;
  readonly image: string;
  readonly startedAt: number;
  readonly usage?: Usage;
  readonly rootfs?: Disk;
  readonly logs?: Disk;
}

export interface ObservedVolume extends Disk {
  readonly name: string;
  readonly claim?: { readonly name: string; readonly namespace: string };
}

export interface ObservedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly cgroup: string;
  readonly sandboxId: string;
  readonly startedAt: number;
  readonly usage?: Usage;
  /** Absent for pods on the node's network. */
  readonly network?: Network;
  readonly containers: readonly ObservedContainer[];
  readonly volumes: readonly ObservedVolume[];
}

/** What the node as a whole has and uses: cheap to know. */
export type NodeGauge = Pick<ObservedNode, 'memoryBytes' | 'usage' | 'disk' | 'images' | 'processes'>;

/** Everything that a node's statistics are made of. */
export interface ObservedNode {
  readonly name: string;
  readonly startedAt: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly usage?: Usage;
  readonly network?: Network;
  /** Where pods keep their files. */
  readonly disk?: Disk;
  readonly images?: Disk;
  readonly processes?: { readonly at: number; readonly max: number; readonly now: number };
  /** Groups of processes that are no pods: kubelet, runtime, all pods together. */
  readonly system: readonly ObservedContainer[];
  readonly pods: readonly ObservedPod[];
}
