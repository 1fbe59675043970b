import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstOf } from './first-of.ts';
import { Notifier } from './notifier.ts';

const never = new AbortController().signal;

test('firstOf() ends with the first wait, also with one that rejects, and lets go of the others', async () => {
  const [moved, other] = [new Notifier(), new Notifier()];
  const reasons: unknown[] = [];
  const waiting = firstOf(
    never,
    (signal) => moved.wait(signal),
    (signal) => other.wait(signal).catch((reason: Error) => reasons.push(reason.message)),
  );
  moved.notify();
  await waiting;
  await Promise.resolve();
  assert.deepEqual(reasons, ['Over']);
  await firstOf(
    never,
    () => Promise.reject(new Error('no')),
    (signal) => moved.wait(signal),
  );
});

test('firstOf() ends when its signal aborts, and when it has', async () => {
  const stop = new AbortController();
  const moved = new Notifier();
  const waiting = firstOf(stop.signal, (signal) => moved.wait(signal));
  stop.abort(new Error('enough'));
  await waiting;
  await firstOf(stop.signal, (signal) => moved.wait(signal));
});
