import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from './clock.ts';
import { Marks } from './marks.ts';

/** Sleeps are over at once, and written down. */
function instant(): { readonly clock: Clock; readonly slept: readonly number[] } {
  const slept: number[] = [];
  const clock = { sleep: async (ms: number) => void slept.push(ms) } as unknown as Clock;
  return { clock, slept };
}

test('Marks.take() takes what was marked however often once, and is marked at first', async () => {
  const marks = new Marks();
  const { clock, slept } = instant();
  const stop = new AbortController();
  assert.equal(await marks.take(clock, 20, stop.signal), true);
  marks.set();
  marks.set();
  assert.equal(await marks.take(clock, 20, stop.signal), true);
  let isTaken = false;
  const next = marks.take(clock, 20, stop.signal).then((taken) => (isTaken = taken));
  await Promise.resolve();
  assert.deepEqual([isTaken, slept], [false, [20, 20]]);
  marks.set();
  assert.equal(await next, true);
});

test('Marks.take() is false when the signal aborts, while it waits or before', async () => {
  const marks = new Marks();
  const { clock } = instant();
  const stop = new AbortController();
  await marks.take(clock, 0, stop.signal);
  const next = marks.take(clock, 0, stop.signal);
  stop.abort();
  assert.equal(await next, false);
  marks.set();
  assert.equal(await marks.take(clock, 0, stop.signal), false);
});
