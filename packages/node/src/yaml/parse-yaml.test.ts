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

test('parseYaml() reads times and words like yes as the texts that they are', () => {
  assert.deepEqual(parseYaml('a: 2001-01-01\nb: yes\nc: 1e3\nd: ~\ne: "1"'), {
    a: '2001-01-01',
    b: 'yes',
    c: 1000,
    d: null,
    e: '1',
  });
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
  const value = parseYaml('\na: 1\nb:\n- a: 2\n  c: {a: 3, a: 4}\n- "a": 5\n  a: 6\na: 7\n', (key, line) => told.push(`${key} ${line}`));
  assert.deepEqual(told, ['a 5', 'a 7', 'a 8']);
  assert.deepEqual(value, { a: 7, b: [{ a: 2, c: { a: 4 } }, { a: 6 }] });
});
