import assert from 'node:assert/strict';
import { test } from 'node:test';
import { short, summarize } from './statistics.ts';

test('summarize() takes the middle, or the mean of the two in the middle, and refuses nothing', () => {
  assert.deepEqual(summarize([3, 1, 2]), { median: 2, min: 1, max: 3, rounds: 3 });
  assert.deepEqual(summarize([4, 1, 2, 3]), { median: 2.5, min: 1, max: 4, rounds: 4 });
  assert.throws(() => summarize([]), RangeError);
});

test('short() keeps three digits and separates thousands', () => {
  assert.deepEqual([1234.5, 12.345, 0.012345, Infinity].map(short), ['1,235', '12.3', '0.0123', '-']);
});
