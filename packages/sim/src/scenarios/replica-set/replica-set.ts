import assert from 'node:assert/strict';
import { isActive, isReady, pod, replicaSet, replicationController, resourceQuota } from '@navarch/api';
import {
  garbageCollectorController,
  replicaSetController,
  replicationControllerController,
} from '@navarch/controllers';
import { controllerOf, type Draft, type ObjectOf } from '@navarch/machinery';
import { activePods, conditionOf, named, ownedBy, podTemplate, readyPods } from '../drafts.ts';
import { defineProperty, invariantOf, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

type ReplicaSet = ObjectOf<typeof replicaSet>;
const KEY = 'default/web';
const controllers = () => [replicaSetController];

const web = (replicas: number, more: object = {}, name = 'web'): Draft<ReplicaSet> => ({
  metadata: named(name),
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: podTemplate('web'),
    ...more,
  } as Draft<ReplicaSet>['spec'],
});
const setOf = (view: View): ReplicaSet | undefined => view.get(replicaSet, KEY);
const mine = (view: View) => ownedBy(activePods(view), setOf(view));
const isUp = (view: View, replicas: number): boolean =>
  setOf(view)?.status.availableReplicas === replicas && setOf(view)?.status.replicas === replicas;
const resize = (world: World, replicas: number): Promise<ReplicaSet> =>
  world.change(replicaSet, KEY, (s) => ({ ...s, spec: { ...s.spec, replicas } }));

const neverMoreThan = (most: number): Property =>
  invariantOf(`never more than ${most} pods`, [pod], (view) => {
    const { length } = activePods(view);
    return length > most ? `${length} pods` : undefined;
  });

/** No pod changes hands between owners: each has one, for as long as it has any. */
const oneOwnerEach: Property = defineProperty({
  name: 'no pod has two managers, or another one than before',
  of: [pod],
  begin() {
    const owners = new Map<string, string>();
    return (view) => {
      for (const p of view.list(pod)) {
        const managers = (p.metadata.ownerReferences ?? []).filter(({ controller }) => controller);
        if (managers.length > 1) return `${p.metadata.name} has ${managers.length}`;
        const uid = controllerOf(p)?.uid;
        if (uid === undefined) owners.delete(p.metadata.uid);
        else if ((owners.get(p.metadata.uid) ?? uid) !== uid) return `${p.metadata.name} has another`;
        else owners.set(p.metadata.uid, uid);
      }
      return undefined;
    };
  },
});

const exactly =
  (replicas: number) =>
  (view: View): void => {
    assert.equal(mine(view).length, replicas);
    const { status, metadata } = setOf(view) ?? {};
    const {
      replicas: all,
      readyReplicas = 0,
      availableReplicas = 0,
      fullyLabeledReplicas = 0,
    } = status ?? { replicas: -1 };
    assert.deepEqual(
      [all, readyReplicas, availableReplicas, fullyLabeledReplicas],
      [replicas, replicas, replicas, replicas],
    );
    assert.equal(status?.observedGeneration, metadata?.generation);
  };

const about = (scenario: Partial<Scenario> & Pick<Scenario, 'name' | 'says' | 'act' | 'end'>): Scenario =>
  defineScenario({ controllers, ...scenario });

