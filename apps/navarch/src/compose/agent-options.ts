import { join } from 'node:path';
import type { Logger } from '@navarch/base';
import type { CompleteConfiguration, EvictionSettings, ResourceSettings, ShutdownGroup } from '@navarch/kubelet';
import type { NodeExtras } from '../cluster/node-extras.ts';
import type { NodeAccess } from '../join/node-access.ts';
import type { NodeSettings } from '../join/node-settings.ts';

/** What an agent is started with: the commands work it out, and the agent hands each part what is its own. */
export interface AgentOptions {
  readonly dataDir: string;
  /** Where image archives are built. */
  readonly images: string;
  /** Where renewed certificates are kept. */
  readonly identityDir: string;
  readonly access: NodeAccess;
  readonly nodeIP: string;
  readonly otherNodeIPs: readonly string[];
  /** Of them those that answer for node ports; none: all of this machine's. */
  readonly nodePortRanges: readonly string[];
  /** The bridge that pods hang on. */
  readonly bridge: string;
  /** The control group below which all pods of the node have theirs. */
  readonly cgroupRoot: string;
  readonly settings: NodeSettings;
  /** With which the node registers. */
  readonly labels: Readonly<Record<string, string>>;
  /** The kubelet's, with everything that nobody said. */
  readonly config: CompleteConfiguration;
  /** What a described cluster's node has or lacks. */
  readonly extras: NodeExtras;
  /** Where static pods are described. */
  readonly manifests: string;
  readonly eviction: EvictionSettings;
  /** How long pods have to end when the machine goes down; none: no time. */
  readonly shutdown: readonly ShutdownGroup[];
  /** What single containers are given of the node, and what the node keeps for itself. */
  readonly resources: ResourceSettings;
  readonly log: Logger;
}

/** Where the kubelet keeps what it has of pods. */
export const kubeletFolderOf = (dataDir: string): string => join(dataDir, 'kubelet');
