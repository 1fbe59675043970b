import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layoutOf } from './layout.ts';
import { cgroupRootOf } from './state.ts';

test('cgroupRootOf() gives nodes of one name in two folders two groups, and one in one folder always the same', () => {
  const [first, second] = ['/a', '/b'].map((dir) => layoutOf('navarch', dir));
  assert.ok(first && second);
  assert.notEqual(cgroupRootOf('navarch', first), cgroupRootOf('navarch', second));
  assert.equal(cgroupRootOf('navarch', first), cgroupRootOf('navarch', layoutOf('navarch', '/a')));
  assert.match(cgroupRootOf('navarch', first), /^\/navarch-navarch-[0-9a-f]{8}$/);
});
