import { type IpFamily, ipFamilyOf, node, type Node } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { type Context, type Controller, defineController, type Watch } from '../controller.ts';
import { type BlockRange, blocksOf } from './cidr.ts';

export interface NodeIpamOptions {
  /** Addresses of all pods, e.g. 10.244.0.0/16; of two families: both, with a comma. */
  readonly clusterCidr: string;
  /** Prefix length of one node's part. Upstream: 24, and 64 of IPv6. */
  readonly nodeMaskBits?: Partial<Readonly<Record<IpFamily, number>>>;
}

const MASK_BITS: Readonly<Record<IpFamily, number>> = { IPv4: 24, IPv6: 64 };

/** One key for all nodes: blocks are handed out one after the other, never to two at once. */
const ALL = 'nodes';

const nodes: Watch<Node> = {
  kind: node,
  *keys({ current, previous }) {
    if (current ? !current.spec.podCIDR : previous) yield ALL;
  },
};

/** Gives every node a block of pod addresses of its own; of each family, where there are two. */
export const nodeIpamController = ({ clusterCidr, nodeMaskBits }: NodeIpamOptions): Controller => {
  const bits = { ...MASK_BITS, ...nodeMaskBits };
  const ranges = clusterCidr.split(',').map((cidr) => new Blocks(blocksOf(cidr, bits[ipFamilyOf(cidr)])));
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
        const found: readonly string[] = isExhausted ? [] : ranges.flatMap((range) => range.find(used) ?? []);
        isExhausted = found.length < ranges.length;
        if (isExhausted) {
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
        for (const block of found) used.add(block);
        await assign(n, found, context);
      }
      return undefined;
    },
  });
};

class Blocks {
  readonly #range: BlockRange;
  /** Where the last search ended: a block that was just given back is not given out again at once. */
  #next = 0;

  constructor(range: BlockRange) {
    this.#range = range;
  }

  find(used: ReadonlySet<string>): string | undefined {
    const { count } = this.#range;
    for (let i = 0; i < count; i++) {
      const index = (this.#next + i) % count;
      const block = this.#range.block(index);
      if (used.has(block)) continue;
      this.#next = (index + 1) % count;
      return block;
    }
    return undefined;
  }
}

async function assign(n: Node, blocks: readonly string[], { api }: Context): Promise<void> {
  const [podCIDR = ''] = blocks;
  try {
    await api
      .of(node)
      .update(n.metadata.name, (current) =>
        current.spec.podCIDR || current.metadata.uid !== n.metadata.uid
          ? current
          : { ...current, spec: { ...current.spec, podCIDR, podCIDRs: blocks } },
      );
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
