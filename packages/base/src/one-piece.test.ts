import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { onePiece } from './one-piece.ts';

test('onePiece() changes no text, whatever it begins or ends with', () => {
  const part = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(' ', '\n', '\u00a0', '\ufeff', '\ud800', ''));
  fc.assert(
    fc.property(part, part, part, (a, b, c) => {
      assert.equal(onePiece(`${a}${b}${c}`), a + b + c);
    }),
  );
});
