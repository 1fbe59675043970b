import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import { nextAvailability } from './replica-set.ts';

const NOW = Date.UTC(2026, 0, 2);
const readyFor = (seconds: number, status = 'True'): Pod =>
  ({
    metadata: { name: 'p' },
    spec: { containers: [] },
    status: {
      conditions: [{ type: 'Ready', status, lastTransitionTime: new Date(NOW - seconds * 1000).toISOString() }],
    },
  }) as unknown as Pod;

test('nextAvailability() is when the next ready pod has been so for long enough', () => {
  const cases: readonly (readonly [pods: readonly Pod[], wanted: number | undefined])[] = [
    [[], undefined],
    [[readyFor(2), readyFor(7), readyFor(4)], 3_000],
    [[readyFor(10), readyFor(60)], undefined],
    [[readyFor(9, 'False')], undefined],
  ];
  for (const [pods, wanted] of cases) assert.equal(nextAvailability(pods, 10, NOW)?.requeueAfterMs, wanted);
  assert.equal(nextAvailability([readyFor(2)], 0, NOW), undefined);
});

test('nextAvailability() looks at more pods than a call takes arguments', () => {
  const many = Array.from({ length: 200_000 }, () => readyFor(4));
  assert.equal(nextAvailability(many, 10, NOW)?.requeueAfterMs, 6_000);
});
