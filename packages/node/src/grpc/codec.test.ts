import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { protocol as cri } from '../cri/generated/description.ts';
import { Codec } from './codec.ts';

const { enums, messages } = cri;
const codec = new Codec(cri);
const names = Object.keys(messages);

test('decode() gives back whatever encode() was given', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...names).chain((name) => fc.tuple(fc.constant(name), messageOf(name, 3))),
      ([name, message]) => {
        assert.deepEqual(codec.decode(name, codec.encode(name, message)), message);
      },
    ),
    { numRuns: 300 },
  );
});

test('encode() writes the bytes that the protobuf specification gives', () => {
  assert.equal(codec.encode('Int64Value', { value: 150 }).toString('hex'), '089601');
  assert.equal(codec.encode('Int64Value', { value: -1 }).toString('hex'), '08ffffffffffffffffff01');
  assert.equal(codec.encode('Int64Value', { value: -(2 ** 40) }).toString('hex'), '0880808080' + '80e0ffffff01');
  assert.equal(
    codec.encode('ImageSpec', { image: 'a', annotations: { b: 'c' } }).toString('hex'),
    '0a016112060a016212' + '0163',
  );
});

test('encode() holds numbers beyond int64 at its edge', () => {
  assert.equal(codec.encode('Int64Value', { value: 2 ** 63 }).toString('hex'), '08ffffffffffffffff7f');
});

test('decode() reads packed and single numbers alike', () => {
  const packed = Buffer.from('42020102', 'hex');
  const single = Buffer.from('40014002', 'hex');
  const groups = (bytes: Buffer): unknown => codec.decode('LinuxContainerSecurityContext', bytes)['supplementalGroups'];
  assert.deepEqual(
    [groups(packed), groups(single)],
    [
      [1, 2],
      [1, 2],
    ],
  );
});

test('decode() skips what it does not know and keeps unknown enum values apart', () => {
  const bytes = Buffer.concat([Buffer.from('a2060378797a', 'hex'), Buffer.from('1809', 'hex')]);
  assert.equal(codec.decode('ContainerStatus', bytes)['state'], '9');
});

test('decode() refuses bytes that end too early', () => {
  assert.throws(() => codec.decode('ImageSpec', Buffer.from('0a0561', 'hex')), RangeError);
});

test('encode() refuses what is not an integer or not in the enum', () => {
  assert.throws(() => codec.encode('Int64Value', { value: 1.5 }), /1.5 is not an integer/);
  assert.throws(
    () => codec.encode('ContainerStateValue', { state: 'RUNNING' }),
    /RUNNING is not one of ContainerState/,
  );
});

function messageOf(name: string, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const required: Record<string, fc.Arbitrary<unknown>> = {};
  const optional: string[] = [];
  for (const [field, , type, count] of messages[name] ?? []) {
    if (messages[type] && count === 'single') {
      if (depth === 0) continue;
      optional.push(field);
    }
    if (messages[type] && depth === 0) required[field] = fc.constant([]);
    else if (count === 'repeated') required[field] = fc.array(valueOf(type, depth), { maxLength: 2 });
    else if (count === 'map')
      required[field] = fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), valueOf(type, depth), {
        maxKeys: 2,
        noNullPrototype: true,
      });
    else required[field] = valueOf(type, depth);
  }
  const requiredKeys = Object.keys(required).filter((key) => !optional.includes(key));
  return fc.record(required, { requiredKeys, noNullPrototype: true });
}

function valueOf(type: string, depth: number): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 8 });
    case 'bytes':
      return fc.uint8Array({ maxLength: 8 });
    case 'bool':
      return fc.boolean();
    case 'double':
      return fc.double({ noNaN: true }).map((value) => (Object.is(value, -0) ? 0 : value));
    case 'int32':
      return fc.integer();
    case 'uint32':
      return fc.nat();
    case 'int64':
      return fc.maxSafeInteger();
    case 'uint64':
      return fc.maxSafeNat();
    default:
      return enums[type] ? fc.constantFrom(...Object.keys(enums[type])) : messageOf(type, depth - 1);
  }
}
