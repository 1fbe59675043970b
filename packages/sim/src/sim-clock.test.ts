import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SimClock } from './sim-clock.ts';

const forever = new AbortController().signal;

test('SimClock fires timers by due time, then in the order they were set', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 40 }), async (delays) => {
      const clock = new SimClock();
      const fired: [number, number][] = [];
      delays.forEach((ms, i) => void clock.sleep(ms, forever).then(() => fired.push([clock.monotonic(), i])));
      await clock.advance(20);
      assert.deepEqual(
        fired,
        delays.map((ms, i): [number, number] => [ms, i]).sort((a, b) => a[0] - b[0] || a[1] - b[1]),
      );
      assert.equal(clock.pending, 0);
    }),
    { numRuns: 50 },
  );
});

test('SimClock runs everything that need not wait before the next timer', async () => {
  const clock = new SimClock();
  const seen: string[] = [];
  void clock.sleep(10, forever).then(async () => {
    for (let i = 0; i < 100; i++) await Promise.resolve();
    seen.push('first');
    await clock.sleep(0, forever);
    seen.push('second');
  });
  void clock.sleep(11, forever).then(() => seen.push('third'));
  await clock.advance(11);
  assert.deepEqual(seen, ['first', 'second', 'third']);
});

test('SimClock lets each of many timers run as far as it can before the next fires', async () => {
  const clock = new SimClock();
  const seen: string[] = [];
  for (let n = 0; n < 100; n++)
    void clock.sleep(n, forever).then(async () => {
      for (let i = 0; i < 50; i++) await Promise.resolve();
      await new Promise((resolve) => {
        process.nextTick(resolve);
      });
      seen.push(`${n} at ${clock.monotonic()}`);
    });
  assert.equal(await clock.advanceUntil(() => seen.length === 60, 1000), true);
  assert.equal(clock.pending, 40);
  await clock.advance(1000);
  assert.deepEqual(
    seen,
    Array.from({ length: 100 }, (_, n) => `${n} at ${n}`),
  );
});

test('SimClock.sleep() rejects with the signal reason and leaves nothing pending', async () => {
  const clock = new SimClock();
  const stop = new AbortController();
  const reasons: unknown[] = [];
  for (let i = 0; i < 3000; i++) void clock.sleep(1000, stop.signal).catch((error: unknown) => reasons.push(error));
  stop.abort('enough');
  await clock.advance(0);
  assert.equal(clock.pending, 0);
  assert.deepEqual(new Set(reasons), new Set(['enough']));
  assert.equal(reasons.length, 3000);
});

test('SimClock.advanceUntil() stops at the instant the claim holds', async () => {
  const clock = new SimClock();
  let isDone = false;
  void clock.sleep(300, forever).then(() => (isDone = true));
  void clock.sleep(900, forever);
  assert.equal(await clock.advanceUntil(() => isDone, 5000), true);
  assert.equal(clock.monotonic(), 300);
  assert.equal(await clock.advanceUntil(() => false, 100), false);
  assert.equal(clock.monotonic(), 400);
});
