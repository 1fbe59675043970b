import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatYaml } from './format-yaml.ts';

const check = (value: unknown, ...lines: readonly string[]): void =>
  assert.equal(formatYaml(value), `${lines.join('\n')}\n`);

test('formatYaml() leaves unquoted what is text anyway', () => {
  check(
    { a: 'Aw==', b: 'true', c: '=', d: 'a=b c', e: '1', f: '', g: 'a: b', h: 'f:x' },
    'a: Aw==',
    'b: "true"',
    'c: =',
    'd: a=b c',
    'e: "1"',
    'f: ""',
    "g: 'a: b'",
    'h: f:x',
  );
});

test('formatYaml() escapes what YAML reads as another thing', () => {
  check({ a: '\u0085\u2028\u007f\ufeff' }, 'a: "\\N\\L\\x7F\\uFEFF"');
});

test('formatYaml() writes a text of several lines as it is, and how it ends', () => {
  check(
    { a: 'x\ny\n', b: ' x\ny', c: 'x\n\n', d: 'x \ny' },
    'a: |',
    '  x',
    '  y',
    'b: |2-',
    '   x',
    '  y',
    'c: |+',
    '  x',
    '',
    'd: "x \\ny"',
  );
});

test('formatYaml() breaks a long text at a space, but no key', () => {
  const words = 'word '.repeat(20).trim();
  check({ a: words, [words]: 1 }, `a: ${'word '.repeat(16).trim()}`, '  word word word word', `${words}: 1`);
});

test('formatYaml() puts keys in the order of the numbers in them, letters behind all else', () => {
  check(
    { b: 1, a10: 2, a2: [], '.': {}, A: [{ x: 1, z: [1] }] },
    '.: {}',
    'A:',
    '- x: 1',
    '  z:',
    '  - 1',
    'a2: []',
    'a10: 2',
    'b: 1',
  );
});
