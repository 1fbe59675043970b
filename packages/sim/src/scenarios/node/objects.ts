import { node, type Pod, pod } from '@navarch/api';
import { named } from '../drafts.ts';
import type { World } from '../world.ts';

/** A node that anybody may be put on. */
export async function addNode(world: World, name: string): Promise<void> {
  await world.create(node, { metadata: { name } });
  await world.change(node, name, (n) => ({ ...n, spec: { ...n.spec, taints: [] } }));
}

/** A pod of the node. */
export const makePod = (world: World, name: string, nodeName: string, spec: object = {}): Promise<Pod> =>
  world.create(pod, { metadata: named(name), spec: { nodeName, containers: [{ name: 'c', image: 'v1' }], ...spec } });
