import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import fc from 'fast-check';
import { nodeOf, podOf } from '../testing/builders.ts';
import type { Tally } from './pod-index.ts';
import { Snapshot } from './snapshot.ts';

const APPS = ['x', 'y', 'z'];
const NODES = ['a', 'b', 'c'];
const app = fc.constantFrom(...APPS);
const nodeName = fc.constantFrom(...NODES);

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('place' as const),
      which: fc.nat(9),
      app,
      nodeName,
      leaves: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('unplace' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('ask' as const), app, countsLeaving: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('flicker' as const), nodeName }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('forget' as const) }) },
);

const tallyOf = (value: string, countsLeaving: boolean): Tally => ({
  key: `${value} ${countsLeaving}`,
  countsLeaving,
  selects: ({ labels }) => labels['app'] === value,
});

const isGoing = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;

test('PodIndex.tally() says what counting all pods says, whenever it was asked for first', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const snapshot = new Snapshot();
      for (const name of NODES) snapshot.setNode(nodeOf(name));
      const placed = new Map<string, { readonly pod: Pod; readonly nodeName: string }>();
      const check = (value: string, countsLeaving: boolean): void => {
        const counts = snapshot.pods.tally(tallyOf(value, countsLeaving));
        for (const name of NODES) {
          const info = snapshot.node(name);
          const expected = [...placed.values()].filter(
            ({ pod, nodeName: on }) =>
              on === name && pod.metadata.labels?.['app'] === value && (countsLeaving || !isGoing(pod)),
          );
          assert.equal(info && counts.on(info), expected.length);
        }
      };
      for (const each of steps) {
        if (each.type === 'ask') check(each.app, each.countsLeaving);
        else if (each.type === 'forget') snapshot.pods.forgetTallies();
        else if (each.type === 'flicker') {
          snapshot.removeNode(each.nodeName);
          snapshot.setNode(nodeOf(each.nodeName));
        } else if (each.type === 'unplace') {
          snapshot.unplace(podOf(`p${each.which}`));
          placed.delete(`p${each.which}`);
        } else {
          const metadata = each.leaves ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {};
          const pod = podOf(`p${each.which}`, { metadata: { labels: { app: each.app }, ...metadata } });
          snapshot.place(pod, each.nodeName);
          placed.set(`p${each.which}`, { pod, nodeName: each.nodeName });
        }
      }
      for (const value of APPS) for (const countsLeaving of [true, false]) check(value, countsLeaving);
    }),
    { numRuns: Number(process.env['NAVARCH_SEEDS'] || 200) },
  );
});
