import assert from 'node:assert/strict';
import { endpointSlice, type EndpointSlice, node, type Node } from '@navarch/api';
import { clusterDnsController, garbageCollectorController } from '@navarch/controllers';
import { defineProperty, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

const NAME = 'kubernetes.io/service-name';

const say = (world: World, name: string, address: string, ready: 'True' | 'False' | 'Unknown' = 'True') =>
  world.setStatus(node, name, (n) => ({
    ...n,
    status: {
      ...n.status,
      addresses: [{ type: 'InternalIP', address }],
      conditions: [{ type: 'Ready', status: ready }],
    } as unknown as Node['status'],
  }));
const add = async (world: World, name: string, address: string): Promise<void> => {
  await world.create(node, { metadata: { name } });
  await say(world, name, address);
};
const sliceOf = (view: View, name: string): EndpointSlice | undefined =>
  view.get(endpointSlice, `kube-system/kube-dns-${name}`);
/** `NODE ADDRESS ready` of every slice of the service. */
const served = (view: View): readonly string[] =>
  view
    .list(endpointSlice, 'kube-system')
    .filter(({ metadata }) => metadata.labels?.[NAME] === 'kube-dns')
    .flatMap(({ endpoints }) =>
      (endpoints ?? []).map(
        ({ nodeName, addresses, conditions }) =>
          `${nodeName} ${addresses.join()} ${conditions?.ready ? 'ready' : 'silent'}`,
      ),
    );

/** Whoever asks for a name would wait for an answer that never comes. */
const neverTwoOfANode: Property = defineProperty({
  name: 'no node is published twice',
  of: [endpointSlice],
  begin: () => (view) => {
    const names = served(view).map((one) => one.split(' ')[0]);
    return new Set(names).size < names.length ? names.join() : undefined;
  },
});

const about = (name: string, says: string, rest: Pick<Scenario, 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({
    name: `cluster-dns/${name}`,
    says,
    controllers: () => [clusterDnsController, garbageCollectorController([node, endpointSlice])],
    pods: 'none',
    always: [neverTwoOfANode],
    ...rest,
  });

export const clusterDnsScenarios: readonly Scenario[] = [
  about('nodes', 'The DNS of the cluster is answered on every node that is heard of, and goes with it.', {
    async act(world) {
      for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) await add(world, name, `192.0.2.${i + 1}`);
      await world.until('all are served', (view) => served(view).length === 4);
      await say(world, 'b', '192.0.2.2', 'Unknown');
      // Its agent runs, whatever its pods may not.
      await say(world, 'c', '192.0.2.3', 'False');
      await world.remove(node, 'd');
    },
    end: (view) => assert.deepEqual(served(view), ['a 192.0.2.1 ready', 'b 192.0.2.2 silent', 'c 192.0.2.3 ready']),
  }),
  about('address', 'A node that gets another address is asked there, also when it is of the other family.', {
    async act(world) {
      await add(world, 'a', '192.0.2.1');
      await world.until('it is served', (view) => served(view).length === 1);
      await say(world, 'a', '192.0.2.9');
      await world.pass(world.random.uint32() % 5000);
      await say(world, 'a', 'fd00::9');
    },
    end(view) {
      assert.deepEqual(served(view), ['a fd00::9 ready']);
      assert.equal(sliceOf(view, 'a')?.addressType, 'IPv6');
    },
  }),
  about(
    'node-again',
    'A node that is made again under its name has a slice that goes with it, not with the one before.',
    {
      async act(world) {
        await add(world, 'a', '192.0.2.1');
        await world.until('it is served', (view) => served(view).length === 1);
        await world.remove(node, 'a');
        await add(world, 'a', '192.0.2.1');
      },
      end(view) {
        assert.deepEqual(served(view), ['a 192.0.2.1 ready']);
        assert.equal(sliceOf(view, 'a')?.metadata.ownerReferences?.[0]?.uid, view.get(node, 'a')?.metadata.uid);
      },
    },
  ),
  about('by-hand', 'What somebody else makes of a slice does not stay; what they add to it does.', {
    async act(world) {
      await add(world, 'a', '192.0.2.1');
      await world.until('it is served', (view) => served(view).length === 1);
      await world.change(endpointSlice, 'kube-system/kube-dns-a', (slice) => ({
        ...slice,
        metadata: { ...slice.metadata, labels: { ...slice.metadata.labels, [NAME]: 'other', mine: 'kept' } },
        ports: [],
        endpoints: [],
      }));
    },
    end(view) {
      assert.deepEqual(served(view), ['a 192.0.2.1 ready']);
      assert.deepEqual(
        sliceOf(view, 'a')?.ports?.map(({ name, port }) => `${name} ${port}`),
        ['dns 53', 'dns-tcp 53', 'metrics 9153'],
      );
      assert.equal(sliceOf(view, 'a')?.metadata.labels?.['mine'], 'kept');
    },
  }),
];
