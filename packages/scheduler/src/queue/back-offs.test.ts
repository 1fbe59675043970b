import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podOf } from '../testing/builders.ts';
import { BackOffs } from './back-offs.ts';

const backOffs = (): BackOffs => new BackOffs({ initialMs: 1000, maxMs: 10_000 });
const pod = (name: string, priority = 0) => podOf(name, { spec: { priority } });

function dueAt(held: BackOffs, nowMs: number): readonly string[] {
  const names: string[] = [];
  for (let next = held.takeDue(nowMs); next; next = held.takeDue(nowMs)) names.push(next.metadata.name);
  return names;
}

test('BackOffs.lengthMs() doubles up to the most', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 100].map((tries) => backOffs().lengthMs(tries)),
    [1000, 2000, 4000, 8000, 10_000, 10_000],
  );
});

test('BackOffs.takeDue() gives those of one second by their importance, and none before the second is over', () => {
  const held = backOffs();
  held.add(pod('early'), 1100, false);
  held.add(pod('important', 5), 1900, false);
  held.add(pod('later', 9), 2000, false);
  assert.equal(held.nextDueMs, 2000);
  assert.deepEqual(dueAt(held, 1999), []);
  assert.deepEqual(dueAt(held, 2000), ['important', 'early']);
  assert.deepEqual(dueAt(held, 3000), ['later']);
  assert.equal(held.size, 0);
  assert.equal(held.nextDueMs, undefined);
});

test('BackOffs.takeEarly() gives what fitted nowhere, but nothing that met an error', () => {
  const held = backOffs();
  held.add(pod('failed', 9), 1500, true);
  held.add(pod('unfit'), 5000, false);
  assert.equal(held.takeEarly()?.metadata.name, 'unfit');
  assert.equal(held.takeEarly(), undefined);
  assert.deepEqual(dueAt(held, 1499), []);
  assert.deepEqual(dueAt(held, 1500), ['failed']);
});

test('BackOffs know only the last that was said of a pod', () => {
  const held = backOffs();
  held.add(pod('a'), 1000, false);
  held.add(pod('a'), 9000, false);
  assert.deepEqual(dueAt(held, 5000), []);
  held.delete('default/a');
  assert.equal(held.takeEarly(), undefined);
});
