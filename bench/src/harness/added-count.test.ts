import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddedCount } from './added-count.ts';

test('AddedCount.add() counts objects that are new to the watch, however their lines are cut', () => {
  const lines = [
    '{"type":"ADDED","object":{"a":"ADDED"}}',
    '{"type":"MODIFIED","object":{}}',
    '{"type":"BOOKMARK","object":{}}',
    '{"type":"ADDED","object":{}}',
    '{"type":"DELETED","object":{}}',
  ];
  const text = `${lines.join('\n')}\n`;
  for (let size = 1; size <= text.length; size++) {
    using count = new AddedCount(() => undefined);
    for (let at = 0; at < text.length; at += size) count.add(Buffer.from(text.slice(at, at + size)));
    assert.equal(count.seen, 2, `in pieces of ${size}`);
  }
});

const event = (type: string, version: number): string =>
  `${JSON.stringify({ type, object: { metadata: { name: 'a', resourceVersion: String(version) } } })}\n`;
const forgotten = `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', metadata: {}, code: 410 } })}\n`;

test('AddedCount.ended() tells the version of the last whole line, and goes on counting after it', () => {
  using count = new AddedCount(() => undefined);
  count.add(
    Buffer.from(event('BOOKMARK', 2) + event('ADDED', 3) + event('MODIFIED', 14) + event('ADDED', 15).slice(0, 50)),
  );
  assert.equal(count.ended(), '14');
  count.add(Buffer.from(event('ADDED', 15)));
  assert.deepEqual([count.seen, count.ended(), count.isOver], [2, '15', false]);
});

test('AddedCount.ended() begins with everything where the server has forgotten what came next, and counts nothing twice', () => {
  using count = new AddedCount(() => undefined);
  count.add(Buffer.from(event('ADDED', 3)));
  assert.equal(count.ended(), undefined, 'before the bookmark there may be more, of any version');
  count.add(Buffer.from(event('ADDED', 3) + event('ADDED', 2) + event('BOOKMARK', 4)));
  assert.deepEqual([count.seen, count.ended()], [2, '4']);
  count.add(Buffer.from(forgotten));
  assert.deepEqual([count.ended(), count.isOver], [undefined, false]);
  count.add(Buffer.from(event('ADDED', 3) + event('ADDED', 2) + event('BOOKMARK', 8) + event('ADDED', 9)));
  assert.deepEqual([count.seen, count.ended()], [3, '9']);
});

test('AddedCount fails on another error of the watch, and on one that ends again and again without a word', async () => {
  using refused = new AddedCount(() => undefined);
  refused.add(Buffer.from(forgotten.replace('410', '500')));
  await assert.rejects(refused.reach(1, 1000, new AbortController().signal), /The watch has failed: .*500/);
  using silent = new AddedCount(() => undefined);
  while (!silent.isOver) silent.ended();
  await assert.rejects(silent.reach(1, 1000, new AbortController().signal), /ended the watch 11 times/);
});
