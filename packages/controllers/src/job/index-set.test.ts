import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IndexSet } from './index-set.ts';

const indexes = fc.uniqueArray(fc.nat(60));

test('IndexSet.toString() writes neighbours as a list and longer runs as ranges', () => {
  assert.equal(String(IndexSet.empty.with([7, 1, 3, 4, 5, 9, 10])), '1,3-5,7,9,10');
  assert.equal(String(IndexSet.parse('1,3-5,7', 5)), '1,3,4', 'nothing at the limit or beyond');
  assert.equal(String(IndexSet.parse('garbage', 5)), '');
});

test('IndexSet holds what a set holds, and reads what it wrote', () => {
  fc.assert(
    fc.property(indexes, indexes, (one, two) => {
      const set = IndexSet.empty.with(one).with(two);
      const plain = new Set([...one, ...two]);
      assert.equal(set.size, plain.size);
      for (let i = 0; i <= 61; i++) assert.equal(set.has(i), plain.has(i));
      assert.equal(String(IndexSet.parse(String(set), 100)), String(set));
      assert.equal(
        IndexSet.empty.with(one).overlap(IndexSet.empty.with(two)),
        one.filter((i) => two.includes(i)).length,
      );
      const missing = Array.from({ length: 50 }, (_, i) => i).filter((i) => !plain.has(i) && i % 7 !== 0);
      assert.deepEqual(
        set.firstMissing(5, 50, (i) => i % 7 === 0),
        missing.slice(0, 5),
      );
    }),
  );
});
