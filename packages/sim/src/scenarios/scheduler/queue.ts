import assert from 'node:assert/strict';
import { pod, priorityClass } from '@navarch/api';
import { defineProperty, type Property } from '../property.ts';
import type { Scenario } from '../scenario.ts';
import { addNode, addPod, homeless, homes, scheduling } from './rules.ts';

/** What waits for the one node: more than a hundred times as many take the same way, and longer. */
const HERD = 60;
const ROOM = 20;

/** Pods that wait for the same room. */
const byPriority: Property = defineProperty({
  name: 'the more important go first',
  of: [pod],
  begin: () => (view) => {
    const home = homes(view);
    const late = ['high', 'middle', 'low'].map((name) => home[name] ?? 'none');
    const last = late.findLastIndex((at) => at !== 'none');
    return late.slice(0, Math.max(0, last)).includes('none') ? JSON.stringify(home) : undefined;
  },
});

export const queueScenarios: readonly Scenario[] = [
  scheduling({
    name: 'scheduler/herd',
    says: 'Many pods that one node wakes fill it, each tried for it in its turn; the rest wait, and nobody asks in a loop.',
    rest: { requests: 30, retries: 0 },
    async act(world) {
      await addNode(world, 'full', '100m');
      for (let i = 0; i < HERD; i++)
        await addPod(world, `p-${i}`, { cpu: '100m', spec: { nodeSelector: { big: 'yes' } } });
      await world.pass('20s');
      await addNode(world, 'big', `${ROOM * 100}m`, { big: 'yes' });
    },
    end: (view) => assert.equal(homeless(view).length, HERD - ROOM),
  }),
  scheduling({
    name: 'scheduler/priority-order',
    says: 'Of pods that have waited long enough, the more important gets the room that comes.',
    // A binding that fails is not tried again at once: the next in turn is not kept waiting for it. So it is, too, where the
    // server crashed meanwhile.
    spares: ['network', 'server crashes'],
    always: [byPriority],
    async act(world) {
      for (const value of [1, 2, 3])
        await world.create(priorityClass, {
          metadata: { name: `p${value}` },
          value: value * 100,
          preemptionPolicy: 'Never',
        });
      await addNode(world, 'a', '1');
      for (let i = 0; i < 3; i++) {
        await addPod(world, `first-${i}`, { cpu: '333m', spec: {} });
      }
      await world.until('the node is full', (view) => homeless(view).length === 0);
      for (const [name, priority] of [
        ['low', 1],
        ['high', 3],
        ['middle', 2],
      ] as const)
        await addPod(world, name, { cpu: '333m', priority });
      await world.pass('60s');
      for (let i = 0; i < 3; i++) {
        await world.remove(pod, `default/first-${i}`);
        await world.pass('30s');
      }
    },
    end: (view) => assert.deepEqual(homeless(view), []),
  }),
];
