import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { reversioned, versioned } from './version-in-bytes.ts';

const bytesOf = (version: string, note: string, name: string): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify({
      kind: 'Pod',
      metadata: { name, resourceVersion: version, annotations: { resourceVersion: note, [note]: name } },
    }),
  );
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test('the bytes of an object at another version are what printing it at that version gives, whatever else it says', () => {
  const version = fc.nat({ max: Number.MAX_SAFE_INTEGER });
  const note = fc.oneof(fc.string(), fc.constant('"resourceVersion":"1"'));
  fc.assert(
    fc.property(version, version, note, fc.string(), (before, after, said, name) => {
      const expected = text(bytesOf(String(after), said, name));
      assert.equal(text(reversioned(bytesOf(String(before), said, name), after)), expected);
      assert.equal(text(versioned(bytesOf('', said, name), after)), expected);
      const held = bytesOf(String(before), said, name);
      assert.equal(versioned(held, after), held);
    }),
  );
});

test('what has no version has no place for one', () => {
  assert.throws(() => versioned(new TextEncoder().encode('{"metadata":{"name":"a"}}'), 1), /no place/);
});
