import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Distribution } from '@navarch/base';
import { ServiceLevels, serviceLevelSamples } from './service-levels.ts';

const BOUNDS = [0.1, 1, 10];

test('serviceLevelSamples() leaves out what requests waited for, and counts those that did not as they were', () => {
  const all = new Distribution(BOUNDS);
  const levels = new ServiceLevels(BOUNDS);
  for (const seconds of [0.0625, 0.5, 5]) all.observe(seconds);
  all.observe(8);
  levels.waited(8, 7.5);
  const values = serviceLevelSamples({}, all, levels, [1, 10]).map(({ suffix, bound, value }) => [
    suffix,
    bound,
    value,
  ]);
  assert.deepEqual(values, [
    ['_bucket', 1, 3],
    ['_bucket', 10, 4],
    ['_bucket', Number.POSITIVE_INFINITY, 4],
    ['_sum', undefined, 6.0625],
    ['_count', undefined, 4],
  ]);
});
