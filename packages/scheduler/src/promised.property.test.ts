import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import fc from 'fast-check';
import { Cycle } from './cycle.ts';
import { place } from './place.ts';
import { CandidateMemory } from './preemption/candidate-memory.ts';
import { candidatesFor } from './preemption/preemption.ts';
import { defaultProfile } from './profile.ts';
import { Snapshot } from './snapshot/snapshot.ts';
import { nodeOf, podOf } from './testing/builders.ts';
import { Memory } from './verdicts.ts';

const NODES = ['a', 'b', 'c'];
const nodeName = fc.constantFrom(...NODES);
const which = fc.nat(7);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('promise' as const), which, nodeName }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('take back' as const), which }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('place' as const), which, nodeName }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('unplace' as const), which }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('flicker' as const), nodeName }) },
);

/** Few sorts of pods: most of them have the shape of another. Every third keeps to itself. */
const podAt = (index: number): Pod =>
  podOf(`p${index}`, {
    cpu: index % 2 === 0 ? '2' : '1',
    labels: { app: index % 3 === 0 ? 'x' : 'y' },
    spec: {
      priority: index % 4,
      ...(index % 3 === 0
        ? {
            affinity: {
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { labelSelector: { matchLabels: { app: 'x' } }, topologyKey: 'kubernetes.io/hostname' },
                ],
              },
            },
          }
        : {}),
    },
  });

test('place() and preempt() say of promised nodes what they say who remember nothing', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const snapshot = new Snapshot();
      const [memory, offers] = [new Memory(), new CandidateMemory()];
      for (const name of NODES) snapshot.setNode(nodeOf(name));
      for (const each of steps) {
        if (each.type === 'promise') snapshot.nominate(podAt(each.which), each.nodeName);
        else if (each.type === 'take back') snapshot.unnominate(`default/p${each.which}`);
        else if (each.type === 'unplace') snapshot.unplace(podAt(each.which));
        else if (each.type === 'place') {
          snapshot.unnominate(`default/p${each.which}`);
          snapshot.place(podAt(each.which), each.nodeName);
        } else {
          snapshot.removeNode(each.nodeName);
          snapshot.setNode(nodeOf(each.nodeName));
        }
        for (const pod of [0, 1, 2, 3, 5].map(podAt)) {
          const asked = (remembered: Memory): object => {
            const cycle = new Cycle(pod, snapshot, defaultProfile, { memory: remembered });
            return cycle.nodes.map((node) => cycle.misfitOf(node));
          };
          assert.deepEqual(asked(memory), asked(new Memory()));
          const found = place(pod, snapshot, defaultProfile, { random: seededRandom(1), memory });
          assert.deepEqual(found, place(pod, snapshot, defaultProfile, { random: seededRandom(1) }));
          if (found.node !== undefined) continue;
          const request = {
            pod,
            unfit: found,
            snapshot,
            profile: defaultProfile,
            budgets: [],
            random: seededRandom(1),
          };
          assert.deepEqual(
            candidatesFor({ ...request, random: seededRandom(1), memory: offers }),
            candidatesFor({ ...request, random: seededRandom(1) }),
          );
        }
      }
    }),
    { numRuns: Number(process.env['NAVARCH_SEEDS'] || 200) },
  );
});
