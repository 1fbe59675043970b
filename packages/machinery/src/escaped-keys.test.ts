import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readJson, writeJson } from './json-text.ts';

for (const [first, second] of [
  ['\\', '"'],
  ['\\', '\u0000'],
  [String.raw`k:{\"name\":`, 'k:{"name":1}'],
] as const) {
  test(`the key ${JSON.stringify(second)} is read as it is where ${JSON.stringify(first)} was read before`, () => {
    for (const key of [first, second, first, second]) {
      const object = { [`before ${first} and ${second}`]: null, [key]: 1 };
      assert.deepEqual(readJson(writeJson(object)), object);
    }
  });
}

test('what the language does with keys stays: the last of two counts, numbers come first, none is special', () => {
  assert.deepEqual(readJson(String.raw`{"\\":1,"b":{"\"":2,"\"":3},"b":4}`), { '\\': 1, b: 4 });
  assert.deepEqual(Object.keys(readJson(String.raw`{"\\":1,"7":2}`) as object), ['7', '\\']);
  const odd = readJson(String.raw`{"\\":1,"__proto__":{"a":[9007199254740993,"\":"]}}`) as object;
  assert.deepEqual(Object.entries(odd), [
    ['\\', 1],
    ['__proto__', { a: [9007199254740993n, '":'] }],
  ]);
  assert.throws(() => readJson(String.raw`{"\\":1,"\x":2}`), SyntaxError);
});

test('every object is read as it was written, whatever was read before', () => {
  const key = fc.string({ unit: fc.constantFrom('\\', '"', 'a', '\n', '\u0001'), maxLength: 4 });
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, 1, 'x:', '":'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value;
  fc.assert(
    fc.property(value, (one) => assert.deepEqual(readJson(writeJson(one)), one)),
    { numRuns: 2000 },
  );
});
