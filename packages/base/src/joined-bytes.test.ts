import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { joinedBytes } from './joined-bytes.ts';

test('joinedBytes() is what concatenating the parts gives', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 8 })), (parts) => {
      assert.deepEqual(
        [...joinedBytes(parts)],
        parts.flatMap((part) => [...part]),
      );
    }),
  );
});

test('joinedBytes() does not copy a part that has everything', () => {
  const part = Uint8Array.of(1, 2);
  assert.equal(joinedBytes([new Uint8Array(), part]), part);
});
