import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenBucket } from './token-bucket.ts';

test('TokenBucket.tryTake() lets so many in at once, then one for each token that came, and saves no more than a burst', () => {
  const bucket = new TokenBucket({ perSecond: 2, burst: 3 }, 1000);
  const taken = (atMs: number): number => [1, 2, 3, 4, 5].filter(() => bucket.tryTake(atMs)).length;
  assert.deepEqual([1000, 1499, 1500, 2500, 90_000].map(taken), [3, 0, 1, 2, 3]);
});

test('TokenBucket.take() tells how long each has to wait', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, 0);
  assert.deepEqual(
    [0, 0, 0, 0, 200, 1000].map((atMs) => bucket.take(atMs)),
    [0, 0, 100, 200, 100, 0],
  );
});
