import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flagsOf } from './flags.ts';

test('flagsOf() says in one sentence what is wrong', () => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [['nope'], /^there is no benchmark "nope"; there are api, /],
    [['store', 'api'], /^one benchmark at a time: api is too much$/],
    [['store', '--vs', 'other'], /^--vs other: the only other side is "peer"$/],
    [['testing', '--vs', 'peer'], /^testing has no peer$/],
    [['store', '--rounds', '0'], /^--rounds 0: want a number from 1 to 20$/],
    [['store', '--wrong'], /--wrong/],
  ];
  for (const [args, message] of rows) assert.throws(() => flagsOf(args), { message }, args.join(' '));
});

test('flagsOf() keeps results of a part or of a quick run from taking the place of whole ones', () => {
  assert.match(flagsOf(['store'])?.out ?? '', /bench\/results$/);
  assert.equal(flagsOf(['store', '--quick'])?.out, undefined);
  assert.equal(flagsOf(['store', '--only', 'list'])?.out, undefined);
  assert.equal(flagsOf(['store', '--quick', '--out', '/x'])?.out, '/x');
  assert.equal(flagsOf(['store', '--quick'])?.rounds, 1);
  assert.equal(flagsOf([]), undefined);
});

test('flagsOf() takes what --all measures instead, where there is more', () => {
  assert.equal(flagsOf(['schedule', '--all'])?.benchmark.name, 'schedule-all');
  assert.throws(() => flagsOf(['store', '--all']), { message: /^store has nothing more/ });
});
