import type { Taint } from '@navarch/api';

/** A folder or file of this machine that a node has somewhere else. */
export interface NodeMount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
}

/** A port of this machine that leads to one of a node. */
export interface PortMapping {
  readonly listenAddress: string;
  /** 0: any that is free. */
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

export interface NodePlan {
  readonly role: 'control-plane' | 'worker';
  /** After the cluster's name: `control-plane`, `worker`, `worker2`. */
  readonly suffix: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly mounts: readonly NodeMount[];
  readonly ports: readonly PortMapping[];
  /** Flags of `agent`. */
  readonly agentFlags: readonly string[];
  /** Fields of a KubeletConfiguration. */
  readonly kubelet: Readonly<Record<string, unknown>>;
}

/** Changes to containerd's configuration: TOML to merge into it, then JSON patches (RFC 6902) as text. */
export interface ContainerdPatches {
  readonly merges: readonly string[];
  readonly json6902: readonly string[];
}

/** What `up` makes of a file that describes a cluster. Plain JSON: it is kept for the next `up`. */
export interface ClusterPlan {
  /** The control plane's node first. */
  readonly nodes: readonly NodePlan[];
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  readonly apiServer: { readonly address: string; readonly port?: number };
  /** Flags of `server`. */
  readonly serverFlags: readonly string[];
  /** False: whoever made the file brings a network for pods. */
  readonly hasPodNetwork: boolean;
  /** False: whoever made the file brings what carries packets to Services. */
  readonly hasServiceProxy: boolean;
  /** Domains in which pods of the node's DNS search, instead of this machine's. */
  readonly searches?: readonly string[];
  readonly containerd: ContainerdPatches;
}

export interface Planned {
  readonly name: string | undefined;
  readonly plan: ClusterPlan;
  /** What of the file has no effect here, a sentence each. */
  readonly remarks: readonly string[];
}
