import assert from 'node:assert/strict';
import { deployment, isActive, isReady, pod, podDisruptionBudget, replicaSet, statefulSet } from '@navarch/api';
import { deploymentController, disruptionController, replicaSetController } from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { conditionOf, named, readyPods, resize, WEB, web } from '../drafts.ts';
import { defineProperty, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

type Budget = ObjectOf<typeof podDisruptionBudget>;
const controllers = () => [
  deploymentController,
  replicaSetController,
  disruptionController([deployment, replicaSet, statefulSet]),
];

const budget = (spec: object): Draft<Budget> => ({
  metadata: named('web'),
  spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
});

const statusOf = (view: View) => view.get(podDisruptionBudget, WEB)?.status;

/** True when it was evicted, false when a budget said no. */
async function evict(world: World, name: string): Promise<boolean> {
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: named(name) };
  const reason = await world.refusal((api) => api.of(pod).post(`default/${name}`, 'eviction', body));
  assert.ok(reason === undefined || ['TooManyRequests', 'NotFound', 'Conflict'].includes(reason), `refused: ${reason}`);
  return reason === undefined;
}

/** Tries to evict one pod after the other for a while. */
async function drain(world: World, rounds: number): Promise<number> {
  let evicted = 0;
  for (let n = 0; n < rounds; n++) {
    const pods = readyPods(world.view);
    const target = pods[world.random.uint32() % Math.max(1, pods.length)];
    if (target && (await evict(world, target.metadata.name))) evicted += 1;
    await world.pass(world.random.uint32() % 1500);
  }
  return evicted;
}

/** From when the budget counted them for the first time. */
const neverFewerThan = (least: number): Property =>
  defineProperty({
    name: `evictions leave ${least} healthy pods`,
    of: [pod, podDisruptionBudget],
    begin() {
      let wasCounted = false;
      return (view) => {
        wasCounted ||= (statusOf(view)?.currentHealthy ?? 0) >= least;
        const { length } = view.list(pod).filter((p) => isActive(p) && isReady(p));
        return wasCounted && length < least ? `${length} are left` : undefined;
      };
    },
  });

const counted =
  (expected: number, desired: number, allowed: number) =>
  (view: View): void => {
    const { expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed } = statusOf(view) ?? {};
    assert.deepEqual(
      [expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed],
      [expected, desired, expected, allowed],
    );
    assert.equal(
      conditionOf(view.get(podDisruptionBudget, WEB), 'DisruptionAllowed')?.status,
      allowed > 0 ? 'True' : 'False',
    );
  };

const about = (scenario: Partial<Scenario> & Pick<Scenario, 'name' | 'says' | 'act' | 'end'>): Scenario =>
  defineScenario({ controllers, ...scenario });

const draining =
  (spec: object, replicas: number): Scenario['act'] =>
  async (world) => {
    await world.create(deployment, web(replicas));
    await world.create(podDisruptionBudget, budget(spec));
    await world.until('all are counted', (view) => statusOf(view)?.currentHealthy === replicas);
    await drain(world, 12);
  };

export const disruptionScenarios: readonly Scenario[] = [
  about({
    name: 'disruption/min-available',
    says: 'Evictions leave as many pods as minAvailable says, however many ask at once.',
    always: [neverFewerThan(3)],
    act: draining({ minAvailable: 3 }, 4),
    end: counted(4, 3, 1),
  }),
  about({
    name: 'disruption/max-unavailable',
    says: 'Evictions take as many pods as maxUnavailable says, of those that the owner wants.',
    always: [neverFewerThan(4)],
    act: draining({ maxUnavailable: 1 }, 5),
    end: counted(5, 4, 1),
  }),
  about({
    name: 'disruption/share',
    says: 'minAvailable may be a share, rounded up.',
    always: [neverFewerThan(3)],
    act: draining({ minAvailable: '50%' }, 5),
    end: counted(5, 3, 2),
  }),
  about({
    name: 'disruption/nothing-allowed',
    says: 'A budget that keeps everything allows no eviction at all.',
    always: [neverFewerThan(3)],
    async act(world) {
      await world.create(deployment, web(3));
      await world.create(podDisruptionBudget, budget({ minAvailable: '100%' }));
      await world.until('all are counted', (view) => statusOf(view)?.currentHealthy === 3);
      assert.equal(await drain(world, 6), 0);
    },
    end: counted(3, 3, 0),
  }),
  about({
    name: 'disruption/follows-scale',
    says: 'What a share is of follows the size that the owner wants.',
    async act(world) {
      await world.create(deployment, web(4));
      await world.create(podDisruptionBudget, budget({ maxUnavailable: '50%' }));
      await world.until('four are counted', (view) => statusOf(view)?.expectedPods === 4);
      await resize(world, 8);
    },
    end: counted(8, 4, 4),
  }),
  about({
    name: 'disruption/not-ready-may-go',
    says: 'With AlwaysAllow a pod that does not serve may be evicted whatever the budget says.',
    pods: { startMs: () => undefined },
    async act(world) {
      await world.create(deployment, web(2));
      await world.create(podDisruptionBudget, budget({ minAvailable: 2, unhealthyPodEvictionPolicy: 'AlwaysAllow' }));
      await world.until('it is counted', (view) => statusOf(view)?.expectedPods === 2);
      await world.until('two are placed', (view) => view.list(pod).filter((p) => p.spec.nodeName).length === 2);
      const first = firstOf(world);
      await world.setStatus(pod, `default/${first}`, (p) => ({
        ...p,
        status: { ...p.status, phase: 'Running' as const },
      }));
      await evict(world, first);
      await world.until('it goes', (found) => !found.list(pod).some((p) => isActive(p) && p.metadata.name === first));
    },
    end: (found) => assert.equal(found.list(pod).filter(isActive).length, 2),
  }),
  about({
    name: 'disruption/not-ready-is-kept',
    says: 'By default a pod that does not serve may be evicted only where enough others do.',
    pods: { startMs: () => undefined },
    async act(world) {
      await world.create(deployment, web(2));
      await world.create(podDisruptionBudget, budget({ minAvailable: 2 }));
      await world.until('it is counted', (found) => statusOf(found)?.expectedPods === 2);
      await world.until('two are placed', (found) => found.list(pod).filter((p) => p.spec.nodeName).length === 2);
      const first = firstOf(world);
      await world.setStatus(pod, `default/${first}`, (p) => ({
        ...p,
        status: { ...p.status, phase: 'Running' as const },
      }));
      assert.equal(await evict(world, first), false);
    },
    end: (found) => assert.equal(statusOf(found)?.disruptionsAllowed, 0),
  }),
  about({
    name: 'disruption/no-budget',
    says: 'Without a budget every pod may be evicted, and its owner makes another.',
    async act(world) {
      await world.create(deployment, web(2));
      await world.until('two are up', (found) => readyPods(found).length === 2);
      assert.ok((await drain(world, 4)) > 0);
    },
    end: (found) => assert.equal(readyPods(found).length, 2),
  }),
];

const firstOf = (world: World): string => world.view.list(pod).find(isActive)?.metadata.name ?? '';
