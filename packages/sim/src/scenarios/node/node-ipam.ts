import assert from 'node:assert/strict';
import { node, type Node } from '@navarch/api';
import { nodeIpamController } from '@navarch/controllers';
import { names } from '../drafts.ts';
import { defineProperty, invariantOf, type Property } from '../property.ts';
import { refuse } from '../refusing.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

const V4 = '10.244.0.0';
const V6 = 'fd00:10:244::';

/** Blocks of addresses are given to one node each, for as long as it lives. */
const ownBlocks: Property = invariantOf('no block of addresses has two nodes', [node], (view) => {
  const blocks = view.list(node).flatMap(({ spec }) => spec.podCIDRs ?? []);
  return new Set(blocks).size < blocks.length ? blocks.join(', ') : undefined;
});

/** Once it is told where its pods live. */
const blocksStay: Property = defineProperty({
  name: 'a node keeps its blocks',
  of: [node],
  begin() {
    const held = new Map<string, string>();
    return (view) => {
      for (const { metadata, spec } of view.list(node)) {
        const now = spec.podCIDRs?.join();
        const before = held.get(metadata.uid);
        if (before !== undefined && now !== before) return `${metadata.name} had ${before}`;
        if (now !== undefined) held.set(metadata.uid, now);
      }
      return undefined;
    };
  },
});

/** A node with addresses of one family only would have pods that some others cannot reach. */
const bothOrNone: Property = invariantOf('a node has a block of each family, or none', [node], (view) => {
  const half = view.list(node).find(({ spec }) => ![0, 2].includes(spec.podCIDRs?.length ?? 0));
  return half && `${half.metadata.name} has ${half.spec.podCIDRs?.join()}`;
});

const about = (
  clusterCidr: string,
  scenario: Partial<Scenario> & Pick<Scenario, 'name' | 'says' | 'act' | 'end'>,
): Scenario =>
  defineScenario({
    controllers: () => [nodeIpamController({ clusterCidr })],
    pods: 'none',
    ...scenario,
    always: [ownBlocks, blocksStay, ...(scenario.always ?? [])],
  });

const add = (world: World, name: string, ...podCIDRs: readonly string[]): Promise<Node> =>
  world.create(node, {
    metadata: { name },
    ...(podCIDRs[0] === undefined ? {} : { spec: { podCIDR: podCIDRs[0], podCIDRs } }),
  });
const served = (view: View): readonly Node[] => view.list(node).filter(({ spec }) => spec.podCIDR !== undefined);
const without = (view: View): readonly string[] => names(view.list(node).filter(({ spec }) => !spec.podCIDR));

