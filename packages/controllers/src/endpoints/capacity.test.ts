import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSubset } from '@navarch/api';
import { capped } from './capacity.ts';

const subset = (ready: number, notReady: number): EndpointSubset => {
  const all = (count: number) => Array.from({ length: count }, (_, i) => ({ ip: `10.0.${i >> 8}.${i & 255}` }));
  return { addresses: all(ready), notReadyAddresses: all(notReady) };
};
const sizes = (...subsets: readonly EndpointSubset[]) =>
  capped(subsets).map(({ addresses = [], notReadyAddresses = [] }) => [addresses.length, notReadyAddresses.length]);

test('capped() leaves out what is beyond a thousand, those that are not ready before all others', () => {
  assert.deepEqual(sizes(subset(900, 100)), [[900, 100]]);
  assert.deepEqual(sizes(subset(900, 200)), [[900, 100]]);
  assert.deepEqual(sizes(subset(1100, 10)), [[1000, 0]]);
});

test('capped() leaves out of all subsets in proportion, the last what the rounding of the others left', () => {
  assert.deepEqual(sizes(subset(1500, 5), subset(500, 0)), [
    [750, 0],
    [250, 0],
  ]);
  assert.deepEqual(sizes(subset(998, 2), subset(0, 2)), [
    [998, 1],
    [0, 1],
  ]);
  assert.deepEqual(sizes(subset(999, 1), subset(0, 1)), [
    [999, 1],
    [0, 0],
  ]);
});
