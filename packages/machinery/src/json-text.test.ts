import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonText } from './json-text.ts';

test('jsonText() escapes what HTML and scripts would take for something else', () => {
  assert.equal(jsonText({ '<': '>&\u2028\u2029"' }), String.raw`{"\u003c":"\u003e\u0026\u2028\u2029\""}`);
  assert.equal(jsonText({ a: ['b', 1] }, 2), '{\n  "a": [\n    "b",\n    1\n  ]\n}');
});
