import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from './parse-yaml.ts';

const LETTERS = 'abcdefghij';
/** Nine lists of nine aliases each: 9^10 values in half a kilobyte. */
const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...Array.from(LETTERS)
    .slice(1)
    .map((letter, i) => `${letter}: &${letter} [${Array.from({ length: 9 }, () => `*${LETTERS[i]}`).join(', ')}]`),
].join('\n');

test('parseYaml() reads scalars as YAML 1.1 of Go: times are text, yes is true, a leading zero is a base', () => {
  const values: readonly (readonly [string, unknown])[] = [
    ['2001-01-01', '2001-01-01'],
    ['2001-01-01T01:02:03Z', '2001-01-01T01:02:03Z'],
    ['yes', true],
    ['off', false],
    ['y', true],
    ['~', null],
    ['', null],
    ['"1"', '1'],
    ['1e3', 1000],
    ['010', 8],
    ['0o10', 8],
    ['0x1F', 31],
    ['0b101', 5],
    ['1_000', 1000],
    ['089', 89],
    ['.5', 0.5],
    ['+1', 1],
    ['-0b1', -1],
    ['1:30', '1:30'],
    ['1.2.3', '1.2.3'],
    ['0x', '0x'],
    ['1e999', '1e999'],
    ['!!str 1', '1'],
    ['!!float 1', 1],
    ['!!binary aGk=', 'hi'],
    ['! 12', '12'],
    ['|\n  x', 'x'],
    ['|\n  x\n', 'x\n'],
  ];
  for (const [text, value] of values) assert.deepEqual(parseYaml(`a: ${text}`), { a: value }, text);
  assert.throws(() => parseYaml('# one\n...\n---\na: 1\n'), /expected <document start>/);
  for (const text of ['.inf', '-.inf', '.nan']) assert.throws(() => parseYaml(text), /unsupported value/);
  assert.throws(() => parseYaml('!!int abc'), /cannot decode !!str `abc` as a !!int/);
});

test('parseYaml() makes text of keys, and refuses those that are none', () => {
  assert.deepEqual(parseYaml('1: a\nyes: b\n1.5: c\n010: d\n1e7: e'), {
    1: 'a',
    true: 'b',
    1.5: 'c',
    8: 'd',
    '1e+07': 'e',
  });
  for (const text of ['~: 1', '? [1]\n: 2', '18446744073709551615: 1'])
    assert.throws(() => parseYaml(text), /map key/, text);
});

test('parseYaml() merges maps where the document says so: what comes later counts', () => {
  assert.deepEqual(
    parseYaml('a: &a {x: 1, z: 2}\nb: {<<: *a, z: 3}\nc: {z: 3, <<: *a}\nd: {<<: [{x: 8}, *a]}\ne: {"<<": 1}'),
    {
      a: { x: 1, z: 2 },
      b: { x: 1, z: 3 },
      c: { x: 1, z: 2 },
      d: { x: 8, z: 2 },
      e: { '<<': 1 },
    },
  );
  assert.throws(() => parseYaml('a: {<<: 1}'), /map merge requires map/);
});

test('parseYaml() reads the first document', () => {
  assert.deepEqual(parseYaml('---\na: 1\n---\nb: 2\n'), { a: 1 });
  assert.equal(parseYaml('# nothing\n'), null);
});

test('parseYaml() follows aliases, as far as what they stand for stays of a size', () => {
  assert.deepEqual(parseYaml('a: &x [1, 2]\nb: *x'), { a: [1, 2], b: [1, 2] });
  assert.throws(() => parseYaml(bomb), /excessive aliasing/);
});

test('parseYaml() refuses values that contain themselves', () => {
  assert.throws(() => parseYaml('a: &x [*x]'), /contains itself/);
});

test('parseYaml() refuses what goes too deep', () => {
  assert.throws(() => parseYaml('['.repeat(100_000)), /maxDepth/);
});

test('parseYaml() tells keys that come again in their mapping, with their lines, and takes the last value', () => {
  const told: string[] = [];
  const value = parseYaml('\na: 1\nb:\n- a: 2\n  c: {a: 3, a: 4}\n- "a": 5\n  a: 6\na: 7\n', (key, line) =>
    told.push(`${key} ${line}`),
  );
  assert.deepEqual(told, ['"a" 5', '"a" 7', '"a" 8']);
  assert.deepEqual(value, { a: 7, b: [{ a: 2, c: { a: 4 } }, { a: 6 }] });
});
