import assert from 'node:assert/strict';
import { pod, podDisruptionBudget, priorityClass, replicaSet } from '@navarch/api';
import { disruptionController } from '@navarch/controllers';
import { named } from '../drafts.ts';
import { defineProperty, type Property } from '../property.ts';
import type { Scenario } from '../scenario.ts';
import type { World } from '../world.ts';
import { addNode, addPod, homeless, homes, preempted, scheduling } from './rules.ts';

/** Every pod that the scheduler ever sent away counts, also when it is gone. */
const sendsAway = (most: number, spares: (name: string) => boolean = () => false): Property =>
  defineProperty({
    name: `no more than ${most} pods are sent away`,
    of: [pod],
    begin() {
      const gone = new Set<string>();
      return (view) => {
        for (const { metadata } of preempted(view)) {
          gone.add(metadata.name);
          if (spares(metadata.name)) return `${metadata.name} was to be spared`;
        }
        return gone.size > most ? [...gone].join(', ') : undefined;
      };
    },
  });

async function begin(world: World, ...nodes: readonly string[]): Promise<void> {
  for (const value of [1, 2, 3])
    await world.create(priorityClass, { metadata: { name: `p${value}` }, value: value * 100 });
  for (const name of nodes) await addNode(world, name);
}

const allBound = (world: World): Promise<void> => world.until('all are placed', (view) => homeless(view).length === 0);

export const preemptionScenarios: readonly Scenario[] = [
  scheduling({
    name: 'scheduler/preemption',
    says: 'For a more important pod go as many less important ones as it takes, the least important, and no more.',
    always: [sendsAway(2, (name) => name.startsWith('middle'))],
    async act(world) {
      await begin(world, 'a', 'b', 'c');
      for (let i = 0; i < 3; i++) await addPod(world, `middle-${i}`, { priority: 2 });
      await allBound(world);
      for (let i = 0; i < 3; i++) await addPod(world, `low-${i}`, { priority: 1 });
      await allBound(world);
      await addPod(world, 'high-0', { priority: 3 });
      await addPod(world, 'high-1', { priority: 3 });
    },
    end(view) {
      assert.deepEqual(homeless(view), []);
      const names = Object.keys(homes(view));
      assert.equal(names.filter((name) => name.startsWith('low')).length, 1, names.join());
    },
  }),
  scheduling({
    name: 'scheduler/preemption-races-deletion',
    says: 'Room that comes by itself, while others are being sent away for a pod, does no harm.',
    always: [sendsAway(1)],
    async act(world) {
      await begin(world, 'a', 'b');
      for (let i = 0; i < 4; i++) await addPod(world, `low-${i}`, { priority: 1 });
      await allBound(world);
      await addPod(world, 'high', { priority: 3 });
      await world.pass(world.random.uint32() % 1500);
      await world.remove(pod, 'default/low-0');
    },
    end: (view) => assert.deepEqual(homeless(view), []),
  }),
  scheduling({
    name: 'scheduler/preemption-and-budgets',
    says: 'Pods under a budget that has nothing left are spared while others will do.',
    controllers: () => [disruptionController([replicaSet])],
    // Who has not heard of the budget, or of what it allows, cannot keep it.
    spares: ['network'],
    always: [sendsAway(1, (name) => name.startsWith('kept'))],
    async act(world) {
      await begin(world, 'a', 'b');
      await world.create(podDisruptionBudget, {
        metadata: named('kept'),
        spec: { minAvailable: 3, selector: { matchLabels: { app: 'kept' } } },
      });
      for (let i = 0; i < 3; i++) await addPod(world, `kept-${i}`, { priority: 1, app: 'kept' });
      await allBound(world);
      await addPod(world, 'other', { priority: 2 });
      await allBound(world);
      await world.until(
        'the budget is counted',
        (view) => view.get(podDisruptionBudget, 'default/kept')?.status.currentHealthy === 3,
      );
      await world.pass('30s');
      await addPod(world, 'high', { priority: 3 });
    },
    end(view) {
      assert.deepEqual(homeless(view), []);
      assert.equal(homes(view)['other'], undefined);
    },
  }),
];
