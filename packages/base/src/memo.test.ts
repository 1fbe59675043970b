import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Memo } from './memo.ts';

test('Memo asks once for a text, undefined answers included, and never holds more than its bound', () => {
  const asked: string[] = [];
  const memo = new Memo<number | undefined>(2, 3);
  const length = (text: string): number | undefined => (asked.push(text), text === '' ? undefined : text.length);
  for (const text of ['a', '', 'a', '']) assert.equal(memo.get(text, length), text === '' ? undefined : 1);
  assert.deepEqual(asked, ['a', '']);
  assert.equal(memo.get('bc', length), 2);
  assert.equal(memo.get('a', length), 1);
  assert.deepEqual(asked, ['a', '', 'bc', 'a']);
  for (const _ of [1, 2]) assert.equal(memo.get('long', length), 4);
  assert.deepEqual(asked.slice(4), ['long', 'long']);
});
