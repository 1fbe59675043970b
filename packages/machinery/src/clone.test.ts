import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cloneJson } from './clone.ts';

test('cloneJson() makes an equal value that shares nothing with the first', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      const copy = cloneJson(value) as any;
      assert.equal(JSON.stringify(copy), text);
      const scramble = (of: any): void => {
        if (typeof of !== 'object' || of === null) return;
        for (const name of Object.keys(of)) {
          scramble(of[name]);
          of[name] = 'changed';
        }
      };
      scramble(copy);
      assert.equal(JSON.stringify(value), text);
    }),
  );
});

test('cloneJson() copies a key that objects treat as special', () => {
  assert.equal(JSON.stringify(cloneJson(JSON.parse('{"__proto__":{"a":1}}'))), '{"__proto__":{"a":1}}');
});
