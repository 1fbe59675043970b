import assert from 'node:assert/strict';
import { configMap, deployment, pod, replicaSet, secret } from '@navarch/api';
import { deploymentController, garbageCollectorController, replicaSetController } from '@navarch/controllers';
import type { Draft, ObjectOf, OwnerReference } from '@navarch/machinery';
import { named, names, WEB, web } from '../drafts.ts';
import { defineProperty, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

type ConfigMap = ObjectOf<typeof configMap>;

const ownedBy = (owner: ConfigMap, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  ...more,
});

const make = (
  world: World,
  name: string,
  owners: readonly OwnerReference[] = [],
  more: object = {},
): Promise<ConfigMap> =>
  world.create(configMap, { metadata: { ...named(name), ownerReferences: owners, ...more } } as Draft<ConfigMap>);

/** But for the one that every namespace has. */
const left = (view: View): readonly string[] => names(view.list(configMap, 'default'));

/** Whoever has an owner that is there and stays is not garbage. */
const neverTooMuch: Property = defineProperty({
  name: 'nothing goes that has an owner left',
  of: [configMap],
  begin() {
    let before = new Map<string, ConfigMap>();
    return (view) => {
      const now = new Map(view.list(configMap).map((c) => [c.metadata.uid, c]));
      const lost = [...before.values()].find(
        (c) =>
          !now.has(c.metadata.uid) &&
          c.metadata.ownerReferences?.some(({ uid }) => now.get(uid) && !now.get(uid)?.metadata.deletionTimestamp),
      );
      before = now;
      return lost && `${lost.metadata.name} went`;
    };
  },
});

const about = (scenario: Partial<Scenario> & Pick<Scenario, 'name' | 'says' | 'act' | 'end'>): Scenario =>
  defineScenario({
    controllers: () => [garbageCollectorController([configMap, secret])],
    pods: 'none',
    always: [neverTooMuch],
    ...scenario,
  });

