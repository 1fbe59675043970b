import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ascending } from './ascending.ts';

test('ascending() is what sort() makes of texts, in order or not', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (texts) => {
      assert.deepEqual(ascending([...texts]), [...texts].sort());
      assert.deepEqual(ascending([...texts].sort()), [...texts].sort());
    }),
  );
});
