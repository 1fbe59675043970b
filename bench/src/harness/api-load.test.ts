import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddedCount } from './api-load.ts';

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
