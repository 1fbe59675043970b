import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aborted } from './aborted.ts';

test('aborted() resolves when the signal aborts, and at once when it has', async () => {
  const stop = new AbortController();
  let isOver = false;
  const waiting = aborted(stop.signal).then(() => {
    isOver = true;
  });
  await Promise.resolve();
  assert.equal(isOver, false);
  stop.abort(new Error('over'));
  await waiting;
  await aborted(stop.signal);
});
