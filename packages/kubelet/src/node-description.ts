import type { Taint } from '@navarch/api';

/** What is said of a node when it is made known and ever after: told to the kubelet, shown in the Node. */
export interface NodeDescription {
  readonly nodeName: string;
  readonly nodeIP: string;
  /** Of the other family, where the node has one. */
  readonly otherNodeIPs?: readonly string[];
  readonly kubeletPort: number;
  readonly version: string;
  readonly podsMax: number;
  readonly labels: Readonly<Record<string, string>>;
  /** With which it registers, as --register-with-taints says; later they are whoever's. */
  readonly taints?: readonly Taint[];
  /** When its status is computed and sent. */
  readonly statusTimes?: StatusTimes;
  readonly leaseSeconds?: number;
  /** Named in its status; -1 for all. Fifty when left out. */
  readonly imagesMax?: number;
  /** What the provider of the machine calls it. */
  readonly providerID?: string;
  /** Without it the node is to be made known by somebody else. */
  readonly registersNode?: boolean;
}

export interface StatusTimes {
  /** The status is computed this often. */
  readonly lookMs: number;
  /** It is sent when it changed or has not been sent for so long. */
  readonly reportMs: number;
}