export const replicaSetScenarios: readonly Scenario[] = [
  about({
    name: 'replica-set/keeps-size',
    says: 'Never more pods than wanted, and in the end as many.',
    always: [neverMoreThan(5)],
    act: async (world) => void (await world.create(replicaSet, web(5))),
    end: exactly(5),
  }),
  about({
    name: 'replica-set/replaces-deleted',
    says: 'Pods that somebody deletes are replaced.',
    always: [neverMoreThan(3)],
    async act(world) {
      await world.create(replicaSet, web(3));
      for (let n = 0; n < 4; n++) {
        await world.until('three are up', (view) => isUp(view, 3));
        await world.remove(pod, `default/${readyPods(world.view)[0]?.metadata.name}`);
        await world.pass(world.random.uint32() % 2000);
      }
    },
    end: exactly(3),
  }),
  about({
    name: 'replica-set/replaces-failed',
    says: 'A pod that has failed is no pod any more: another takes its place, and the failed one stays to be looked at.',
    pods: { ends: (_, random) => (random.uint32() % 3 === 0 ? { afterMs: 2000, exitCode: 1 } : undefined) },
    always: [neverMoreThan(3)],
    act: async (world) => {
      await world.create(replicaSet, web(3));
      await world.pass('10s');
    },
    end: exactly(3),
  }),
  about({
    name: 'replica-set/adopts',
    says: 'Pods that match and have no owner are taken over instead of making others.',
    always: [neverMoreThan(3), oneOwnerEach],
    async act(world) {
      for (const name of ['one', 'two'])
        await world.create(pod, {
          metadata: { ...named(name), labels: { app: 'web' } },
          spec: { containers: [{ name: 'c', image: 'v1' }] },
        });
      await world.pass('5s');
      await world.create(replicaSet, web(3));
    },
    end(view) {
      exactly(3)(view);
      assert.equal(mine(view).filter(({ metadata }) => ['one', 'two'].includes(metadata.name)).length, 2);
    },
  }),
  about({
    name: 'replica-set/adopts-too-many',
    says: 'Of pods that it takes over, those beyond its size go.',
    async act(world) {
      for (const name of ['one', 'two', 'three'])
        await world.create(pod, {
          metadata: { ...named(name), labels: { app: 'web' } },
          spec: { containers: [{ name: 'c', image: 'v1' }] },
        });
      await world.create(replicaSet, web(1));
    },
    end: exactly(1),
  }),
  about({
    name: 'replica-set/releases',
    says: 'A pod that no longer matches is let go, and another takes its place.',
    always: [oneOwnerEach],
    async act(world) {
      await world.create(replicaSet, web(2));
      await world.until('two are up', (view) => isUp(view, 2));
      const [first] = mine(world.view);
      await world.change(pod, `default/${first?.metadata.name}`, (p) => ({
        ...p,
        metadata: { ...p.metadata, labels: { app: 'debug' } },
      }));
    },
    end(view) {
      exactly(2)(view);
      const [free] = view.list(pod).filter((p) => p.metadata.labels?.['app'] === 'debug');
      assert.ok(free && isActive(free) && controllerOf(free) === undefined);
    },
  }),
  about({
    name: 'replica-set/two-with-one-selector',
    says: 'Two sets with the same selector never take a pod from one another.',
    always: [oneOwnerEach],
    async act(world) {
      await world.create(replicaSet, web(2));
      await world.create(replicaSet, web(3, {}, 'other'));
    },
    end(view) {
      exactly(2)(view);
      assert.equal(ownedBy(activePods(view), view.get(replicaSet, 'default/other')).length, 3);
    },
  }),
  about({
    name: 'replica-set/unready-go-first',
    says: 'Made smaller, it gives up pods that do not serve before those that do.',
    pods: { startMs: (_, random) => (random.uint32() % 2 === 0 ? undefined : 300) },
    // Which pods serve is known from the cache: one that is far behind chooses among what it sees.
    spares: ['network'],
    async act(world) {
      await world.create(replicaSet, web(6));
      await world.until('six are there', (view) => activePods(view).length === 6);
      await world.pass('20s');
      const ready = readyPods(world.view).map((p) => p.metadata.uid);
      await resize(world, 3);
      await world.until('three are left', (view) => activePods(view).length === 3);
      const left = activePods(world.view).map((p) => p.metadata.uid);
      assert.equal(left.filter((uid) => ready.includes(uid)).length, Math.min(3, ready.length));
    },
    end: (view) => assert.equal(activePods(view).length, 3),
  }),
  about({
    name: 'replica-set/deletion-cost',
    says: 'Of pods that serve alike, the one with the lowest deletion cost goes first (KEP-2255).',
    spares: ['network'],
    async act(world) {
      await world.create(replicaSet, web(3));
      await world.until('three are up', (view) => isUp(view, 3));
      const [cheap] = readyPods(world.view);
      await world.change(pod, `default/${cheap?.metadata.name}`, (p) => ({
        ...p,
        metadata: { ...p.metadata, annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-10' } },
      }));
      await world.pass('10s');
      await resize(world, 2);
      await world.until('two are left', (view) => activePods(view).length === 2);
      assert.ok(!activePods(world.view).some((p) => p.metadata.uid === cheap?.metadata.uid));
    },
    end: exactly(2),
  }),
  about({
    name: 'replica-set/scale-up-and-down',
    says: 'Whatever sizes follow one another, in the end it has the last one.',
    always: [neverMoreThan(8)],
    async act(world) {
      await world.create(replicaSet, web(2));
      for (let n = 0; n < 6; n++) {
        await world.pass(world.random.uint32() % 1500);
        await resize(world, world.random.uint32() % 9);
      }
      await resize(world, 4);
    },
    end: exactly(4),
  }),
  about({
    name: 'replica-set/quota',
    says: 'What a quota refuses is told in a condition, and made when there is room.',
    always: [neverMoreThan(4)],
    async act(world) {
      const hard = { pods: '2' };
      await world.create(resourceQuota, { metadata: named('two'), spec: { hard } });
      await world.setStatus(resourceQuota, 'default/two', (q) => ({ ...q, status: { hard, used: { pods: '0' } } }));
      await world.create(replicaSet, web(4));
      await world.until('it is told', (view) => conditionOf(setOf(view), 'ReplicaFailure')?.reason === 'FailedCreate');
      await world.remove(resourceQuota, 'default/two');
    },
    end(view) {
      exactly(4)(view);
      assert.equal(conditionOf(setOf(view), 'ReplicaFailure'), undefined);
    },
  }),
  about({
    name: 'replica-set/min-ready',
    says: 'A pod is available when it was ready for minReadySeconds.',
    spares: ['clock jumps'],
    pods: { startMs: () => 500 },
    async act(world) {
      await world.create(replicaSet, web(2, { minReadySeconds: 15 }));
      await world.until('two are ready', (view) => setOf(view)?.status.readyReplicas === 2);
      const since = Math.max(
        ...readyPods(world.view).map((p) =>
          Date.parse(p.status.conditions?.find((c) => c.type === 'Ready')?.lastTransitionTime ?? ''),
        ),
      );
      await world.until('two are available', (view) => setOf(view)?.status.availableReplicas === 2);
      assert.ok(world.clock.now() - since >= 15_000);
    },
    end: exactly(2),
  }),
  about({
    name: 'replica-set/deleted',
    says: 'A deleted set takes its pods along.',
    controllers: () => [replicaSetController, garbageCollectorController([replicaSet, pod])],
    async act(world) {
      await world.create(replicaSet, web(3));
      await world.pass(world.random.uint32() % 3000);
      await world.remove(replicaSet, KEY, { propagationPolicy: 'Background' });
    },
    end: (view) => assert.deepEqual([view.list(replicaSet).length, view.list(pod).length], [0, 0]),
  }),
  about({
    name: 'replica-set/deleted-foreground',
    says: 'Deleted in the foreground it goes after its pods.',
    controllers: () => [replicaSetController, garbageCollectorController([replicaSet, pod])],
    always: [
      invariantOf('no pod outlives it', [replicaSet], (view) =>
        setOf(view) === undefined && view.list(pod).some(isReady) ? 'one does' : undefined,
      ),
    ],
    async act(world) {
      await world.create(replicaSet, web(3));
      await world.until('three are up', (view) => isUp(view, 3));
      await world.remove(replicaSet, KEY, { propagationPolicy: 'Foreground' });
    },
    end: (view) => assert.deepEqual([view.list(replicaSet).length, view.list(pod).length], [0, 0]),
  }),
  about({
    name: 'replica-set/deleted-orphaning',
    says: 'Deleted with Orphan it leaves its pods, and a new one takes them over.',
    controllers: () => [replicaSetController, garbageCollectorController([replicaSet, pod])],
    async act(world) {
      await world.create(replicaSet, web(3));
      await world.until('three are up', (view) => isUp(view, 3));
      // As upstream: a pod that the collector has not seen yet when the set goes is garbage.
      await world.pass('30s');
      await world.remove(replicaSet, KEY, { propagationPolicy: 'Orphan' });
      await world.until('it is gone', (view) => setOf(view) === undefined);
      assert.equal(world.view.list(pod).filter((p) => controllerOf(p) === undefined).length, 3);
      await world.create(replicaSet, web(3));
    },
    end: exactly(3),
  }),
  about({
    name: 'replication-controller/keeps-size',
    says: 'A replication controller keeps its size as a replica set does.',
    controllers: () => [replicationControllerController],
    always: [neverMoreThan(3), oneOwnerEach],
    async act(world) {
      await world.create(replicationController, {
        metadata: named('web'),
        spec: { replicas: 3, selector: { app: 'web' }, template: podTemplate('web') } as Draft<
          ObjectOf<typeof replicationController>
        >['spec'],
      });
      await world.until('three are up', (view) => readyPods(view).length === 3);
      await world.remove(pod, `default/${readyPods(world.view)[0]?.metadata.name}`);
    },
    end: (view) => assert.equal(view.get(replicationController, KEY)?.status.availableReplicas, 3),
  }),
];
