import assert from 'node:assert/strict';
import { controllerRevision, isActive, persistentVolumeClaim, pod, statefulSet } from '@navarch/api';
import { claimProtectionController, garbageCollectorController, statefulSetController } from '@navarch/controllers';
import { imageOf, named } from '../drafts.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import {
  atMostMissing,
  change,
  claims,
  controllers,
  db,
  goneInOrder,
  isUp,
  KEY,
  madeInOrder,
  onePodPerOrdinal,
  ordinalOf,
  setImage,
  setOf,
  up,
} from './properties.ts';

type Parts = Partial<Scenario> & Pick<Scenario, 'name' | 'says' | 'act' | 'end'>;

const about = ({ always = [], ...more }: Parts): Scenario =>
  defineScenario({ controllers, ...more, always: [onePodPerOrdinal, ...always] });

const exactly =
  (replicas: number, image = 'v1') =>
  (view: View): void => {
    assert.deepEqual(
      up(view),
      Array.from({ length: replicas }, (_, i) => `${i} ${image}`),
    );
    const { status } = setOf(view) ?? {};
    assert.deepEqual(
      [status?.replicas, status?.readyReplicas, status?.updatedReplicas],
      [replicas, replicas, replicas],
    );
    assert.equal(status?.currentRevision, status?.updateRevision);
  };
const claimNames = (view: View): readonly string[] => view.list(persistentVolumeClaim).map((c) => c.metadata.name);
const collected = () => [
  statefulSetController,
  garbageCollectorController([statefulSet, pod, persistentVolumeClaim]),
  claimProtectionController,
];
const RETAIN = { whenDeleted: 'Retain', whenScaled: 'Retain' } as const;

