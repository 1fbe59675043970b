import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SortedKeys } from './sorted-keys.ts';

const key = fc.integer({ min: 0, max: 3000 }).map((n) => String(n).padStart(4, '0'));
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('add' as const), from: key, count: fc.nat(900) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), from: key, count: fc.nat(900) }) },
);

test('SortedKeys has the order, the ranks and the ranges of a sorted array, whatever comes and goes', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(key, { maxLength: 1500 }),
      fc.array(step, { maxLength: 8 }),
      fc.array(fc.tuple(key, key), { minLength: 3, maxLength: 6 }),
      (first, steps, ranges) => {
        const keys = SortedKeys.of(first.toSorted());
        const there = new Set(first);
        for (const { type, from, count } of steps) {
          for (let n = 0; n < count; n++) {
            // Neither in order nor with every key: 7 and the number of keys have no common divisor.
            const each = String((Number(from) + n * 7) % 3001).padStart(4, '0');
            if (type === 'delete') keys.delete(each);
            else if (!there.has(each)) keys.add(each);
            there[type](each);
          }
        }
        const plain = [...there].sort();
        assert.deepEqual([...keys.range('', '\uffff')], plain);
        for (const [start, end] of ranges) {
          const expected = plain.filter((each) => each >= start && each < end);
          assert.deepEqual([...keys.range(start, end)], expected);
          assert.equal(keys.rank(start), plain.filter((each) => each < start).length);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('SortedKeys fills its blocks with keys that come in order', () => {
  const keys = new SortedKeys();
  for (let n = 0; n < 5000; n++) keys.add(String(n).padStart(4, '0'));
  assert.equal(keys.rank('4321'), 4321);
  assert.deepEqual([...keys.range('1022', '1026')], ['1022', '1023', '1024', '1025']);
});
