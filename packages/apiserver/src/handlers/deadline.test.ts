import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusOf } from '@navarch/machinery';
import { SimClock } from '@navarch/sim';
import { patienceOf, within } from './deadline.ts';
import { requestInfo } from '../request-info.ts';

const patience = (timeout: string, path = '/api/v1/pods', more = ''): number | undefined => {
  const query = new URLSearchParams(`timeout=${encodeURIComponent(timeout)}${more}`);
  return patienceOf(requestInfo('GET', path, query), query);
};

test('patienceOf() reads how long a client waits, and leaves alone what goes on', () => {
  assert.deepEqual(
    ['5s', '1m30s', '100ms', '0s', ''].map((text) => patience(text)),
    [5000, 60_000, 100, 60_000, undefined],
  );
  assert.equal(patience('nonsense', '/api/v1/pods', '&watch=true'), undefined);
  assert.equal(patience('nonsense', '/api/v1/namespaces/n/pods/p/log'), undefined);
});

test('patienceOf() refuses what is no duration in the words of Go', () => {
  for (const [text, mistake] of [
    ['x', 'time: invalid duration "x"'],
    ['5', 'time: missing unit in duration "5"'],
    ['5y', 'time: unknown unit "y" in duration "5y"'],
  ] as const) {
    assert.throws(() => patience(text), new RegExp(`^.*invalid timeout specified in the request URL - ${mistake}`));
  }
});

test('within() answers 504 in time, and lets go of the clock', async () => {
  const clock = new SimClock();
  const asked = within(1000, clock, new Promise<string>(() => undefined)).catch((error: unknown) => statusOf(error));
  await clock.advance(1000);
  const { code, reason, message } = (await asked) as { code?: number; reason?: string; message?: string };
  assert.deepEqual([code, reason], [504, 'Timeout']);
  assert.match(message ?? '', /did not complete within requested timeout/);
  assert.equal(await within(1000, clock, Promise.resolve('done')), 'done');
  assert.equal(clock.pending, 0);
});
