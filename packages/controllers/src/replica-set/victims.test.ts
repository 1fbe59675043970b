import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import { firstToGo } from './victims.ts';

const NOW = Date.UTC(2026, 0, 2);
const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();
interface Traits {
  readonly node?: string;
  readonly phase?: string;
  readonly readyFor?: number;
  readonly cost?: string;
  readonly restarts?: number;
  readonly age?: number;
}

const make = (
  name: string,
  { node = 'a', phase = 'Running', readyFor = 3600, cost, restarts = 0, age = 7200 }: Traits,
): Pod =>
  ({
    metadata: {
      name,
      uid: name,
      creationTimestamp: ago(age),
      ...(cost ? { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } } : {}),
    },
    spec: { nodeName: node, containers: [] },
    status: {
      phase,
      containerStatuses: [{ restartCount: restarts }],
      conditions: readyFor < 0 ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: ago(readyFor) }],
    },
  }) as unknown as Pod;

// Each pair differs in one trait: the first goes before the second, whatever their names.
const pairs: readonly (readonly [why: string, goes: Traits, stays: Traits])[] = [
  ['not scheduled', { node: '' }, {}],
  ['pending', { phase: 'Pending' }, { phase: 'Unknown' }],
  ['unknown', { phase: 'Unknown' }, {}],
  ['not ready', { readyFor: -1 }, {}],
  ['cheaper', { cost: '-10' }, { cost: '5' }],
  ['ready for a shorter time', { readyFor: 60 }, { readyFor: 3600 }],
  ['restarted more often', { restarts: 3 }, { restarts: 1 }],
  ['younger', { age: 60 }, { age: 100_000 }],
];

for (const [why, goes, stays] of pairs) {
  test(`firstToGo() takes the pod that is ${why}`, () => {
    for (const [one, two] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      const pods = [make(one, goes), make(two, stays)];
      assert.deepEqual(
        firstToGo(pods, [], NOW).map((p) => p.metadata.name),
        [one, two],
      );
      assert.deepEqual(
        firstToGo(pods.toReversed(), [], NOW).map((p) => p.metadata.name),
        [one, two],
      );
    }
  });
}

test('firstToGo() takes the pod on the more crowded node, and does not look at small differences of time', () => {
  const [one, two] = [make('a', { node: 'x', readyFor: 3600 }), make('b', { node: 'y', readyFor: 3500 })];
  assert.equal(firstToGo([one, two], [make('c', { node: 'y' }), one, two], NOW)[0]?.metadata.name, 'b');
  assert.equal(firstToGo([one, two], [one, two], NOW)[0]?.metadata.name, 'a', 'the uid decides');
});
