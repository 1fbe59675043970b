import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { claimed, CsiNode, podOf } from './testing/csi-node.ts';
import { DriverStats } from './driver-stats.ts';
import { roomOf } from './volume-room.ts';

test('DriverStats keeps nobody waiting for a driver, and asks again after a minute', async () => {
  const stats = new DriverStats();
  const asked: string[] = [];
  const answers = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  stats.answer(async (uid, at) => {
    asked.push(`${uid} ${at}`);
    await answers[asked.length - 1]?.promise;
    return [{ at, name: 'v', usedBytes: asked.length }];
  });
  assert.deepEqual(stats.of('u', 0), []);
  assert.deepEqual(stats.of('u', 10), []);
  answers[0]?.resolve();
  await turn();
  assert.deepEqual(stats.of('u', 59_999), [{ at: 0, name: 'v', usedBytes: 1 }]);
  assert.deepEqual(stats.of('u', 60_000), [{ at: 0, name: 'v', usedBytes: 1 }]);
  answers[1]?.resolve();
  await turn();
  assert.deepEqual(stats.of('u', 60_001), [{ at: 60_000, name: 'v', usedBytes: 2 }]);
  assert.deepEqual(asked, ['u 0', 'u 60000']);
});

test('roomOf() tells what the driver says of a volume, by its name in the pod and its claim', async () => {
  const node = await CsiNode.withDriver();
  const pod = podOf(claimed);
  await node.setUp(pod);
  const bytes = { unit: 'BYTES', total: 100, available: 60, used: 40 } as const;
  const inodes = { unit: 'INODES', total: 10, available: 9, used: 1 } as const;
  node.driver.usage = [bytes, inodes];
  const places = new Map([['v', node.pathOf(pod) ?? '']]);
  const claim = { name: 'data', namespace: 'ns' };
  const counts = { availableBytes: 60, capacityBytes: 100, usedBytes: 40, inodesFree: 9, inodes: 10, inodesUsed: 1 };
  assert.deepEqual(await roomOf(pod, places, 7, node.csi), [{ ...counts, at: 7, name: 'v', claim }]);
  node.driver.abilities = [];
  const other = await CsiNode.withDriver({}, node.files, node.driver);
  assert.deepEqual(await roomOf(pod, places, 7, other.csi), []);
});
