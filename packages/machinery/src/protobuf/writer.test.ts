import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WireReader } from './wire.ts';
import { WireWriter } from './writer.ts';

test('what a writer wrote last to first, a reader reads first to last', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(fc.maxSafeInteger(), fc.string({ unit: 'grapheme', maxLength: 90 }), fc.double({ noNaN: true })),
        { maxLength: 60 },
      ),
      (values) => {
        const out = new WireWriter();
        for (const value of values.toReversed()) {
          if (typeof value === 'string') out.string(value);
          else if (Number.isSafeInteger(value)) out.varint(value);
          else out.double(value);
        }
        const reader = new WireReader(out.take());
        const read = values.map((value) =>
          typeof value === 'string'
            ? new TextDecoder().decode(reader.bytes())
            : Number.isSafeInteger(value)
              ? reader.int()
              : reader.double(),
        );
        assert.ok(reader.isAtEnd);
        assert.deepEqual(
          read.map((value) => (value === 0 ? 0 : value)),
          values.map((value) => (value === 0 ? 0 : value)),
        );
      },
    ),
  );
});

test('a writer grows beyond its first memory and is empty after take()', () => {
  const out = new WireWriter();
  out.bytes(new Uint8Array(100_000).fill(7));
  out.string('x'.repeat(100_000));
  assert.equal(out.take().length, 200_006);
  assert.equal(out.size, 0);
});