export const garbageCollectorScenarios: readonly Scenario[] = [
  about({
    name: 'garbage-collector/background',
    says: 'What a deleted object owned goes after it, and what that owned.',
    async act(world) {
      const top = await make(world, 'top');
      const middle = await make(world, 'middle', [ownedBy(top)]);
      for (const name of ['leaf-1', 'leaf-2']) await make(world, name, [ownedBy(middle)]);
      await make(world, 'other');
      await world.pass(world.random.uint32() % 3000);
      await world.remove(configMap, 'default/top', { propagationPolicy: 'Background' });
    },
    end: (view) => assert.deepEqual(left(view), ['other']),
  }),
  about({
    name: 'garbage-collector/two-owners',
    says: 'What has another owner stays, without the reference to the one that is gone.',
    async act(world) {
      const [one, two] = [await make(world, 'one'), await make(world, 'two')];
      await make(world, 'shared', [ownedBy(one), ownedBy(two)]);
      await world.pass('5s');
      await world.remove(configMap, 'default/one');
    },
    end(view) {
      assert.deepEqual(left(view), ['shared', 'two']);
      assert.deepEqual(
        view.get(configMap, 'default/shared')?.metadata.ownerReferences?.map(({ name }) => name),
        ['two'],
      );
    },
  }),
  about({
    name: 'garbage-collector/all-owners-gone',
    says: 'What had two owners goes with the last of them.',
    async act(world) {
      const [one, two] = [await make(world, 'one'), await make(world, 'two')];
      await make(world, 'shared', [ownedBy(one), ownedBy(two)]);
      await world.remove(configMap, 'default/one');
      await world.pass(world.random.uint32() % 2000);
      await world.remove(configMap, 'default/two');
    },
    end: (view) => assert.deepEqual(left(view), []),
  }),
  about({
    name: 'garbage-collector/foreground',
    says: 'In the foreground the owner goes after those who hold it, each level after the next.',
    async act(world) {
      const top = await make(world, 'top');
      const middle = await make(world, 'middle', [ownedBy(top, { blockOwnerDeletion: true })]);
      await make(world, 'leaf', [ownedBy(middle, { blockOwnerDeletion: true })], { finalizers: ['example.com/hold'] });
      await world.pass('20s');
      await world.remove(configMap, 'default/top', { propagationPolicy: 'Foreground' });
      await world.until('the leaf is going', (view) =>
        Boolean(view.get(configMap, 'default/leaf')?.metadata.deletionTimestamp),
      );
      await world.pass('20s');
      assert.deepEqual(left(world.view), ['leaf', 'middle', 'top']);
      await world.unhold(configMap, 'default/leaf');
    },
    end: (view) => assert.deepEqual(left(view), []),
  }),
  about({
    name: 'garbage-collector/foreground-not-blocking',
    says: 'Who does not hold its owner is not waited for.',
    async act(world) {
      const top = await make(world, 'top');
      await make(world, 'slow', [ownedBy(top)], { finalizers: ['example.com/hold'] });
      await world.pass('20s');
      await world.remove(configMap, 'default/top', { propagationPolicy: 'Foreground' });
      await world.until('the owner is gone', (view) => view.get(configMap, 'default/top') === undefined);
      await world.until('the other is going', (view) =>
        Boolean(view.get(configMap, 'default/slow')?.metadata.deletionTimestamp),
      );
      await world.unhold(configMap, 'default/slow');
    },
    end: (view) => assert.deepEqual(left(view), []),
  }),
  about({
    name: 'garbage-collector/orphan',
    says: 'With Orphan what it owned stays, and names it no more.',
    async act(world) {
      const top = await make(world, 'top');
      for (const name of ['a', 'b']) await make(world, name, [ownedBy(top)]);
      await world.pass('30s');
      await world.remove(configMap, 'default/top', { propagationPolicy: 'Orphan' });
    },
    end(view) {
      assert.deepEqual(left(view), ['a', 'b']);
      for (const c of view.list(configMap, 'default')) assert.equal(c.metadata.ownerReferences, undefined);
    },
  }),
  about({
    name: 'garbage-collector/absent-owner',
    says: 'What names an owner that is not there is garbage.',
    async act(world) {
      const top = await make(world, 'top');
      await world.remove(configMap, 'default/top');
      await make(world, 'child', [ownedBy(top)]);
    },
    end: (view) => assert.deepEqual(left(view), []),
  }),
  about({
    name: 'garbage-collector/other-uid',
    says: 'An object of the same name is not the owner that was named.',
    async act(world) {
      const top = await make(world, 'top');
      await make(world, 'child', [ownedBy(top)]);
      await world.pass('5s');
      await world.remove(configMap, 'default/top');
      await make(world, 'top');
    },
    end: (view) => assert.deepEqual(left(view), ['top']),
  }),
  about({
    name: 'garbage-collector/cycle',
    always: [],
    says: 'A circle of owners goes when one of them is deleted.',
    async act(world) {
      const one = await make(world, 'one');
      const two = await make(world, 'two', [ownedBy(one)]);
      await world.change(configMap, 'default/one', (c) => ({
        ...c,
        metadata: { ...c.metadata, ownerReferences: [ownedBy(two)] },
      }));
      await world.pass('10s');
      assert.deepEqual(left(world.view), ['one', 'two'], 'a circle that nobody deletes stays');
      await world.remove(configMap, 'default/one', { propagationPolicy: 'Background' });
    },
    end: (view) => assert.deepEqual(left(view), []),
  }),
  about({
    name: 'garbage-collector/foreground-cycle',
    always: [],
    says: 'Also in the foreground a circle does not wait for itself.',
    async act(world) {
      const one = await make(world, 'one');
      const two = await make(world, 'two', [ownedBy(one, { blockOwnerDeletion: true })]);
      await world.change(configMap, 'default/one', (c) => ({
        ...c,
        metadata: { ...c.metadata, ownerReferences: [ownedBy(two, { blockOwnerDeletion: true })] },
      }));
      await world.pass('10s');
      await world.remove(configMap, 'default/one', { propagationPolicy: 'Foreground' });
    },
    end: (view) => assert.deepEqual(left(view), []),
  }),
  about({
    name: 'garbage-collector/across-kinds',
    says: 'Owner and owned may be of different kinds.',
    async act(world) {
      const top = await make(world, 'top');
      await world.create(secret, { metadata: { ...named('key'), ownerReferences: [ownedBy(top)] } });
      await world.pass(world.random.uint32() % 2000);
      await world.remove(configMap, 'default/top');
    },
    end: (view) => assert.equal(view.get(secret, 'default/key'), undefined),
  }),
  about({
    name: 'garbage-collector/deployment-foreground',
    says: 'A deployment deleted in the foreground goes after its sets, and they after their pods.',
    controllers: () => [
      deploymentController,
      replicaSetController,
      garbageCollectorController([deployment, replicaSet, pod]),
    ],
    pods: {},
    always: [
      defineProperty({
        name: 'nobody outlives what it owns',
        of: [deployment, replicaSet],
        begin() {
          let wasThere = false;
          return (view) => {
            const found = view.get(deployment, WEB);
            wasThere ||= found !== undefined;
            return wasThere && !found && view.list(replicaSet).length > 0 ? 'sets are left' : undefined;
          };
        },
      }),
    ],
    async act(world) {
      await world.create(deployment, web(3));
      await world.until('it has pods', (view) => view.list(pod).length === 3);
      await world.pass('20s');
      await world.remove(deployment, WEB, { propagationPolicy: 'Foreground' });
    },
    end: (view) =>
      assert.deepEqual([view.list(deployment).length, view.list(replicaSet).length, view.list(pod).length], [0, 0, 0]),
  }),
  about({
    name: 'garbage-collector/deployment-at-any-time',
    says: 'A deployment that is deleted in the middle of a rollout leaves nothing.',
    controllers: () => [
      deploymentController,
      replicaSetController,
      garbageCollectorController([deployment, replicaSet, pod]),
    ],
    pods: {},
    always: [],
    async act(world) {
      await world.create(deployment, web(4));
      await world.pass(world.random.uint32() % 5000);
      await world.remove(deployment, WEB, { propagationPolicy: 'Background' });
    },
    end: (view) =>
      assert.deepEqual([view.list(deployment).length, view.list(replicaSet).length, view.list(pod).length], [0, 0, 0]),
  }),
];
