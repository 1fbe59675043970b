import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatYaml } from './format-yaml.ts';

test('formatYaml() leaves unquoted what is text anyway', () => {
  const lines = ['a: Aw==', 'b: "true"', 'c: "="', 'd: a=b c', 'e: "1"', 'f: ""', 'g: "a: b"'];
  assert.equal(formatYaml({ a: 'Aw==', b: 'true', c: '=', d: 'a=b c', e: '1', f: '', g: 'a: b' }), `${lines.join('\n')}\n`);
});

test('formatYaml() escapes what YAML reads as another thing', () => {
  assert.equal(formatYaml({ a: '\u0085\u2028\u007f\ufeff' }), 'a: "\\u0085\\u2028\\u007f\\ufeff"\n');
});
