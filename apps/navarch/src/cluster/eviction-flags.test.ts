import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../user-error.ts';
import { type EvictionFlags, evictionOf, evictionTexts, SHARED_MACHINE } from './eviction-flags.ts';

const settings = (flags: EvictionFlags) => evictionOf(evictionTexts(flags));

test("evictionOf() reads lists as the kubelet's flags have them", () => {
  const { thresholds, podGraceSecondsMax, transitionMs } = settings({
    evictionHard: 'memory.available<1Gi, nodefs.available<5%',
    evictionSoft: 'memory.available<2Gi',
    evictionSoftGracePeriod: 'memory.available=1m30s',
    evictionMinimumReclaim: 'nodefs.available=1Gi',
    evictionMaxPodGracePeriod: '20',
    evictionPressureTransitionPeriod: '30s',
  });
  assert.deepEqual(
    [thresholds, podGraceSecondsMax, transitionMs],
    [
      [
        { signal: 'memory.available', value: { count: 2 ** 30 }, graceMs: 0 },
        { signal: 'nodefs.available', value: { part: 0.05 }, graceMs: 0, reclaim: { count: 2 ** 30 } },
        { signal: 'memory.available', value: { count: 2 ** 31 }, graceMs: 90_000 },
      ],
      20,
      30_000,
    ],
  );
  assert.equal(settings({}).thresholds.length, 5);
  assert.deepEqual(settings({ evictionHard: '' }).thresholds, []);
  assert.equal(settings({ evictionHard: SHARED_MACHINE[1] ?? '' }).thresholds.length, 3);
});

test('evictionOf() says what is wrong with a list', () => {
  for (const evictionHard of [
    'memory.available',
    'memory.available<',
    'a<b<c',
    'memory.available=1Gi',
    'cpu.available<1',
    'memory.available<x',
  ])
    assert.throws(() => settings({ evictionHard }), UserError, evictionHard);
});
