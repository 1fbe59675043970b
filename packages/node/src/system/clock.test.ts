import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from './clock.ts';

const why = new Error('over');

test('systemClock.sleep() rejects and never throws, whenever the signal aborts', async () => {
  for (const ms of [0, 60_000]) {
    await assert.rejects(systemClock.sleep(ms, AbortSignal.abort(why)), why);
    const stop = new AbortController();
    const sleep = systemClock.sleep(ms, stop.signal);
    stop.abort(why);
    await assert.rejects(sleep, why);
  }
});

test('systemClock.sleep() lets what waits for its turn go first, also for no time at all', async () => {
  const order: string[] = [];
  setImmediate(() => order.push('other'));
  await systemClock.sleep(0, new AbortController().signal);
  assert.deepEqual([...order, 'sleeper'], ['other', 'sleeper']);
});
