import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeCbor } from './cbor/decode.ts';
import { encodeCbor } from './cbor/encode.ts';
import { integerOf, jsonText, readJson, writeJson } from './json-text.ts';

test('jsonText() escapes what HTML and scripts would take for something else', () => {
  assert.equal(jsonText({ '<': '>&\u2028\u2029"' }), String.raw`{"\u003c":"\u003e\u0026\u2028\u2029\""}`);
  assert.equal(jsonText({ a: ['b', 1] }, 2), '{\n  "a": [\n    "b",\n    1\n  ]\n}');
});

for (const [text, value] of [
  ['9007199254740991', 9007199254740991],
  ['9007199254740992', 9007199254740992n],
  ['-9007199254740993', -9007199254740993n],
  ['9223372036854775807', 9223372036854775807n],
  ['-9223372036854775808', -9223372036854775808n],
  // More than 64 bits, a point or an exponent: a float.
  ['9223372036854775808', 9223372036854775808],
  ['9007199254740993.0', 9007199254740992],
  ['9007199254740993e0', 9007199254740992],
  ['"9007199254740993"', '9007199254740993'],
] as const) {
  test(`readJson() takes ${text} for ${typeof value} ${value}`, () => {
    assert.deepEqual(readJson(text), value);
    assert.deepEqual(readJson(`{"a":[1,${text}]}`), { a: [1, value] });
  });
}

test('readJson() refuses what is too large for a float, and gives its digits', () => {
  const digits = '1'.repeat(400);
  assert.throws(() => readJson(`[${digits}]`), { name: 'RangeError', message: digits });
});

const integers = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => integerOf(value));
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    integers,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^\d{10,30}$/),
    fc.array(tie('value')),
    fc.dictionary(fc.string(), tie('value')),
  ),
})).value;

test('readJson() reads what writeJson() writes, digit for digit: any integer of 64 bits, anywhere', () => {
  fc.assert(
    fc.property(values, fc.constantFrom(undefined, 2), (value, space) => {
      const text = writeJson(value, space);
      assert.equal(writeJson(readJson(text), space), text);
    }),
  );
  fc.assert(fc.property(integers, (value) => assert.deepEqual(readJson(writeJson({ a: value })), { a: value })));
});

test('readJson() finds a large integer wherever it stands', () => {
  for (let before = 0; before < 40; before++) {
    const text = `${' '.repeat(before)}[9007199254740993]`;
    assert.deepEqual(readJson(text), [9007199254740993n], String(before));
  }
});

test('CBOR keeps every integer of 64 bits, and tells it from a float of its size', () => {
  fc.assert(fc.property(integers, (value) => assert.deepEqual(decodeCbor(encodeCbor({ a: value })), { a: value })));
  assert.deepEqual(decodeCbor(encodeCbor([1e17, 10n ** 17n])), [1e17, 10n ** 17n]);
});

test('readJson() refuses a number that no float holds, in texts it may stand', () => {
  assert.throws(() => readJson('{"a":[1E400]}'), { name: 'RangeError', message: '1E400' });
  assert.deepEqual(readJson('{"a":"1e400","b":1e-400,"c":1e100}'), { a: '1e400', b: 0, c: 1e100 });
});
