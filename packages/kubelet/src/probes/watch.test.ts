import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '@navarch/base';
import type { Probe } from '@navarch/api';
import type { Outcome } from './check.ts';
import { watchProbe } from './watch.ts';

const well: Outcome = { type: 'success' };
const ill: Outcome = { type: 'failure', output: 'no' };
const unknown: Outcome = { type: 'error', output: 'nobody there to ask' };

interface Asked {
  readonly probe?: Probe;
  readonly initially?: boolean;
  readonly endsOnFailure?: boolean;
}

/** What holds after each of these answers, and when each question was put, in milliseconds since the container began. */
async function answers(outcomes: readonly Outcome[], { probe = {}, initially, endsOnFailure = false }: Asked = {}) {
  const stop = new AbortController();
  let now = 0;
  const clock: Clock = { now: () => now, monotonic: () => now, sleep: async (ms) => void (now += ms) };
  const held: (boolean | undefined)[] = [];
  const asked: number[] = [];
  await watchProbe(
    { probe, startedAt: 0, initially, endsOnFailure },
    {
      clock,
      async check() {
        asked.push(now);
        held.push(undefined);
        const outcome = outcomes[asked.length - 1] ?? well;
        if (asked.length === outcomes.length) stop.abort();
        return outcome;
      },
      holds: (isWell) => (held[asked.length - 1] = isWell),
      failed: () => undefined,
    },
    stop.signal,
  );
  return { held, asked };
}

test('watchProbe says after each question what holds: also what held before, for whoever has lost it', async () => {
  assert.deepEqual((await answers([well, well, ill, well])).held, [true, true, true, true]);
  assert.deepEqual((await answers([ill, ill, ill, well])).held, [undefined, undefined, false, true]);
  assert.deepEqual((await answers([unknown, well], { initially: false })).held, [false, true]);
});

test('watchProbe wants as many answers in a row as the probe says', async () => {
  const probe = { successThreshold: 2, failureThreshold: 2 };
  assert.deepEqual((await answers([well, ill, well, well, ill, unknown, ill], { probe, initially: false })).held, [
    false,
    false,
    false,
    true,
    true,
    true,
    false,
  ]);
});

test('watchProbe asks first after the initial delay, or when a process may listen, then once a period, and ends with a container that is to end', async () => {
  const probe = { initialDelaySeconds: 5, periodSeconds: 3, failureThreshold: 1 };
  assert.deepEqual((await answers([well, well, well], { probe })).asked, [5_000, 8_000, 11_000]);
  assert.deepEqual((await answers([well, well])).asked, [200, 10_200]);
  assert.deepEqual((await answers([well, ill, well], { probe, endsOnFailure: true })).held, [true, false]);
});
