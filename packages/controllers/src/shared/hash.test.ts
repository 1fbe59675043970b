import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fnv32a, revisionHash } from './hash.ts';

test('fnv32a() gives the published values', () => {
  const hash = (text: string): number => fnv32a(new TextEncoder().encode(text));
  assert.deepEqual([hash(''), hash('a'), hash('foobar')], [0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});

test('revisionHash() does not depend on the order of fields, and does on every value and on the collision count', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).reverse());
      assert.equal(revisionHash(value, undefined), revisionHash(reversed, undefined));
      assert.match(revisionHash(value, 3), /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
    }),
  );
  const all = [
    revisionHash({ a: 1 }, undefined),
    revisionHash({ a: 2 }, undefined),
    revisionHash({ a: 1 }, 0),
    revisionHash({ a: 1 }, 1),
    revisionHash({ a: [1, 2] }, 0),
    revisionHash({ a: [2, 1] }, 0),
  ];
  assert.equal(new Set(all).size, all.length);
});
