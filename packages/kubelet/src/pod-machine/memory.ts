import type { ResourceStatus } from '@navarch/api';

/** What a running kubelet knows of a pod beyond what the runtime tells; all of it may be lost with the process. */
export interface Memory {
  /** By container name: why it could not be started, and when it is tried again. */
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** Probe results by container id. */
  readonly probes: ReadonlyMap<string, ProbeResults>;
  /** `unknown` after a start of the kubelet: they are made again, or torn down again, which changes nothing. */
  readonly volumes: 'unknown' | 'ready' | 'gone';
  /** Set while volumes cannot be made: tried again then (milliseconds, wall clock). */
  readonly volumesRetryAt?: number;
  /** Set while the sandbox cannot be made: tried again then (milliseconds, wall clock). */
  readonly sandboxRetryAt?: number;
  /** The addresses of the last sandbox that had one: a short pod may be over before it was told to anyone. */
  readonly podIPs: readonly string[];
  readonly node: {
    readonly hostIP: string;
    readonly otherHostIPs?: readonly string[];
    readonly runtimeName: string;
    /** It mounts what lies below a volume read-only as well, where that is wanted (KEP-3857). */
    readonly hasRecursiveReadOnlyMounts?: boolean;
    readonly restartSecondsMax?: number;
  };
  /** When the grace of a deleted pod is over, by this node's own clock. */
  readonly killBy?: number;
  /** By container id: when the grace of a container that is being ended is over. */
  readonly killing: ReadonlyMap<string, number>;
  /** Ids of containers whose preStop hook is over. */
  readonly preStopped: ReadonlySet<string>;
  /** Ids of running containers whose postStart hook is not over. */
  readonly postStarting: ReadonlySet<string>;
  /** Ids of running containers that may not go on, and why. */
  readonly doomed: ReadonlyMap<string, string>;
  /** By container id: resources that it was given after it was made, as a text. */
  readonly resized: ReadonlyMap<string, string>;
  /** The node has no room for what a resize asks for: not now (Deferred), or never (Infeasible). */
  readonly resizeRefusal?: Rejection;
  /** Keys of the actions that are being carried out. */
  readonly underWay: ReadonlySet<string>;
  /** The node does not take the pod. */
  readonly rejection?: Rejection;
  /** The node can no longer bear the pod, or goes down itself. */
  readonly eviction?: Eviction;
  /** How the devices of containers are, by container. */
  readonly devices: ReadonlyMap<string, readonly ResourceStatus[]>;
  /** Of a pod that is over nothing is kept: the node needs the room. */
  readonly isBare?: boolean;
}

export interface Waiting {
  readonly reason: string;
  readonly message: string;
  /** Milliseconds, wall clock. */
  readonly retryAt: number;
}

export interface ProbeResults {
  /** undefined: not known yet. */
  readonly isReady?: boolean;
  readonly isStarted?: boolean;
  readonly isAlive?: boolean;
}

export interface Eviction {
  /** What the pod's status and, where it is `Evicted`, an event say. */
  readonly reason: 'Evicted' | 'Terminated';
  readonly message: string;
  /** When it was decided, milliseconds of the wall clock. */
  readonly since: number;
  /** What the pod is given to end, whatever it asks for. */
  readonly graceSeconds: number;
  /** The pod did nothing wrong: whoever counts failures is told so (KEP-3329). */
  readonly isDisruption: boolean;
}

export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

/** What a kubelet knows that has just started. */
export const emptyMemory: Memory = {
  waiting: new Map(),
  probes: new Map(),
  volumes: 'unknown',
  podIPs: [],
  node: { hostIP: '', runtimeName: 'containerd' },
  killing: new Map(),
  preStopped: new Set(),
  postStarting: new Set(),
  doomed: new Map(),
  resized: new Map(),
  devices: new Map(),
  underWay: new Set(),
};
