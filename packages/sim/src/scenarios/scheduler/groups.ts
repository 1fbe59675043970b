import assert from 'node:assert/strict';
import { node, pod, podGroup, priorityClass } from '@navarch/api';
import { podGroupProtectionController } from '@navarch/controllers';
import type { ObjectOf } from '@navarch/machinery';
import { named } from '../drafts.ts';
import { defineProperty, type Property } from '../property.ts';
import type { Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';
import { addNode, addPod, homeless, homes, preempted, scheduling } from './rules.ts';

type PodGroup = ObjectOf<typeof podGroup>;

export const makeGroup = (world: World, name: string, minCount: number, spec: object = {}): Promise<PodGroup> =>
  world.create(podGroup, {
    metadata: named(name),
    spec: { schedulingPolicy: { gang: { minCount } }, ...spec },
  } as never);

export const addMember = (world: World, group: string, i: number, priority?: number, spec: object = {}) =>
  addPod(world, `${group}-${i}`, {
    ...(priority === undefined ? {} : { priority }),
    spec: { schedulingGroup: { podGroupName: group }, ...spec },
  });

export const boundOf = (view: View, group: string): number =>
  Object.entries(homes(view)).filter(([name, home]) => name.startsWith(`${group}-`) && home !== 'none').length;

const isTold = ({ status }: PodGroup): boolean =>
  status.conditions?.some(({ type, status: is }) => type === 'PodGroupInitiallyScheduled' && is === 'True') ?? false;

const RACK = 'example.com/rack';

const racksOf = (view: View, group: string): readonly (string | undefined)[] =>
  Object.entries(homes(view))
    .filter(([name, home]) => name.startsWith(`${group}-`) && home !== 'none')
    .map(([, home]) => view.get(node, home)?.metadata.labels?.[RACK]);

/** Word of a group's placement is never taken back. */
const toldForGood: Property = defineProperty({
  name: 'a group that was placed stays so in its status',
  of: [podGroup],
  begin() {
    const told = new Set<string>();
    return (view) => {
      for (const group of view.list(podGroup)) {
        if (isTold(group)) told.add(group.metadata.uid);
        else if (told.has(group.metadata.uid)) return group.metadata.name;
      }
      return undefined;
    };
  },
});

export const grouping = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'> & Partial<Scenario>): Scenario =>
  scheduling({
    hasGroups: true,
    controllers: () => [podGroupProtectionController],
    ...scenario,
    always: [toldForGood, ...(scenario.always ?? [])],
  });

/** As many as must be, or none: not a part that holds its room and waits for ever. */
function whole(view: View, sizes: Readonly<Record<string, number>>): void {
  for (const [group, minCount] of Object.entries(sizes)) {
    const bound = boundOf(view, group);
    assert.ok(bound === 0 || bound >= minCount, `${group}: ${bound} of ${minCount}`);
  }
}

export const groupScenarios: readonly Scenario[] = [
  grouping({
    name: 'scheduler/groups',
    says: 'Of groups that want the same room one gets it, whole; the next when it is free again.',
    async act(world) {
      for (const name of ['a', 'b']) await addNode(world, name);
      const groups = ['red', 'blue'];
      for (const name of groups) await makeGroup(world, name, 3);
      for (let i = 0; i < 3; i++)
        for (const name of groups) {
          await addMember(world, name, i);
          await world.pass(world.random.uint32() % 500);
        }
      await world.until('one is placed', (view) => groups.some((name) => boundOf(view, name) === 3));
      await world.pass('60s');
      whole(world.view, { red: 3, blue: 3 });
      const first = groups.find((name) => boundOf(world.view, name) === 3);
      for (let i = 0; i < 3; i++) await world.remove(pod, `default/${first}-${i}`);
    },
    end(view) {
      assert.deepEqual([homeless(view), view.list(pod).length], [[], 3]);
      assert.deepEqual(view.list(podGroup).map(isTold), [true, true]);
    },
  }),
  grouping({
    name: 'scheduler/groups-among-others',
    says: 'Pods that go by themselves and groups share the nodes; no group holds a part of its room and waits.',
    async act(world) {
      for (const name of ['a', 'b', 'c']) await addNode(world, name);
      await makeGroup(world, 'four', 4);
      await makeGroup(world, 'two', 2);
      const steps = [
        ...[0, 1, 2, 3].map((i) => () => addMember(world, 'four', i)),
        ...[0, 1, 2].map((i) => () => addMember(world, 'two', i)),
        ...[0, 1].map((i) => () => addPod(world, `single-${i}`)),
      ];
      while (steps.length > 0) {
        const [step] = steps.splice(world.random.uint32() % steps.length, 1);
        await step?.();
        await world.pass(world.random.uint32() % 700);
      }
      await world.until('the nodes are full or the groups wait', (view) => homeless(view).length <= 5);
      await world.pass('30s');
      for (let i = 0; i < 2; i++) await world.remove(pod, `default/single-${i}`);
    },
    end: (view) => {
      whole(view, { four: 4, two: 2 });
      assert.ok(homeless(view).length <= 4, homeless(view).join());
    },
  }),
  grouping({
    name: 'scheduler/group-preemption',
    says: 'Others are sent away for a group that has room then, and for none that has not.',
    always: [
      defineProperty({
        name: 'nobody is sent away in vain',
        of: [pod],
        begin: () => (view) => preempted(view).find(({ metadata }) => !metadata.name.startsWith('low'))?.metadata.name,
      }),
    ],
    async act(world) {
      for (const value of [1, 2])
        await world.create(priorityClass, { metadata: { name: `p${value}` }, value: value * 100 });
      for (const name of ['a', 'b']) await addNode(world, name);
      for (let i = 0; i < 2; i++) await addPod(world, `low-${i}`, { priority: 1 });
      await addPod(world, 'high', { priority: 2 });
      await world.until('all are placed', (view) => homeless(view).length === 0);
      await makeGroup(world, 'much', 4, { priorityClassName: 'p2' });
      for (let i = 0; i < 4; i++) await addMember(world, 'much', i, 2);
      await world.pass('60s');
      assert.deepEqual(preempted(world.view), []);
      assert.equal(boundOf(world.view, 'much'), 0);
      await makeGroup(world, 'some', 3, { priorityClassName: 'p2' });
      for (let i = 0; i < 3; i++) await addMember(world, 'some', i, 2);
      await world.until('the group is placed', (view) => boundOf(view, 'some') === 3);
    },
    end: (view) =>
      assert.deepEqual([boundOf(view, 'some'), boundOf(view, 'much'), homes(view)['low-0']], [3, 0, undefined]),
  }),
  grouping({
    name: 'scheduler/group-in-one-rack',
    says: 'A group that has to stay together is in one rack at every moment, also when a crash came between its bindings.',
    always: [
      defineProperty({
        name: 'the group is in one rack',
        of: [pod, node],
        begin: () => (view) => {
          const racks = new Set(racksOf(view, 'g'));
          return racks.size > 1 ? [...racks].join(' and ') : undefined;
        },
      }),
    ],
    async act(world) {
      for (const name of ['a', 'b']) await addNode(world, name, '2', { [RACK]: 'small' });
      for (const name of ['c', 'd', 'e']) await addNode(world, name, '2', { [RACK]: 'large' });
      await addNode(world, 'f', '8');
      for (let i = 0; i < 2; i++) await addPod(world, `other-${i}`, { spec: { nodeSelector: { [RACK]: 'large' } } });
      await world.until('the others are placed', (view) => homeless(view).length === 0);
      const schedulingConstraints = { topology: [{ key: RACK }] };
      await makeGroup(world, 'g', 4, { schedulingConstraints });
      for (let i = 0; i < 6; i++) {
        await addMember(world, 'g', i);
        await world.pass(world.random.uint32() % 400);
      }
      await world.until('as many as must be are placed', (view) => boundOf(view, 'g') >= 4);
      await world.pass('30s');
      for (let i = 0; i < 2; i++) await world.remove(pod, `default/other-${i}`);
    },
    end(view) {
      const racks = racksOf(view, 'g');
      // The small one takes four, the large one all when the others have gone.
      assert.equal(racks.length, racks[0] === 'small' ? 4 : 6);
    },
  }),
  grouping({
    name: 'scheduler/group-goes',
    says: 'A group that is deleted stays until its pods are over; what waits for it waits on.',
    async act(world) {
      await addNode(world, 'a');
      await makeGroup(world, 'g', 2);
      for (let i = 0; i < 2; i++) await addMember(world, 'g', i);
      await world.until('it is placed', (view) => boundOf(view, 'g') === 2);
      await world.remove(podGroup, 'default/g');
      await world.pass('30s');
      assert.ok(world.view.get(podGroup, 'default/g'));
      for (let i = 0; i < 2; i++) await world.remove(pod, `default/g-${i}`);
      await world.until('it is gone', (view) => !view.get(podGroup, 'default/g'));
      await addMember(world, 'g', 2);
    },
    end: (view) => assert.deepEqual([homeless(view), view.list(podGroup)], [['g-2'], []]),
  }),
];
