import assert from 'node:assert/strict';
import { test } from 'node:test';
import { officialNames } from '../names.ts';
import { tests } from './index.ts';

test('every registered test has a name of the official list, and no two have the same', () => {
  const official = new Set(officialNames().map((name) => name.plain));
  assert.deepEqual(
    tests.map((t) => t.name).filter((name) => !official.has(name)),
    [],
  );
  assert.equal(new Set(tests.map((t) => t.name)).size, tests.length);
});