export const statefulSetScenarios: readonly Scenario[] = [
  about({
    name: 'stateful-set/ordered',
    says: 'Pods are made one after the other, each when all before it are ready.',
    always: [madeInOrder],
    act: async (world) => void (await world.create(statefulSet, db(4))),
    end: exactly(4),
  }),
  about({
    name: 'stateful-set/parallel',
    says: 'With Parallel nobody is waited for.',
    pods: { startMs: (p) => (ordinalOf(p) === 0 ? undefined : 500) },
    act: async (world) => void (await world.create(statefulSet, db(3, { podManagementPolicy: 'Parallel' }))),
    end: (view) => assert.deepEqual(up(view), ['1 v1', '2 v1']),
  }),
  about({
    name: 'stateful-set/waits-for-unready',
    says: 'A first pod that never gets ready keeps all others from being made.',
    pods: { startMs: (p) => (ordinalOf(p) === 0 ? undefined : 500) },
    act: async (world) => void (await world.create(statefulSet, db(3))),
    end: (view) => assert.deepEqual(view.list(pod).map(ordinalOf), [0]),
  }),
  about({
    name: 'stateful-set/scale-down',
    says: 'The last goes first, and the next when it has gone.',
    always: [madeInOrder, goneInOrder],
    async act(world) {
      await world.create(statefulSet, db(4));
      await world.until('four are up', (view) => isUp(view, 4));
      await change(world, { replicas: 1 });
    },
    end: exactly(1),
  }),
  about({
    name: 'stateful-set/scale-down-and-up',
    says: 'A set that is made smaller and larger at once ends with the pods it should have.',
    async act(world) {
      await world.create(statefulSet, db(3));
      await world.until('three are up', (view) => isUp(view, 3));
      await change(world, { replicas: 0 });
      await world.pass(world.random.uint32() % 4000);
      await change(world, { replicas: 3 });
    },
    end: exactly(3),
  }),
  about({
    name: 'stateful-set/rolling',
    says: 'An update goes from the last to the first, one at a time, each when the one before is ready again.',
    always: [atMostMissing(1, 3)],
    async act(world) {
      await world.create(statefulSet, db(3));
      await world.until('v1 is up', (view) => isUp(view, 3));
      await setImage(world, 'v2');
      const order: string[] = [];
      await world.until('v2 is up', (view) => {
        for (const one of up(view)) if (one.endsWith('v2') && !order.includes(one)) order.push(one);
        return isUp(view, 3, 'v2');
      });
      assert.deepEqual(order, ['2 v2', '1 v2', '0 v2']);
    },
    end: exactly(3, 'v2'),
  }),
  about({
    name: 'stateful-set/rolling-parallel',
    says: 'Also with Parallel an update takes one at a time.',
    always: [atMostMissing(1, 3)],
    async act(world) {
      await world.create(statefulSet, db(3, { podManagementPolicy: 'Parallel' }));
      await world.until('v1 is up', (view) => isUp(view, 3));
      await setImage(world, 'v2');
    },
    end: exactly(3, 'v2'),
  }),
  about({
    name: 'stateful-set/max-unavailable',
    says: 'With maxUnavailable 2 an update takes two at a time, never three (KEP-961).',
    always: [atMostMissing(2, 4)],
    async act(world) {
      const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } };
      await world.create(statefulSet, db(4, { updateStrategy, podManagementPolicy: 'Parallel' }));
      await world.until('v1 is up', (view) => isUp(view, 4));
      await setImage(world, 'v2');
    },
    end: exactly(4, 'v2'),
  }),
  about({
    name: 'stateful-set/partition',
    says: 'Ordinals below the partition keep the old template, also when their pods are made anew.',
    async act(world) {
      const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 2 } };
      await world.create(statefulSet, db(3, { updateStrategy }));
      await world.until('v1 is up', (view) => isUp(view, 3));
      await setImage(world, 'v2');
      await world.until('the last is of v2', (view) => up(view).includes('2 v2'));
      await world.remove(pod, 'default/db-0');
    },
    end: (view) => assert.deepEqual(up(view), ['0 v1', '1 v1', '2 v2']),
  }),
  about({
    name: 'stateful-set/partition-lowered',
    says: 'A partition that is lowered step by step rolls the rest out.',
    async act(world) {
      const at = (partition: number) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } } });
      await world.create(statefulSet, db(3, at(3)));
      await world.until('v1 is up', (view) => isUp(view, 3));
      await setImage(world, 'v2');
      await world.pass('5s');
      assert.ok(world.view.list(pod).every((p) => imageOf(p) === 'v1'));
      await change(world, at(1));
      await world.until('two are of v2', (view) => up(view).join() === '0 v1,1 v2,2 v2');
      await change(world, at(0));
    },
    end: exactly(3, 'v2'),
  }),
  about({
    name: 'stateful-set/on-delete',
    says: 'With OnDelete a pod is of the new template when somebody has deleted it.',
    async act(world) {
      await world.create(statefulSet, db(2, { updateStrategy: { type: 'OnDelete' } }));
      await world.until('v1 is up', (view) => isUp(view, 2));
      await setImage(world, 'v2');
      await world.pass('10s');
      assert.deepEqual(up(world.view), ['0 v1', '1 v1']);
      await world.remove(pod, 'default/db-1');
    },
    end: (view) => assert.deepEqual(up(view), ['0 v1', '1 v2']),
  }),
  about({
    name: 'stateful-set/rollback',
    says: 'The template before is the revision before, taken up again as the newest.',
    async act(world) {
      await world.create(statefulSet, db(2));
      await world.until('v1 is up', (view) => isUp(view, 2));
      await setImage(world, 'v2');
      await world.until('v2 is up', (view) => isUp(view, 2, 'v2'));
      await setImage(world, 'v1');
    },
    end(view) {
      exactly(2)(view);
      assert.equal(view.list(controllerRevision).length, 2);
    },
  }),
  about({
    name: 'stateful-set/history-limit',
    says: 'Of revisions that no pod is of, revisionHistoryLimit stay.',
    async act(world) {
      await world.create(statefulSet, db(1, { revisionHistoryLimit: 1 }));
      await world.until('v1 is up', (view) => isUp(view, 1));
      for (const image of ['v2', 'v3', 'v4']) {
        await setImage(world, image);
        await world.until(`${image} is up`, (view) => isUp(view, 1, image));
      }
    },
    end(view) {
      exactly(1, 'v4')(view);
      assert.equal(view.list(controllerRevision).length, 2);
    },
  }),
  about({
    name: 'stateful-set/pod-deleted',
    says: 'A pod that is deleted comes back under its name, with its claim.',
    async act(world) {
      await world.create(statefulSet, db(2, claims));
      await world.until('two are up', (view) => isUp(view, 2));
      await world.remove(pod, 'default/db-0');
    },
    end(view) {
      exactly(2)(view);
      assert.deepEqual(claimNames(view), ['data-db-0', 'data-db-1']);
      for (const p of view.list(pod))
        assert.equal(
          p.spec.volumes?.find(({ name }) => name === 'data')?.persistentVolumeClaim?.claimName,
          `data-${p.metadata.name}`,
        );
    },
  }),
  about({
    name: 'stateful-set/pod-failed',
    says: 'A pod that has ended is removed and made again.',
    pods: {
      ends: (p, random) =>
        ordinalOf(p) === 1 && random.uint32() % 2 === 0 ? { afterMs: 1000, exitCode: 1 } : undefined,
    },
    act: async (world) => void (await world.create(statefulSet, db(2))),
    end: exactly(2),
  }),
  about({
    name: 'stateful-set/start-ordinal',
    says: 'Ordinals begin where the set says (KEP-3335).',
    act: async (world) => void (await world.create(statefulSet, db(2, { ordinals: { start: 5 } }))),
    end: (view) => assert.deepEqual(up(view), ['5 v1', '6 v1']),
  }),
  about({
    name: 'stateful-set/start-ordinal-moved',
    says: 'When the start moves, pods before it go and pods after the end come.',
    async act(world) {
      await world.create(statefulSet, db(2, { podManagementPolicy: 'Parallel' }));
      await world.until('two are up', (view) => up(view).length === 2);
      await change(world, { ordinals: { start: 1 } });
    },
    end: (view) => assert.deepEqual(up(view), ['1 v1', '2 v1']),
  }),
  about({
    name: 'stateful-set/min-ready',
    says: 'With minReadySeconds the next is made when the one before was ready for so long.',
    spares: ['clock jumps'],
    always: [madeInOrder],
    async act(world) {
      const began = world.clock.monotonic();
      await world.create(statefulSet, db(3, { minReadySeconds: 10 }));
      await world.until('all are available', (view) => setOf(view)?.status.availableReplicas === 3);
      assert.ok(world.clock.monotonic() - began >= 27_000);
    },
    end: exactly(3),
  }),
  about({
    name: 'stateful-set/claims-retained',
    says: 'Claims outlive smaller sets, and are taken again by larger ones.',
    controllers: collected,
    async act(world) {
      await world.create(statefulSet, db(2, { ...claims, persistentVolumeClaimRetentionPolicy: RETAIN }));
      await world.until('two are up', (view) => isUp(view, 2));
      const uid = world.view.get(persistentVolumeClaim, 'default/data-db-1')?.metadata.uid;
      await change(world, { replicas: 1 });
      await world.until('one is left', (view) => view.list(pod).length === 1);
      await world.pass('20s');
      await change(world, { replicas: 2 });
      await world.until('two are up again', (view) => isUp(view, 2));
      assert.equal(world.view.get(persistentVolumeClaim, 'default/data-db-1')?.metadata.uid, uid);
    },
    end: (view) => assert.deepEqual(claimNames(view), ['data-db-0', 'data-db-1']),
  }),
  about({
    name: 'stateful-set/claims-go-with-scale',
    says: 'With whenScaled Delete the claim of a pod that is one too many goes with it (KEP-1847).',
    controllers: collected,
    async act(world) {
      const persistentVolumeClaimRetentionPolicy = { ...RETAIN, whenScaled: 'Delete' };
      await world.create(statefulSet, db(2, { ...claims, persistentVolumeClaimRetentionPolicy }));
      await world.until('two are up', (view) => isUp(view, 2));
      await change(world, { replicas: 1 });
    },
    end: (view) => assert.deepEqual(claimNames(view), ['data-db-0']),
  }),
  about({
    name: 'stateful-set/claims-go-with-set',
    says: 'With whenDeleted Delete claims go with the set.',
    controllers: collected,
    async act(world) {
      const persistentVolumeClaimRetentionPolicy = { ...RETAIN, whenDeleted: 'Delete' };
      await world.create(statefulSet, db(2, { ...claims, persistentVolumeClaimRetentionPolicy }));
      await world.until('two are up', (view) => isUp(view, 2));
      await world.remove(statefulSet, KEY, { propagationPolicy: 'Background' });
    },
    end: (view) => assert.deepEqual([claimNames(view), view.list(pod).length], [[], 0]),
  }),
  about({
    name: 'stateful-set/claims-stay-after-set',
    says: 'By default claims stay when the set is deleted, its pods do not.',
    controllers: collected,
    async act(world) {
      await world.create(statefulSet, db(2, claims));
      await world.until('two are up', (view) => isUp(view, 2));
      await world.remove(statefulSet, KEY, { propagationPolicy: 'Foreground' });
    },
    end(view) {
      assert.deepEqual(claimNames(view), ['data-db-0', 'data-db-1']);
      assert.deepEqual([view.list(pod).length, view.list(statefulSet).length], [0, 0]);
    },
  }),
  about({
    name: 'stateful-set/deleted-foreground',
    says: 'Deleted in the foreground it tells how many of its pods are left, makes none, and goes after the last.',
    controllers: collected,
    pods: { stopMs: (p, random) => (p.metadata.name === 'db-1' ? undefined : 100 + (random.uint32() % 1000)) },
    async act(world) {
      await world.create(statefulSet, db(3));
      await world.until('all are up', (view) => setOf(view)?.status.availableReplicas === 3);
      await world.remove(statefulSet, KEY, { propagationPolicy: 'Foreground' });
      // The last may be told to go after the others have gone, where somebody refused it before: until then it serves.
      await world.until('it tells that one is left, and serves nobody', (view) => {
        const { replicas, readyReplicas, availableReplicas } = setOf(view)?.status ?? {};
        return replicas === 1 && readyReplicas === undefined && availableReplicas === 0;
      });
      await world.remove(pod, 'default/db-1', { gracePeriodSeconds: 0 });
    },
    end: (view) => assert.deepEqual([view.list(statefulSet), view.list(pod)], [[], []]),
  }),
  about({
    name: 'stateful-set/adopts',
    says: 'A pod of its name and labels that nobody manages becomes its own.',
    async act(world) {
      await world.create(pod, {
        metadata: { ...named('db-0'), labels: { app: 'db' } },
        spec: { containers: [{ name: 'c', image: 'v1' }] },
      });
      await world.create(statefulSet, db(2));
    },
    end(view) {
      const pods = view.list(pod).filter(isActive);
      assert.deepEqual(
        pods.map((p) => p.metadata.ownerReferences?.[0]?.name),
        ['db', 'db'],
      );
    },
  }),
  about({
    name: 'stateful-set/broken-update-mended',
    says: 'An update that never gets ready stops at its first pod; a template that works goes on when that pod is deleted.',
    pods: { startMs: (p) => (imageOf(p) === 'broken' ? undefined : 300) },
    always: [atMostMissing(1, 3)],
    async act(world) {
      await world.create(statefulSet, db(3));
      await world.until('v1 is up', (view) => isUp(view, 3));
      await setImage(world, 'broken');
      await world.until('the last is broken', (view) =>
        view.list(pod).some((p) => imageOf(p) === 'broken' && isActive(p)),
      );
      await world.pass('10s');
      assert.deepEqual(up(world.view), ['0 v1', '1 v1']);
      await setImage(world, 'v3');
      await world.pass('2s');
      await world.remove(pod, 'default/db-2');
    },
    end: exactly(3, 'v3'),
  }),
];
