import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detail, figuresOf } from './figures.ts';

test('figuresOf() measures once a round and side, and shows each figure of it', async () => {
  const taken: string[] = [];
  const side = (name: string) => async (round: number) => {
    taken.push(`${name} ${round}`);
    return { figure: round, details: { p99Ms: round * 10 } };
  };
  const workloads = figuresOf({ ours: side('ours'), peer: side('peer') }, [
    { name: 'all', unit: 'x/s', better: 'more', of: ({ figure }) => figure },
    { name: 'all, p99', unit: 'ms', better: 'less', ratioGoal: 1, of: detail('p99Ms') },
    { name: 'other', unit: 'ms', better: 'less', of: detail('unknown') },
  ]);
  assert.deepEqual(
    workloads.map(({ name, unit, ratioGoal }) => [name, unit, ratioGoal]),
    [
      ['all', 'x/s', undefined],
      ['all, p99', 'ms', 1],
      ['other', 'ms', undefined],
    ],
  );
  const figures: (number | undefined)[] = [];
  for (const round of [1, 2])
    for (const { ours, peer } of workloads) figures.push((await ours(round)).figure, (await peer?.(round))?.figure);
  assert.deepEqual(figures, [1, 1, 10, 10, Number.NaN, Number.NaN, 2, 2, 20, 20, Number.NaN, Number.NaN]);
  assert.deepEqual(taken, ['ours 1', 'peer 1', 'ours 2', 'peer 2']);
});
