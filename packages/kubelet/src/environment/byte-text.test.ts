import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOfText, isUnicode, textOfBytes } from './byte-text.ts';

test('textOfBytes() and bytesOfText() give back every byte', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(bytesOfText(textOfBytes(bytes)), bytes)));
  // Well-formed and other sequences side by side.
  const parts = fc.constantFrom(
    [0xc3, 0xa9],
    [0xc3],
    [0xe2, 0x82, 0xac],
    [0xe2, 0x82],
    [0xf0, 0x9f, 0x98, 0x80],
    [0xed, 0xb2, 0x80],
    [0xef, 0xbb, 0xbf],
    [0x41],
    [0xff],
    [0xc0, 0x80],
  );
  fc.assert(
    fc.property(fc.array(parts), (list) =>
      assert.deepEqual(bytesOfText(textOfBytes(Uint8Array.from(list.flat()))), Uint8Array.from(list.flat())),
    ),
  );
});

test('textOfBytes() reads UTF-8 as it is, a byte order mark too, and says what is none', () => {
  const texts = ['', 'mé', '\uFEFFx', '😀\uDC00'.slice(0, 2), '\0'];
  for (const text of texts) assert.equal(textOfBytes(new TextEncoder().encode(text)), text);
  assert.deepEqual(
    [textOfBytes(Uint8Array.of(0x61, 0xff, 0x62)), isUnicode(textOfBytes(Uint8Array.of(0xff))), isUnicode('mé😀')],
    ['a\uDCFFb', false, true],
  );
});
