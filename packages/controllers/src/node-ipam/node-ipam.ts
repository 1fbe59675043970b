import { node, type Node } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { type Context, type Controller, defineController, type Watch } from '../controller.ts';
import { blocksOf } from './cidr.ts';

export interface NodeIpamOptions {
  /** Addresses of all pods, e.g. 10.244.0.0/16. */
  readonly clusterCidr: string;
  /** Prefix length of one node's part. Upstream: 24. */
  readonly nodeMaskBits?: number;
}

/** One key for all nodes: blocks are handed out one after the other, never to two at once. */
const ALL = 'nodes';

const nodes: Watch<Node> = {
  kind: node,
  *keys({ current, previous }) {
    if (current ? !current.spec.podCIDR : previous) yield ALL;
  },
};

/** Gives every node a block of pod addresses of its own. */
export const nodeIpamController = ({ clusterCidr, nodeMaskBits = 24 }: NodeIpamOptions): Controller => {
  const blocks = blocksOf(clusterCidr, nodeMaskBits);
  /** Where the last search ended: a block that was just given back is not given out again at once. */
  let next = 0;
  return defineController({
    name: 'node-ipam-controller',
    eventSource: 'cidrAllocator',
    watches: [nodes],
    workers: 1,
    async reconcile(_, context) {
      const all = context.cache.list(node);
      const used = new Set(all.flatMap((n) => n.spec.podCIDRs ?? (n.spec.podCIDR ? [n.spec.podCIDR] : [])));
      // Blocks are only taken during this pass: once there is none, another search over all of them finds none either.
      let isExhausted = false;
      for (const n of all) {
        if (n.spec.podCIDR || n.metadata.deletionTimestamp) continue;
        const index: number | undefined = isExhausted ? undefined : findFree(used, next);
        isExhausted = index === undefined;
        if (index === undefined) {
          context.events.record(
            { kind: 'Node', name: n.metadata.name, uid: n.metadata.uid },
            {
              type: 'Normal',
              reason: 'CIDRNotAvailable',
              message: `Node ${n.metadata.name} status is now: CIDRNotAvailable`,
            },
          );
          continue;
        }
        next = (index + 1) % blocks.count;
        const block = blocks.block(index);
        used.add(block);
        await assign(n, block, context);
      }
      return undefined;
    },
  });

  function findFree(used: ReadonlySet<string>, from: number): number | undefined {
    for (let i = 0; i < blocks.count; i++) {
      const index = (from + i) % blocks.count;
      if (!used.has(blocks.block(index))) return index;
    }
    return undefined;
  }
};

async function assign(n: Node, block: string, { api }: Context): Promise<void> {
  try {
    await api
      .of(node)
      .update(n.metadata.name, (current) =>
        current.spec.podCIDR || current.metadata.uid !== n.metadata.uid
          ? current
          : { ...current, spec: { ...current.spec, podCIDR: block, podCIDRs: [block] } },
      );
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
