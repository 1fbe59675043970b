import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod as podKind, podGroup, type Pod } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { keyOf } from '@navarch/machinery';
import fc from 'fast-check';
import { place } from '../place.ts';
import { CandidateMemory } from '../preemption/candidate-memory.ts';
import { preempt } from '../preemption/preemption.ts';
import { defaultProfile } from '../profile.ts';
import { nodeOf, objectsOf, podOf, snapshotOf } from '../testing/builders.ts';
import { withGroups } from './gang-scheduling.ts';

const profile = withGroups(defaultProfile);

const world = fc.record({
  nodes: fc.integer({ min: 1, max: 4 }),
  /** What runs: where, how large, how important, and of which group. */
  placed: fc.array(
    fc.record({
      at: fc.nat(3),
      cpu: fc.integer({ min: 1, max: 2 }),
      group: fc.option(fc.constantFrom('whole', 'single', 'much'), { nil: undefined }),
    }),
    { maxLength: 10 },
  ),
  cpu: fc.integer({ min: 1, max: 4 }),
});

const groupOf = (name: string, disruptionMode: object): object => ({
  metadata: { name, namespace: 'default' },
  spec: { schedulingPolicy: { basic: {} }, disruptionMode },
  status: {},
});

test('of a group that is disrupted as a whole all are evicted or none, wherever they are; of others as few as will do', () => {
  let evicted = 0;
  fc.assert(
    fc.property(world, ({ nodes, placed, cpu }) => {
      const pods = placed.map(({ at, cpu: size, group }, i) =>
        podOf(`r${i}`, {
          cpu: `${size}`,
          spec: {
            nodeName: `n${at % nodes}`,
            priority: group === 'much' ? 9 : 0,
            ...(group === undefined ? {} : { schedulingGroup: { podGroupName: group } }),
          } as Partial<Pod['spec']>,
        }),
      );
      const groups = [groupOf('whole', { all: {} }), groupOf('single', { single: {} }), groupOf('much', { all: {} })];
      const infos = Array.from({ length: nodes }, (_, i) => nodeOf(`n${i}`, { allocatable: { cpu: '4' } }));
      const byNode = Object.groupBy(pods, ({ spec }) => spec.nodeName ?? '') as Record<string, Pod[]>;
      const snapshot = snapshotOf(infos, byNode, objectsOf([podKind, pods], [podGroup, groups]));
      const pod = podOf('waiting', { cpu: `${cpu}`, spec: { priority: 5 } });
      const random = seededRandom(1);
      const unfit = place(pod, snapshot, profile, { random });
      if (unfit.node !== undefined) return;
      const asked = { pod, unfit, snapshot, profile, random: seededRandom(2), budgets: [] };
      const found = preempt(asked);
      const memory = new CandidateMemory();
      preempt({ ...asked, random: seededRandom(2), memory });
      assert.deepEqual(
        preempt({ ...asked, random: seededRandom(2), memory }),
        found,
        'what is remembered changes nothing',
      );
      if (found.node === undefined) return;
      const gone = new Set(found.victims.map(keyOf));
      const members = (name: string): readonly Pod[] =>
        pods.filter(({ spec }) => spec.schedulingGroup?.podGroupName === name);
      const ofWhole = members('whole').filter((one) => gone.has(keyOf(one))).length;
      assert.ok(ofWhole === 0 || ofWhole === members('whole').length, `${ofWhole} of ${members('whole').length}`);
      assert.ok(!members('much').some((one) => gone.has(keyOf(one))));
      if (ofWhole > 1) evicted += 1;
      for (const victim of found.victims) snapshot.unplace(victim);
      assert.equal(place(pod, snapshot, profile, { random: seededRandom(1) }).node === undefined, false);
      // Nobody goes for nothing: with any that goes alone back, or the whole group, the pod has no room there.
      const units = [
        ...(ofWhole > 0 ? [members('whole')] : []),
        ...found.victims.filter(({ spec }) => spec.schedulingGroup?.podGroupName !== 'whole').map((one) => [one]),
      ];
      for (const unit of units) {
        for (const one of unit) snapshot.place(one, one.spec.nodeName ?? '');
        const back = place(pod, snapshot, profile, { random: seededRandom(1) }).node;
        assert.notEqual(back, found.node);
        for (const one of unit) snapshot.unplace(one);
      }
    }),
    { numRuns: 600, seed: 9 },
  );
  assert.ok(evicted > 10, `${evicted} groups went as a whole`);
});
