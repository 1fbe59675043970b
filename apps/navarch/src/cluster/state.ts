import { readFileSync, renameSync, writeFileSync } from 'node:fs';
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
}

/** What an agent made on this machine outside its folder, so that `down` takes away that and nothing else. */
export interface NodeState {
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly bridge: string;
  readonly cgroupRoot: string;
}

export const readState = (layout: Layout): ClusterState | undefined => read<ClusterState>(layout.state, ['name', 'port', 'nodeName', 'nodeIP', 'runtime']);
export const readNodeState = (layout: Layout): NodeState | undefined => read<NodeState>(layout.nodeState, ['nodeName', 'nodeIP', 'bridge', 'cgroupRoot']);

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
