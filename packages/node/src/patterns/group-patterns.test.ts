import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupPatterns } from './group-patterns.ts';

test('groupPatterns give what matched and each group, and refuse what RE2 has not', () => {
  assert.deepEqual(groupPatterns('(.*)-(us-west-1)\\.x\\.')('ftp-us-west-1.x.'), [
    'ftp-us-west-1.x.',
    'ftp',
    'us-west-1',
  ]);
  assert.deepEqual(groupPatterns('^(?P<n>[0-9]+)(z)?')('7.x'), ['7', '7', '']);
  assert.equal(groupPatterns('^a')('b'), undefined);
  assert.throws(() => groupPatterns('(?=a)'), SyntaxError);
});
