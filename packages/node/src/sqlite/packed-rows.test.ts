import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NewRow } from './rows.ts';
import { buffersOf, packRows, unpackRows } from './packed-rows.ts';

const revision = fc.integer({ min: 0, max: 2 ** 52 });
const row: fc.Arbitrary<NewRow> = fc.record({
  revision,
  created: revision,
  replaces: revision,
  key: fc.string({ unit: 'binary' }),
  value: fc.option(fc.uint8Array({ maxLength: 40 })),
});

test('unpackRows() gives the rows that packRows() took, on the other side of a thread too', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 8 }), (rows) => {
      const packed = packRows(rows);
      const sent = structuredClone(packed, { transfer: [...buffersOf(packed)] });
      assert.deepEqual(
        unpackRows(sent).map((one) => ({ ...one, value: one.value && Uint8Array.from(one.value) })),
        rows.map((one) => ({ ...one })),
      );
      assert.equal(packed.bytes.length, 0);
    }),
  );
});
