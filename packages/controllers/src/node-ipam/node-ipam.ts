import { type IpFamily, ipFamilyOf, node, type Node } from '@navarch/api';
import type { Metrics } from '@navarch/base';
import { hasReason } from '@navarch/machinery';
import { type Context, type Controller, defineController, type Watch } from '../controller.ts';
import { type BlockRange, blocksOf } from './cidr.ts';
import { blockGauges, countBlocks, TRIES } from './measures.ts';

export interface NodeIpamOptions {
  /** Addresses of all pods, e.g. 10.244.0.0/16; of two families: both, with a comma. */
  readonly clusterCidr: string;
  /** Prefix length of one node's part. Upstream: 24, and 64 of IPv6. */
  readonly nodeMaskBits?: Partial<Readonly<Record<IpFamily, number>>>;
  /** Addresses of services: no node gets a block that has any of them. Written as the range of pods is. */
  readonly serviceCidr?: string;
}

const MASK_BITS: Readonly<Record<IpFamily, number>> = { IPv4: 24, IPv6: 64 };

/** Upstream's. */
const TRIES_MAX = 3;

/** One key for all nodes: blocks are handed out one after the other, never to two at once. */
const ALL = 'nodes';

const nodes = (ranges: readonly BlockRange[]): Watch<Node> => ({
  kind: node,
  *keys({ current, previous }) {
    if (current ? !current.spec.podCIDR : previous) yield ALL;
  },
  count: (change, metrics) => countBlocks(change, ranges, metrics),
});

/** Gives every node a block of pod addresses of its own; of each family, where there are two. */
export const nodeIpamController = ({ clusterCidr, nodeMaskBits, serviceCidr }: NodeIpamOptions): Controller => {
  const bits = { ...MASK_BITS, ...nodeMaskBits };
  const ranges = clusterCidr.split(',').map((cidr) => blocksOf(cidr, bits[ipFamilyOf(cidr)]));
  const blocks = ranges.map((range) => new Blocks(range));
  const reserved = serviceCidr === undefined ? [] : serviceCidr.split(',');
  return defineController({
    name: 'node-ipam-controller',
    eventSource: 'cidrAllocator',
    watches: [nodes(ranges)],
    workers: 1,
    gauges: (cache) => blockGauges(ranges, cache.list(node), reserved),
    async reconcile(_, context) {
      const all = context.cache.list(node);
      const held = all.flatMap(({ spec }) => spec.podCIDRs ?? spec.podCIDR ?? []);
      for (const one of blocks) one.occupy([...reserved, ...held]);
      // Blocks are only taken during this pass: once there is none, another search over all of them finds none either.
      let isExhausted = false;
      let failed: { readonly error: unknown } | undefined;
      for (const n of all) {
        if (n.spec.podCIDR || n.metadata.deletionTimestamp) continue;
        const found: readonly string[] = isExhausted ? [] : blocks.flatMap((one) => one.take(context.metrics) ?? []);
        isExhausted = found.length < ranges.length;
        if (isExhausted) {
          tell(n, 'CIDRNotAvailable', context);
          continue;
        }
        try {
          await assign(n, found, context);
        } catch (error) {
          context.signal.throwIfAborted();
          // A node that somebody holds fast keeps no other waiting; tried again, it may get another block.
          tell(n, 'CIDRAssignmentFailed', context);
          failed ??= { error };
        }
      }
      if (failed) throw failed.error;
      return undefined;
    },
  });
};

function tell({ metadata: { name, uid } }: Node, reason: string, { events }: Context): void {
  const message = `Node ${name} status is now: ${reason}`;
  events.record({ kind: 'Node', name, uid }, { type: 'Normal', reason, message });
}

type Place = readonly [from: number, to: number];
const NOWHERE: Place = [0, -1];

class Blocks {
  readonly #range: BlockRange;
  readonly #taken = new Set<number>();
  /** Of what is taken, where that lies in the range: found once, not each time a node comes. */
  #places = new Map<string, Place>();
  /** Where the last search ended: a block that was just given back is not given out again at once. */
  #next = 0;

  constructor(range: BlockRange) {
    this.#range = range;
  }

  /** What nodes and services have is taken, also where it is not one whole block: they had it when blocks were larger or smaller. */
  occupy(cidrs: readonly string[]): void {
    this.#taken.clear();
    const places = new Map<string, Place>();
    for (const cidr of cidrs) {
      const place = this.#places.get(cidr) ?? this.#range.overlap(cidr) ?? NOWHERE;
      places.set(cidr, place);
      for (let index = place[0]; index <= place[1]; index++) this.#taken.add(index);
    }
    this.#places = places;
  }

  take(metrics: Metrics): string | undefined {
    const { count, cidr } = this.#range;
    for (let i = 0; i < count; i++) {
      const index = (this.#next + i) % count;
      if (this.#taken.has(index)) continue;
      this.#taken.add(index);
      this.#next = (index + 1) % count;
      TRIES.observe(metrics, i, { clusterCIDR: cidr });
      return this.#range.block(index);
    }
    return undefined;
  }
}

/** Whose answer is lost is asked again: what was done is seen then, and needs no telling. */
async function assign(n: Node, blocks: readonly string[], context: Context): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await write(n, blocks, context);
    } catch (error) {
      if (tries === TRIES_MAX || context.signal.aborted) throw error;
    }
  }
}

async function write(n: Node, blocks: readonly string[], { api }: Context): Promise<void> {
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
