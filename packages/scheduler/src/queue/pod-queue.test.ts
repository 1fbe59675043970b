import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimClock } from '@navarch/sim';
import { definePlugin } from '../plugin.ts';
import { Snapshot } from '../snapshot/snapshot.ts';
import { podOf } from '../testing/builders.ts';
import { PodQueue } from './pod-queue.ts';

const byRoom = definePlugin({ name: 'Room', scope: 'node', wakesOn: ['pod-removed'] });
const gone = { type: 'pod-removed', pod: podOf('gone') } as const;

async function setUp() {
  const clock = new SimClock();
  const queue = new PodQueue(clock);
  const told: string[] = [];
  queue.follow({ came: (part, why) => told.push(`${part} ${why}`) });
  const take = async (): Promise<string | undefined> => {
    const stop = new AbortController();
    const taken = queue.take(stop.signal).catch(() => undefined);
    await clock.advance(0);
    stop.abort(new Error('None is ready'));
    return taken;
  };
  return { clock, queue, told, take, snapshot: new Snapshot() };
}

test('PodQueue.take() gives a pod before its back-off is over where nobody else waits, and says so', async () => {
  const { queue, told, take, snapshot } = await setUp();
  queue.add(podOf('tried'));
  await take();
  queue.park(podOf('tried'), [byRoom]);
  queue.wake(gone, snapshot);
  queue.add(podOf('new'));
  assert.deepEqual([await take(), await take()], ['default/new', 'default/tried']);
  assert.deepEqual(told.slice(-3), [
    'backoff AssignedPodDelete',
    'active UnschedulablePodAdd',
    'active PopFromBackoffQ',
  ]);
});

test('PodQueue: what is detained comes when it is let go, and only if something has happened that may help it', async () => {
  const { queue, take, snapshot } = await setUp();
  for (const name of ['a', 'b']) queue.park(podOf(name), [byRoom], true);
  queue.wake(gone, snapshot);
  assert.equal(await take(), undefined);
  queue.letGo('default/a');
  assert.deepEqual([await take(), await take()], ['default/a', undefined]);
  queue.park(podOf('c'), [byRoom], true);
  queue.letGo('default/c');
  assert.equal(await take(), undefined, 'nothing has happened since');
  queue.wake(gone, snapshot);
  assert.equal(await take(), 'default/c');
});
