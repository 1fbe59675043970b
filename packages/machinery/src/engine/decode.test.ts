import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Schemas } from './schemas.ts';
import { decode } from './decode.ts';

const of = (type: string, value: unknown): unknown =>
  decode(
    new Schemas({
      X: {
        fields: [
          { name: 'm', type: `map[string]${type}`, omit: 'omitempty' },
          { name: 'l', type: `[]${type}`, omit: 'omitempty' },
        ],
      },
      S: { fields: [{ name: 'a', type: 'int32' }] },
    }).object('X'),
    value,
  ).value;

test('decode() takes null within lists and maps for what Go makes of it', () => {
  for (const [type, zero] of [
    ['Time', null],
    ['Quantity', '0'],
    ['IntOrString', 0],
    ['double', 0],
    ['string', ''],
    ['int64', 0],
    ['S', { a: 0 }],
  ] as const) {
    assert.deepEqual(of(type, { m: { k: null }, l: [null] }), { m: { k: zero }, l: [zero] }, type);
  }
});
