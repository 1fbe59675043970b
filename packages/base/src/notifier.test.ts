import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Notifier } from './notifier.ts';
import { settleAll } from './settle-all.ts';

/** Who woke, in the order in which they did. */
function waiting(notifier: Notifier, ...names: readonly string[]) {
  const woken: string[] = [];
  const stop = new AbortController();
  const all = names.map((name) => notifier.wait(stop.signal).then(() => void woken.push(name)));
  return { woken, stop, all };
}
const turn = async (): Promise<void> => {
  for (let n = 0; n < 10; n++) await Promise.resolve();
};

test('Notifier.notifyOne() wakes who has waited longest, and nobody else', async () => {
  const notifier = new Notifier();
  const { woken } = waiting(notifier, 'a', 'b', 'c');
  notifier.notifyOne();
  await turn();
  assert.deepEqual(woken, ['a']);
  notifier.notifyOne();
  notifier.notifyOne();
  notifier.notifyOne();
  await turn();
  assert.deepEqual(woken, ['a', 'b', 'c']);
});

test('Notifier.notifyOne() passes over who waits no more', async () => {
  const notifier = new Notifier();
  const gone = waiting(notifier, 'gone');
  const { woken } = waiting(notifier, 'b');
  gone.stop.abort(new Error('It waits no more'));
  await settleAll(gone.all.map((one) => one.catch(() => undefined)));
  notifier.notifyOne();
  await turn();
  assert.deepEqual(woken, ['b']);
});
