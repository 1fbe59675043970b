import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { ClusterPlan } from '../kind-config/cluster-plan.ts';
import type { Layout } from './layout.ts';

/** What `up` decided about a cluster, so that later commands know. */
export interface ClusterState {
  readonly name: string;
  readonly port: number;
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly runtime: 'containerd' | 'sim';
  /** Nodes on this machine; one where it is absent. */
  readonly nodes?: number;
  /** Addresses for services of type LoadBalancer, commas apart; none where it is absent. */
  readonly loadBalancerPool?: string;
  /** What a file says of the cluster, and the block of addresses that its nodes have on this machine. */
  readonly plan?: ClusterPlan;
  readonly block?: number;
  /** Ports on which Ingresses are served; absent: they are not. */
  readonly ingress?: { readonly http: number; readonly https: number };
}

/** What an agent made on this machine outside its folder, so that `down` takes away that and nothing else. */
export interface NodeState {
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly bridge: string;
  readonly cgroupRoot: string;
  /** Addresses of load balancers that the agent may have put on a device, commas apart. */
  readonly loadBalancerPool?: string;
}

/**
 * The control group of a node's pods. The folder is part of the name: control groups are the whole machine's, on which
 * clusters in network namespaces of their own may have nodes of the same name, and `down` ends all that is in the group.
 */
export const cgroupRootOf = (nodeName: string, { dir }: Pick<Layout, 'dir'>): string =>
  `/navarch-${nodeName}-${createHash('sha256').update(dir).digest('hex').slice(0, 8)}`;

export const readState = (layout: Layout): ClusterState | undefined =>
  read<ClusterState>(layout.state, ['name', 'port', 'nodeName', 'nodeIP', 'runtime']);
export const readNodeState = (layout: Layout): NodeState | undefined =>
  read<NodeState>(layout.nodeState, ['nodeName', 'nodeIP', 'bridge', 'cgroupRoot']);

export function writeState(layout: Layout, state: ClusterState): void {
  const draft = `${layout.state}.tmp`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(draft, layout.state);
}

export const nodeStateText = (state: NodeState): string => `${JSON.stringify(state, null, 2)}\n`;

/** Absent, or half-written by a command that was interrupted: as if it had not begun. */
function read<T extends object>(file: string, fields: readonly (keyof T & string)[]): T | undefined {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as T;
    return fields.every((field) => field in found) ? found : undefined;
  } catch {
    return undefined;
  }
}
