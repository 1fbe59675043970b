import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slowStart } from './slow-start.ts';

test('slowStart() doubles its batches, and does everything once', async () => {
  const [begun, batches]: [number[], number[]] = [[], []];
  let running = 0;
  await slowStart(20, async (n) => {
    begun.push(n);
    running += 1;
    await Promise.resolve();
    if (running > 0) batches.push(running);
    running = 0;
  });
  assert.deepEqual(
    begun,
    Array.from({ length: 20 }, (_, i) => i),
  );
  assert.deepEqual(batches, [1, 2, 4, 8, 5]);
});

test('slowStart() ends after the batch in which something failed, with that failure', async () => {
  let begun = 0;
  const refuse = async (n: number): Promise<void> => {
    begun += 1;
    if (n === 2) throw new Error('quota');
  };
  await assert.rejects(slowStart(100, refuse), /quota/);
  assert.equal(begun, 3);
});
