import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeCbor } from './decode.ts';
import { encodeCbor, encodeCborItem } from './encode.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const read = (text: string): unknown => decodeCbor(Uint8Array.from(Buffer.from(text, 'hex')));

test('encodeCbor() writes texts as byte strings, keys by their length, and begins with the mark of CBOR', () => {
  assert.equal(
    hex(encodeCbor({ bb: 1, a: 'x', c: undefined, aa: [true, null] })),
    'd9d9f7a34161417842616182f5f642626201',
  );
});

test('encodeCborItem() writes numbers as short as they can be (RFC 8949, appendix A)', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [1000, '1903e8'],
    [1_000_000, '1a000f4240'],
    [1_000_000_000_000, '1b000000e8d4a51000'],
    [-1, '20'],
    [-1000, '3903e7'],
    [1.5, 'f93e00'],
    [65_504.5, 'fa477fe080'],
    [1.1, 'fb3ff199999999999a'],
    [5.960464477539063e-8, 'f90001'],
    [0.00006103515625, 'f90400'],
    [1e300, 'fb7e37e43c8800759c'],
    [-0, 'f98000'],
  ];
  for (const [value, text] of cases) assert.equal(hex(encodeCborItem(value)), text, String(value));
  assert.throws(() => encodeCborItem(Number.NaN), RangeError);
});

test('decodeCbor() reads what encodeCbor() writes', () => {
  // What JSON writes down: it has no zero below zero, which CBOR keeps.
  const written = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);
  fc.assert(fc.property(written, (value) => assert.deepEqual(decodeCbor(encodeCbor(value)), value)));
  assert.ok(Object.is(decodeCbor(encodeCbor(-0)), -0));
});

test('decodeCbor() reads both kinds of text, lengths that come at the end, and tags', () => {
  assert.deepEqual(read('bf61619f4162ffff'), { a: ['b'] });
  assert.equal(read('5f41614162ff'), 'ab');
  assert.equal(read('d64568656c6c6f'), 'aGVsbG8=');
  assert.deepEqual(read('d68242686942686f'), ['aGk=', 'aG8=']);
  assert.equal(read('c074323032362d30312d30325430333a30343a30355a'), '2026-01-02T03:04:05Z');
});

test('decodeCbor() refuses what is no CBOR, and what JSON has nothing for', () => {
  const bad: readonly (readonly [string, RegExp])[] = [
    ['', /EOF/],
    ['61', /EOF/],
    ['9b7fffffffffffffff', /EOF/],
    ['bbffffffffffffffff', /EOF/],
    ['0000', /extraneous/],
    ['ff', /break/],
    ['f7', /simple/],
    ['f97e00', /NaN/],
    ['1bffffffffffffffff', /overflows/],
    ['c24101', /bignum/],
    ['a20102', /EOF/],
    ['a2616101616102', /duplicate/],
    ['61ff', /UTF-8/],
    ['1c', /additional/],
    ['7f4161ff', /wrong element type/],
    ['c04161', /text string/],
  ];
  for (const [text, words] of bad)
    assert.throws(
      () => read(text),
      (error: Error) => error instanceof SyntaxError && words.test(error.message),
      text,
    );
});

test('decodeCbor() goes no deeper than it has room for', () => {
  assert.throws(() => read('81'.repeat(100_000)), /max nested level/);
  assert.throws(() => read('9f'.repeat(100_000)), /max nested level/);
  assert.throws(() => read('a14161'.repeat(100_000)), /max nested level/);
  assert.throws(() => read('d9d9f7'.repeat(100_000)), /max nested level/);
});
