import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linearPatterns } from './linear-patterns.ts';

test('linearPatterns match as RE2 does, anywhere in the text', () => {
  for (const [pattern, text, matches] of [
    ['^a+$', 'aaa', true],
    ['^a+$', 'aab', false],
    ['b', 'abc', true],
    ['(?i)ABC', 'xabc', true],
    ['^[[:alpha:]]+$', 'abc', true],
    ['\\d{3}', 'a12', false],
    ['^(?P<name>x)\\z', 'x', true],
    ['^é$', 'é', true],
  ] as const)
    assert.equal(linearPatterns.compile(pattern)(text), matches, `${pattern} on ${text}`);
});

test('linearPatterns refuse what RE2 has not', () => {
  for (const pattern of ['(?=a)', '(a)\\1', 'a(', '[z-a]'])
    assert.throws(() => linearPatterns.compile(pattern), SyntaxError, pattern);
});

test('linearPatterns are not held up by a pattern that makes others try for ever', () => {
  const matches = linearPatterns.compile('^(a+)+$');
  assert.equal(matches(`${'a'.repeat(20_000)}!`), false);
});
