import assert from 'node:assert/strict';
import {
  deviceClass,
  isReservedForPod,
  pod,
  podGroup,
  priorityClass,
  resourceClaim,
  resourceClaimTemplate,
  resourceSlice,
} from '@navarch/api';
import {
  claimRelease,
  generatedClaims,
  groupClaimsController,
  podGroupProtectionController,
} from '@navarch/controllers';
import { named } from '../drafts.ts';
import { invariantOf } from '../property.ts';
import type { Scenario } from '../scenario.ts';
import type { World } from '../world.ts';
import { addMember, boundOf, grouping, makeGroup } from './groups.ts';
import { addNode, addPod, homeless, homes, scheduling } from './rules.ts';

// What a group has, or loses, as a whole.

const CLAIM = { name: 'gpu', resourceClaimTemplateName: 'one' };

async function publishCards(world: World, nodes: readonly string[]): Promise<void> {
  await world.create(deviceClass, { metadata: { name: 'gpu' }, spec: {} } as never);
  const spec = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] } };
  await world.create(resourceClaimTemplate, { metadata: named('one'), spec: { spec } } as never);
  for (const name of nodes) {
    await addNode(world, name, '8');
    const pool = { name, generation: 1, resourceSliceCount: 1 };
    const devices = [{ name: 'card' }];
    await world.create(resourceSlice, {
      metadata: { name: `${name}-slice` },
      spec: { driver: 'gpu.example.com', pool, nodeName: name, devices },
    } as never);
  }
}

export const groupUnitScenarios: readonly Scenario[] = [
  scheduling({
    name: 'scheduler/group-claims',
    says: 'All pods of a group share the claim that it names, which goes with it; then others have the devices.',
    hasGroups: true,
    controllers: () => [
      podGroupProtectionController,
      groupClaimsController,
      generatedClaims({ hasGroups: true }),
      claimRelease({ hasGroups: true }),
    ],
    ofEveryKind: ['garbage-collector-controller'],
    always: [
      invariantOf('no device is given to two claims', [resourceClaim], (view) => {
        const given = view
          .list(resourceClaim)
          .flatMap(({ status }) => status.allocation?.devices?.results ?? [])
          .map((result) => `${result.pool}/${result.device}`);
        return given.find((device, i) => given.indexOf(device) !== i);
      }),
      invariantOf('no pod is bound but where the devices of its group are', [pod, resourceClaim], (view) => {
        const without = view.list(pod).find((p) => {
          if (!p.spec.nodeName || p.metadata.deletionTimestamp) return false;
          const name = p.status.resourceClaimStatuses?.[0]?.resourceClaimName;
          const claim = view.get(resourceClaim, `default/${name}`);
          const isThere = claim?.status.allocation?.devices?.results?.[0]?.pool === p.spec.nodeName;
          return !isThere || !isReservedForPod(claim?.status.reservedFor, p);
        });
        return without?.metadata.name;
      }),
    ],
    async act(world) {
      await publishCards(world, ['a', 'b']);
      const groups = ['red', 'blue', 'late'];
      for (const name of groups) await makeGroup(world, name, 2, { resourceClaims: [CLAIM] });
      for (let i = 0; i < 2; i++)
        for (const name of groups) {
          await addMember(world, name, i, undefined, { resourceClaims: [CLAIM] });
          await world.pass(world.random.uint32() % 700);
        }
      await world.until('two have the cards', (view) => homeless(view).length === 2);
      const first = groups.find((name) => boundOf(world.view, name) === 2);
      for (let i = 0; i < 2; i++) await world.remove(pod, `default/${first}-${i}`);
      await world.pass('30s');
      await world.remove(podGroup, `default/${first}`);
    },
    end(view) {
      const at = homes(view);
      assert.deepEqual([homeless(view), Object.keys(at).length, view.list(resourceClaim).length], [[], 4, 2]);
      for (const name of ['red', 'blue', 'late']) assert.equal(at[`${name}-0`], at[`${name}-1`]);
    },
  }),
  grouping({
    name: 'scheduler/group-evicted-whole',
    says: 'A group that is disrupted as a whole goes as a whole, whatever happens between two evictions.',
    async act(world) {
      for (const value of [1, 2])
        await world.create(priorityClass, { metadata: { name: `p${value}` }, value: value * 100 });
      for (const name of ['a', 'b']) await addNode(world, name);
      await makeGroup(world, 'low', 3, { disruptionMode: { all: {} }, priorityClassName: 'p1' });
      for (let i = 0; i < 4; i++) await addMember(world, 'low', i, 1);
      await world.until('it has all room', (view) => boundOf(view, 'low') === 4);
      await addPod(world, 'high', { priority: 2 });
      await world.until('the other has its place', (view) => homes(view)['high'] !== 'none');
    },
    end: (view) => assert.deepEqual(Object.keys(homes(view)), ['high']),
  }),
];
