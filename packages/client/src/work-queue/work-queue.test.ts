import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noMetrics, TaskGroup } from '@navarch/base';
import { settle, SimClock } from '@navarch/sim';
import fc from 'fast-check';
import { WorkQueue } from './work-queue.ts';

async function withQueue(
  work: (queue: WorkQueue, clock: SimClock, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const clock = new SimClock();
  const queue = new WorkQueue('test', { clock, metrics: noMetrics });
  await using group = new TaskGroup(new AbortController().signal);
  group.spawn((signal) => queue.run(signal));
  await settle();
  await work(queue, clock, group.signal);
}

test('WorkQueue holds a key once, and gives it to one worker at a time', async () => {
  await withQueue(async (queue, _clock, signal) => {
    for (const key of ['a', 'b', 'a']) queue.add(key);
    assert.equal(await queue.take(signal), 'a');
    queue.add('a');
    queue.add('a');
    assert.equal(await queue.take(signal), 'b');
    let again: string | undefined;
    void queue.take(signal).then((key) => (again = key));
    await settle();
    assert.equal(again, undefined, 'a is still being worked on');
    queue.done('a');
    await settle();
    assert.equal(again, 'a');
    assert.equal(queue.depth, 0);
  });
});

test('WorkQueue.retry() doubles the wait of a key from 5 ms to 1000 s until it is forgotten', async () => {
  await withQueue(async (queue, clock, signal) => {
    const waits: number[] = [];
    for (let i = 0; i < 20; i++) {
      const started = clock.monotonic();
      queue.retry('a');
      await clock.advanceUntil(() => queue.depth === 1, 2_000_000);
      waits.push(clock.monotonic() - started);
      queue.done(await queue.take(signal));
    }
    assert.deepEqual(waits.slice(0, 4), [5, 10, 20, 40]);
    assert.equal(waits.at(-1), 1_000_000);
    queue.forget('a');
    const started = clock.monotonic();
    queue.retry('a');
    await clock.advanceUntil(() => queue.depth === 1, 100);
    assert.equal(clock.monotonic() - started, 5);
  });
});

test('WorkQueue.retry() lets ten keys a second through after a burst of a hundred', async () => {
  await withQueue(async (queue, clock) => {
    for (let i = 0; i < 150; i++) queue.retry(`key-${i}`);
    await clock.advance(10);
    assert.equal(queue.depth, 100);
    await clock.advance(1000);
    assert.equal(queue.depth, 110);
    await clock.advance(4000);
    assert.equal(queue.depth, 150);
  });
});

test('WorkQueue.addAfter() keeps the earliest time, and cancelAfter() takes it back', async () => {
  await withQueue(async (queue, clock) => {
    queue.addAfter('a', 500);
    queue.addAfter('a', 100);
    queue.addAfter('a', 900);
    queue.addAfter('b', 200);
    queue.cancelAfter('b');
    await clock.advance(99);
    assert.equal(queue.depth, 0);
    await clock.advance(1);
    assert.equal(queue.depth, 1);
    await clock.advance(10_000);
    assert.equal(queue.depth, 1);
  });
});

test('WorkQueue loses no key: what was added after a worker began is worked on again', async () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    wait: fc.integer({ min: 0, max: 30 }),
    later: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      await withQueue(async (queue, clock, signal) => {
        const added = new Map<string, number>();
        const worked = new Map<string, number>();
        const busy = new Set<string>();
        const worker = async (): Promise<void> => {
          for (;;) {
            const key = await queue.take(signal);
            assert.ok(!busy.has(key), 'two workers have one key');
            busy.add(key);
            worked.set(key, clock.monotonic());
            await clock.sleep(7, signal);
            busy.delete(key);
            queue.done(key);
          }
        };
        for (let n = 0; n < 2; n++) void worker().catch(() => undefined);
        for (const { key, wait, later } of steps) {
          if (later) queue.addAfter(key, wait);
          else queue.add(key);
          added.set(key, clock.monotonic() + (later ? wait : 0));
          await clock.advance(wait);
        }
        await clock.advance(1000);
        assert.ok(queue.isIdle);
        for (const [key, at] of added) assert.ok((worked.get(key) ?? -1) >= Math.min(at, worked.get(key) ?? 0));
        assert.deepEqual([...worked.keys()].sort(), [...added.keys()].sort());
      });
    }),
    { numRuns: 40 },
  );
});
