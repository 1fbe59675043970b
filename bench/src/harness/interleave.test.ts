import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Workload } from './benchmark.ts';
import { interleave } from './interleave.ts';
import { tableOf } from './table.ts';

const { signal } = new AbortController();
const silent = (): void => undefined;
const course = (rounds: number, endByMs = Infinity) => ({ rounds, endByMs, say: silent });

/** Measures what it is given, round by round, and writes down when. */
function workload(
  name: string,
  ours: readonly number[],
  peer: readonly number[],
  order: string[],
  more: Partial<Workload> = {},
): Workload {
  const side = (label: string, figures: readonly number[]) => async (round: number) => {
    order.push(`${name} ${label} ${round}`);
    const figure = figures[round - 1];
    if (figure === undefined) throw new Error(`${name} broke`);
    return { figure, details: { cpu: figure / 10 } };
  };
  return {
    name,
    unit: 'ops/s',
    better: 'more',
    ours: side('ours', ours),
    ...(peer.length > 0 ? { peer: side('peer', peer) } : {}),
    ...more,
  };
}

test('interleave() measures both sides right after one another, and lets them take turns in beginning', async () => {
  const order: string[] = [];
  const { outcomes } = await interleave(
    [workload('a', [20, 22], [10, 10], order), workload('b', [1, 1], [], order)],
    course(2),
    signal,
  );
  assert.deepEqual(order, ['a peer 1', 'a ours 1', 'b ours 1', 'a ours 2', 'a peer 2', 'b ours 2']);
  assert.deepEqual(
    outcomes.map(({ ratio }) => ratio),
    [2.1, undefined],
  );
  assert.deepEqual(outcomes[0]?.details.ours, { cpu: { median: 2.1, min: 2, max: 2.2, rounds: 2 } });
});

test('interleave() counts a ratio above 1 as ahead whichever way the unit counts, and says whether goals are reached', async () => {
  const order: string[] = [];
  const { outcomes } = await interleave(
    [
      workload('fast', [30], [10], order, { ratioGoal: 3 }),
      workload('slow', [30], [10], order, { better: 'less', ratioGoal: 0.5 }),
      workload('small', [30], [], order, { better: 'less', goal: 40 }),
      workload('few', [30], [], order, { goal: 40 }),
    ],
    course(1),
    signal,
  );
  assert.deepEqual(
    outcomes.map(({ isReached }) => isReached),
    [true, false, true, false],
  );
  assert.match(
    tableOf(outcomes),
    /\| slow +\| ops\/s \| 30 +\| one round +\| 10 +\| one round +\| 0\.33 +\| 0\.5 x +\| no +\|/,
  );
});

test('interleave() leaves out a workload that fails, and goes on with the others', async () => {
  const order: string[] = [];
  const { outcomes, failures } = await interleave(
    [workload('a', [1], [], order), workload('b', [1, 2], [], order)],
    course(2),
    signal,
  );
  assert.deepEqual(failures, [{ workload: 'a', why: 'a broke' }]);
  assert.deepEqual(
    outcomes.map((outcome) => [outcome.workload, outcome.ours.median]),
    [['b', 1.5]],
  );
});

test('interleave() warms both sides up where it is asked to, and counts nothing of it', async () => {
  const order: string[] = [];
  const counted = workload('a', [20], [10], order);
  const late = { ...counted, ours: async (round: number) => (round === 0 ? { figure: 1 } : counted.ours(round)) };
  const { outcomes } = await interleave(
    [{ ...late, peer: async (round) => (round === 0 ? { figure: 100 } : { figure: 10 }) }],
    { ...course(1), warmsUp: true },
    signal,
  );
  assert.deepEqual([outcomes[0]?.ratio, outcomes[0]?.ours.rounds, outcomes[0]?.peer?.rounds], [2, 1, 1]);
});

test('interleave() stops when it is interrupted', async () => {
  const stop = new AbortController();
  stop.abort(new Error('interrupted'));
  await assert.rejects(interleave([workload('a', [1], [], [])], course(1), stop.signal), /interrupted/);
});

test('interleave() begins no round that would not end in time, and tells what it has', async () => {
  const { outcomes } = await interleave([workload('a', [1, 2, 3], [], [])], course(3, 0), signal);
  assert.equal(outcomes[0]?.ours.rounds, 1);
});