export const nodeIpamScenarios: readonly Scenario[] = [
  about(`${V4}/21`, {
    name: 'node-ipam/blocks',
    says: 'Every node gets a block of addresses that no other has, and keeps it.',
    async act(world) {
      for (let n = 0; n < 6; n++) await add(world, `n${n}`);
      await world.pass(world.random.uint32() % 2000);
      await world.remove(node, 'n2');
      await add(world, 'n6');
    },
    end(view) {
      assert.deepEqual(without(view), []);
      for (const { spec } of view.list(node)) assert.match(spec.podCIDRs?.join() ?? '', /^10\.244\.[0-7]\.0\/24$/);
    },
  }),
  about(`${V4}/23`, {
    name: 'node-ipam/exhausted',
    says: 'When there is no block left a node waits, and gets the first that is free again.',
    async act(world) {
      for (const name of ['n1', 'n2', 'n3']) await add(world, name);
      await world.until('two have one', (view) => served(view).length === 2);
      const late = without(world.view)[0] ?? '';
      await world.until('it is said', (view) =>
        view.events('Node').includes(`CIDRNotAvailable: Node ${late} status is now: CIDRNotAvailable`),
      );
      await world.remove(node, served(world.view)[0]?.metadata.name ?? '');
    },
    end: (view) => assert.equal(served(view).length, 2),
  }),
  about(`${V4}/21,${V6}/61`, {
    name: 'node-ipam/dual-stack',
    says: 'With ranges of two families every node gets a block of each, the first of the first range.',
    always: [bothOrNone],
    async act(world) {
      for (let n = 0; n < 8; n++) {
        await add(world, `n${n}`);
        await world.pass(world.random.uint32() % 500);
      }
      await world.until('all have both', (view) => served(view).length === 8);
      for (const name of ['n1', 'n4']) await world.remove(node, name);
      for (const name of ['n8', 'n9']) await add(world, name);
    },
    end(view) {
      assert.deepEqual(without(view), []);
      for (const { spec } of view.list(node)) {
        assert.match(spec.podCIDRs?.join() ?? '', /^10\.244\.[0-7]\.0\/24,fd00:10:244:(:|[1-7]::)\/64$/);
        assert.equal(spec.podCIDR, spec.podCIDRs?.[0]);
      }
    },
  }),
  about(`${V4}/16,${V6}/63`, {
    name: 'node-ipam/dual-stack-exhausted',
    says: 'Where one family has no block left a node gets none of the other either, and says so; it gets both when one is free.',
    always: [bothOrNone],
    async act(world) {
      for (const name of ['n1', 'n2', 'n3']) await add(world, name);
      await world.until('two have both', (view) => served(view).length === 2);
      const late = without(world.view)[0] ?? '';
      await world.until('it is said', (view) =>
        view.events('Node').includes(`CIDRNotAvailable: Node ${late} status is now: CIDRNotAvailable`),
      );
      await world.remove(node, served(world.view)[1]?.metadata.name ?? '');
    },
    end: (view) => assert.equal(served(view).length, 2),
  }),
  about(`${V4}/21`, {
    name: 'node-ipam/occupied',
    says: "What nodes have since before is nobody else's, also where they had it when blocks were larger or smaller.",
    always: [
      invariantOf('nobody gets what is taken', [node], (view) => {
        const taken = ['10.244.2.0/24', '10.244.3.0/24', '10.244.5.0/24'];
        return view.list(node).find(({ spec }) => taken.includes(spec.podCIDR ?? ''))?.metadata.name;
      }),
    ],
    async act(world) {
      await add(world, 'same', '10.244.0.0/24');
      await add(world, 'large', '10.244.2.0/23');
      await add(world, 'small', '10.244.5.64/26');
      await add(world, 'elsewhere', '10.99.0.0/24');
      for (let n = 0; n < 5; n++) await add(world, `n${n}`);
    },
    end(view) {
      assert.equal(without(view).length, 1, 'of eight blocks four are taken');
      assert.equal(served(view).length, 8);
    },
  }),
  about(`${V4}/21,${V6}/61`, {
    name: 'node-ipam/service-range',
    says: 'No node gets a block that has an address of a service, of either family.',
    controllers: () => [
      nodeIpamController({
        clusterCidr: `${V4}/21,${V6}/61`,
        serviceCidr: '10.244.2.128/25,fd00:10:244:6::/63',
      }),
    ],
    always: [
      bothOrNone,
      invariantOf('services keep their addresses', [node], (view) => {
        const ofServices = ['10.244.2.0/24', 'fd00:10:244:6::/64', 'fd00:10:244:7::/64'];
        return view.list(node).find(({ spec }) => spec.podCIDRs?.some((one) => ofServices.includes(one)))?.metadata
          .name;
      }),
    ],
    async act(world) {
      for (let n = 0; n < 8; n++) await add(world, `n${n}`);
    },
    end(view) {
      assert.equal(without(view).length, 2, 'of the smaller family six blocks are left');
      assert.equal(served(view).length, 6);
    },
  }),
  about(`${V4}/21`, {
    name: 'node-ipam/held-fast',
    says: 'A node that somebody lets nobody change is told of, and holds up no other.',
    // From the first try to the one after a quarter of an hour there are eighteen, whenever that is.
    rest: { requests: 10, retries: 2 },
    async act(world) {
      await refuse(world, { operations: ['UPDATE'], resources: ['nodes'], but: "object.metadata.name != 'a'" });
      for (const name of ['a', 'b', 'c']) await add(world, name);
      await world.until('the others are served', (view) => served(view).length === 2);
      await world.until('it is said', (view) =>
        view.events('Node').includes('CIDRAssignmentFailed: Node a status is now: CIDRAssignmentFailed'),
      );
    },
    end: (view) => assert.deepEqual(without(view), ['a']),
  }),
];
