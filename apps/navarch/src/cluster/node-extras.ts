import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ContainerdPatches, NodeMount } from '../kind-config/cluster-plan.ts';
import type { Layout } from './layout.ts';

/** What of a described cluster an agent has no flag for: `up` leaves it in the node's folder. */
export interface NodeExtras {
  readonly mounts: readonly NodeMount[];
  readonly containerd: ContainerdPatches;
  readonly hasPodNetwork: boolean;
  readonly hasServiceProxy: boolean;
  readonly searches?: readonly string[];
}

const USUAL: NodeExtras = {
  mounts: [],
  containerd: { merges: [], json6902: [] },
  hasPodNetwork: true,
  hasServiceProxy: true,
};

/** What an agent does whose folder says nothing else. */
export const readNodeExtras = ({ nodeExtras }: Layout): NodeExtras =>
  existsSync(nodeExtras) ? (JSON.parse(readFileSync(nodeExtras, 'utf8')) as NodeExtras) : USUAL;

export function writeNodeExtras({ nodeExtras }: Layout, extras: NodeExtras | undefined): void {
  if (extras) writeFileSync(nodeExtras, `${JSON.stringify(extras, null, 2)}\n`);
  else rmSync(nodeExtras, { force: true });
}
