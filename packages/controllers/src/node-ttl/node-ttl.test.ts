import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepOf } from './node-ttl.ts';

test('stepOf() goes up and down with the number of nodes, later down than up', () => {
  for (const [count, from, to] of [
    [0, 0, 0],
    [100, 0, 0],
    [101, 0, 1],
    [95, 1, 1],
    [89, 1, 0],
    [5000, 0, 4],
    [1800, 4, 4],
    [10, 4, 0],
  ] as const)
    assert.equal(stepOf(count, from), to, `${count} from step ${from}`);
});
