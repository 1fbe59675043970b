import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Layout } from './layout.ts';

/** What `up` decided about a cluster, so that later commands know. */
export interface ClusterState {
  readonly name: string;
  readonly port: number;
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly runtime: 'containerd' | 'sim';
}

export function readState(layout: Layout): ClusterState | undefined {
  if (!existsSync(layout.state)) return undefined;
  try {
    return JSON.parse(readFileSync(layout.state, 'utf8')) as ClusterState;
  } catch {
    return undefined; // Half-written by an `up` that was interrupted: as if it had not begun.
  }
}

export function writeState(layout: Layout, state: ClusterState): void {
  mkdirSync(layout.dir, { recursive: true, mode: 0o700 });
  const draft = `${layout.state}.tmp`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(draft, layout.state);
}
