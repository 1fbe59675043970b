import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from './decide.ts';
import { floorsOf } from './floors.ts';
import { replays } from './index.ts';

test('every replay places all of its pods, a thousandth of them by the decision alone', () => {
  for (const { name, at } of replays) {
    const small = at((count) => Math.ceil(count / 1000));
    assert.ok(small.nodes.length > 0 && small.measured.count > 0, name);
    assert.ok(decide(small) > 0, name);
  }
});

test('decide() gives every device once', () => {
  const replay = replays.find(({ name }) => name.startsWith('SchedulingWithResourceClaimTemplate/'))?.at(() => 1);
  assert.ok(replay);
  const { measured } = replay;
  assert.ok(decide({ ...replay, measured: { ...measured, count: 10 } }) > 0);
  assert.throws(() => decide({ ...replay, measured: { ...measured, count: 11 } }), /pod-10 fits somewhere/);
});

test('replays have names of their own', () => {
  assert.equal(new Set(replays.map(({ name }) => name)).size, replays.length);
});

test('floorsOf() reads names and floors, and knows where there is none', () => {
  const text = '# a comment\nworkload\tnodes\tfloor pods/s\nA/1\t5\t60\nB/2\t7\tnone (once: 18)\n';
  assert.deepEqual(
    [...floorsOf(text)],
    [
      ['A/1', 60],
      ['B/2', undefined],
    ],
  );
});
