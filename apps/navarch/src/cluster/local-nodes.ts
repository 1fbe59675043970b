import { existsSync } from 'node:fs';
import { type Containerd, findContainerd } from '@navarch/node/containerd';
import { begunNodes } from './extra-nodes.ts';
import { layoutOf } from './layout.ts';

/** The container runtimes of a cluster's nodes on this machine, the first node's first. Empty where none runs. */
export function localRuntimes(cluster: string, dataDir?: string): readonly Containerd[] {
  const layout = layoutOf(cluster, dataDir);
  return [layout, ...begunNodes(layout).map((node) => node.layout)].flatMap(({ containerd }) =>
    existsSync(containerd) ? (findContainerd(containerd) ?? []) : [],
  );
}
