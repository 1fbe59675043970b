import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TaskGroup } from '@navarch/base';
import { keyOf } from '@navarch/machinery';
import { SimClock } from '@navarch/sim';
import fc from 'fast-check';
import { definePlugin } from '../plugin.ts';
import { Snapshot } from '../snapshot/snapshot.ts';
import { nodeOf, podOf } from '../testing/builders.ts';
import { PodQueue } from './pod-queue.ts';

const wakesForAll = definePlugin({ name: 'All', scope: 'cluster', wakesOn: ['node-added'] });
const wakesForOdd = definePlugin({
  name: 'Odd',
  scope: 'cluster',
  wakesOn: ['pod-removed'],
  wakes: ({ metadata }) => metadata.name.endsWith('1'),
});
const name = fc.constantFrom('p0', 'p1', 'p2', 'p3', 'q1');
const step = fc.oneof(
  fc.record({ type: fc.constant('add' as const), name, priority: fc.integer({ min: 0, max: 2 }) }),
  fc.record({
    type: fc.constant('try' as const),
    fails: fc.constantFrom('parks' as const, 'backs off' as const, 'lands' as const),
  }),
  fc.record({
    type: fc.constant('wake' as const),
    event: fc.constantFrom('node-added' as const, 'pod-removed' as const),
  }),
  fc.record({ type: fc.constant('remove' as const), name }),
  fc.record({ type: fc.constant('wait' as const), ms: fc.constantFrom(100, 1000, 5000, 60_000) }),
);

/** The next pod that is ready; undefined when none is. */
async function takeNow(queue: PodQueue, clock: SimClock): Promise<string | undefined> {
  const stop = new AbortController();
  const taken = queue.take(stop.signal).catch(() => undefined);
  await clock.advance(0);
  stop.abort(new Error('None is ready'));
  return taken;
}

test('PodQueue loses no pod and gives none twice, whatever happens to it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const [clock, stop, snapshot] = [new SimClock(), new AbortController(), new Snapshot()];
      const queue = new PodQueue(clock);
      await using group = new TaskGroup(stop.signal);
      group.spawn((signal) => queue.run(signal));
      const live = new Map<string, ReturnType<typeof podOf>>();
      for (const each of steps) {
        if (each.type === 'add') {
          const pod = podOf(each.name, { spec: { priority: each.priority } });
          live.set(keyOf(pod), pod);
          queue.add(pod);
        } else if (each.type === 'remove') {
          live.delete(`default/${each.name}`);
          queue.remove(`default/${each.name}`);
        } else if (each.type === 'wake') {
          const event =
            each.event === 'node-added'
              ? { type: each.event, node: nodeOf('n') }
              : { type: each.event, pod: podOf('gone') };
          queue.wake(event, snapshot);
        } else if (each.type === 'wait') await clock.advance(each.ms);
        else {
          const pod = live.get((await takeNow(queue, clock)) ?? '');
          if (!pod) continue;
          if (each.fails === 'parks') queue.park(pod, [wakesForAll, wakesForOdd]);
          else if (each.fails === 'backs off') queue.retry(pod);
          else {
            live.delete(keyOf(pod));
            queue.remove(keyOf(pod));
          }
        }
      }
      // After five minutes everything has been brought back.
      await clock.advance(301_000);
      const left: string[] = [];
      for (let key = await takeNow(queue, clock); key !== undefined; key = await takeNow(queue, clock)) left.push(key);
      assert.deepEqual(left.sort(), [...live.keys()].sort());
      stop.abort(new Error('Test over'));
    }),
    { numRuns: Number(process.env['NAVARCH_SEEDS'] || 100) },
  );
});
