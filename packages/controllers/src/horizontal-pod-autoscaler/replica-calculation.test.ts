import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodGroups, Samples } from './pod-groups.ts';
import {
  averageReplicas,
  averageTarget,
  podBasedReplicas,
  utilizationTarget,
  valueReplicas,
} from './replica-calculation.ts';

const tolerances = { up: 0.1, down: 0.1 };
const samples = (...milli: readonly number[]): Samples =>
  new Map(milli.map((value, i) => [`p${i}`, { milli: value, atMs: 0, windowMs: 15_000 }]));
const requests = (count: number): ReadonlyMap<string, number> =>
  new Map(Array.from({ length: count }, (_, i) => [`p${i}`, 1000]));
const groups = (readyCount: number, more: Partial<PodGroups> = {}): PodGroups => ({
  readyCount,
  unready: [],
  missing: [],
  ignored: [],
  ...more,
});

/** Examples of the documented algorithm: what pods of 1 core use in thousandths, and the target in per cent. */
const utilized = (
  current: number,
  used: readonly number[],
  percent: number,
  found: PodGroups = groups(used.length),
): number =>
  podBasedReplicas({
    current,
    samples: samples(...used),
    groups: found,
    target: utilizationTarget(requests(10), percent),
    tolerances,
  }).replicas;

test('podBasedReplicas() multiplies the ready pods by the ratio, rounded up, and stays within the tolerance', () => {
  assert.equal(utilized(3, [300, 500, 700], 30), 5);
  assert.equal(utilized(5, [100, 300, 500, 250, 250], 50), 3);
  assert.equal(utilized(3, [320, 320, 320], 30), 3);
  assert.equal(utilized(3, [331, 331, 331], 30), 3, 'utilization is in whole per cent: 33 of 30 is within a tenth');
});

test('podBasedReplicas() lets pods that nobody measured, and those not yet ready, speak against a change', () => {
  assert.equal(utilized(3, [100, 500, 700], 30, groups(2, { unready: ['p0'] })), 4);
  assert.equal(utilized(3, [500, 700], 30, groups(2, { missing: ['p2'] })), 4);
  assert.equal(
    utilized(4, [100, 300, 500], 50, groups(3, { missing: ['p3'] })),
    4,
    'the missing one is taken to use all it asked for',
  );
  assert.equal(utilized(3, [300, 500, 700], 30, groups(1, { unready: ['p0'], ignored: ['p2'] })), 3);
  assert.throws(() => utilized(1, [900], 30, groups(0, { unready: ['p0'] })), {
    message: 'did not receive metrics for targeted pods (pods might be unready)',
  });
});

test('podBasedReplicas() compares plain averages with a value per pod', () => {
  const of = (used: readonly number[], target: number): { readonly replicas: number; readonly milli: number } =>
    podBasedReplicas({
      current: used.length,
      samples: samples(...used),
      groups: groups(used.length),
      target: averageTarget(target),
      tolerances,
    });
  assert.deepEqual(of([20_000, 10_000, 30_000], 15_000), { replicas: 4, milli: 20_000 });
  assert.deepEqual(of([16_000, 16_000], 15_000), { replicas: 2, milli: 16_000 });
});

test('valueReplicas() multiplies the ready pods by the ratio, and begins from none with the ratio itself', () => {
  const of = (current: number, milli: number, ready = current): number =>
    valueReplicas({ current, readyCount: () => ready, milli, targetMilli: 10_000, tolerances });
  assert.deepEqual([of(3, 30_000), of(3, 30_000, 2), of(3, 10_900), of(3, 9_100), of(3, 0)], [9, 6, 3, 3, 0]);
  assert.deepEqual([of(0, 0), of(0, 1), of(0, 25_000)], [0, 1, 3]);
});

test('averageReplicas() gives each pod its part, of what the target says it has', () => {
  const of = (reported: number, milli: number) => averageReplicas({ reported, milli, targetMilli: 5000, tolerances });
  assert.deepEqual(of(2, 20_000), { replicas: 4, averageMilli: 10_000 });
  assert.deepEqual(of(4, 20_900), { replicas: 4, averageMilli: 5225 });
  assert.deepEqual(of(3, 0), { replicas: 0, averageMilli: 0 });
  assert.deepEqual(of(0, 7000), { replicas: 2, averageMilli: 7000 });
});
