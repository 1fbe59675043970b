import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { headerBlock } from './encode-headers.ts';
import { HeaderBlockError, HeaderDecoder } from './header-decoder.ts';

const fieldsOf = (decoder: HeaderDecoder, block: Buffer): readonly string[] => {
  const fields: string[] = [];
  decoder.decode(block, ({ name, value }) => fields.push(`${name}: ${value}`));
  return fields;
};
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('decode() reads the requests of RFC 7541, appendix C.4, each with the table that the ones before left', () => {
  const decoder = new HeaderDecoder();
  const first = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
  assert.deepEqual(fieldsOf(decoder, hex('8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff')), first);
  assert.deepEqual(fieldsOf(decoder, hex('8286 84be 5886 a8eb 1064 9cbf')), [...first, 'cache-control: no-cache']);
  assert.deepEqual(fieldsOf(decoder, hex('8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf')), [
    ':method: GET',
    ':scheme: https',
    ':path: /index.html',
    ':authority: www.example.com',
    'custom-key: custom-value',
  ]);
});

test('decode() lets the oldest go when its table is full', () => {
  const decoder = new HeaderDecoder();
  const kept = (name: string, length: number): Buffer =>
    Buffer.from(
      `\x40${String.fromCharCode(name.length)}${name}\x7f${String.fromCharCode(((length - 127) % 128) | 0x80, (length - 127) >> 7)}${'x'.repeat(length)}`,
      'latin1',
    );
  for (const name of ['a', 'b', 'c']) fieldsOf(decoder, kept(name, 1500));
  assert.match(fieldsOf(decoder, hex('be'))[0] ?? '', /^c: /);
  assert.match(fieldsOf(decoder, hex('bf'))[0] ?? '', /^b: /);
  assert.throws(() => fieldsOf(decoder, hex('c0')), HeaderBlockError);
});

for (const [what, block] of [
  ['an entry that is not there', 'be'],
  ['the entry zero', '80'],
  ['a text longer than the block', '4005 61'],
  ['an integer without an end', 'ffff ffff ffff ffff ff'],
  ['a table larger than was granted', '3fe2 1f'],
  ['a Huffman code with the end of string in it', '0001 6184 ffff ffff'],
  ['padding that is not of ones', '0001 6181 18'],
  ['a whole octet of padding', '0001 6182 1fff'],
  ['nothing after the index of a name', '41'],
] as const)
  test(`decode() refuses ${what}`, () => {
    assert.throws(() => fieldsOf(new HeaderDecoder(), hex(block)), HeaderBlockError);
  });

test('headerBlock() is read as what was written', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,200}$/);
  const value = fc.string({
    unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 400,
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 599 }),
      fc.dictionary(name, fc.oneof(value, fc.array(value))),
      (status, headers) => {
        const block = Buffer.from(headerBlock(status, headers), 'latin1');
        const expected = Object.keys(headers).flatMap((key) =>
          [headers[key] ?? []].flat().map((one) => `${key}: ${one}`),
        );
        assert.deepEqual(fieldsOf(new HeaderDecoder(), block), [`:status: ${status}`, ...expected]);
      },
    ),
  );
});
