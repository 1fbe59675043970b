import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '@navarch/base';
import { tellingIfSlow } from './telling-if-slow.ts';

/** A clock whose sleepers wake when the test says so. */
function stepped() {
  let now = 0;
  const sleepers = new Set<() => void>();
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: (_, signal) =>
      new Promise((resolve, reject) => {
        sleepers.add(resolve);
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      }),
  };
  const pass = async (ms: number): Promise<void> => {
    now += ms;
    for (const wake of sleepers) wake();
    sleepers.clear();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, pass };
}

test('tellingIfSlow() tells how long the work takes, again and again, and no more once it is done', async () => {
  const { clock, pass } = stepped();
  const told: number[] = [];
  const work = Promise.withResolvers<string>();
  const watched = tellingIfSlow(work.promise, 30_000, clock, (seconds) => told.push(seconds));
  await pass(30_000);
  await pass(30_000);
  work.resolve('done');
  assert.equal(await watched, 'done');
  await pass(30_000);
  assert.deepEqual(told, [30, 60]);
});

test('tellingIfSlow() fails as the work does', async () => {
  const { clock } = stepped();
  await assert.rejects(
    tellingIfSlow(Promise.reject(new Error('no')), 1_000, clock, () => undefined),
    /^Error: no$/,
  );
});
