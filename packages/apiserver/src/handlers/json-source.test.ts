import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asked } from '../testing/ask.ts';
import { JsonSource } from './json-source.ts';

const sourceOf = (text: string): JsonSource => new JsonSource(text, JSON.parse(text));

test('JsonSource names unknown and repeated fields in the order of the text, each once', () => {
  const source = sourceOf(
    `{ "b": 1, "x": {"y": 1, "y": 2}, "list": [ {"a": "\\"", "a" :[]}, {"a": 1} ], "b": 2, "x": 3, "b": 4 }`,
  );
  assert.equal(source.hasDuplicates, true);
  assert.deepEqual(source.complaints(['x', 'left.over']), [
    'unknown field "x"',
    'duplicate field "list[0].a"',
    'duplicate field "b"',
    'unknown field "left.over"',
  ]);
});

test('JsonSource finds no repeated field in what a program wrote', () => {
  fc.assert(
    fc.property(fc.object({ withNullPrototype: false }), fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      assert.equal(sourceOf(text).hasDuplicates, false);
      assert.deepEqual(sourceOf(text).complaints([]), []);
    }),
  );
});

test('strict writes are refused with every unknown and repeated field; others warn of them', async () => {
  const { ask } = await asked();
  const text =
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","name":"a"},"more":1,"data":{"k":"1","k":"2"}}';
  const refused = await ask('POST', '/api/v1/namespaces/d/configmaps?fieldValidation=Strict', text);
  assert.equal(
    refused.body.message,
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "metadata.name", unknown field "more", duplicate field "data.k"',
  );
  const warned = await ask('POST', '/api/v1/namespaces/d/configmaps', text);
  assert.deepEqual(
    [warned.status, warned.headers['warning']],
    [
      201,
      '299 - "duplicate field \\"metadata.name\\"", 299 - "unknown field \\"more\\"", 299 - "duplicate field \\"data.k\\""',
    ],
  );
  assert.equal(
    (await ask('PUT', '/api/v1/namespaces/d/configmaps/a?fieldValidation=Ignore', text)).headers['warning'],
    undefined,
  );
});

test('a strict apply is refused with the lines of keys that came again', async () => {
  const { ask } = await asked();
  const text = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},\n"data":{"k":"1",\n"k":"2"}}';
  const apply = (validation: string) =>
    ask('PATCH', `/api/v1/namespaces/d/configmaps/a?fieldManager=me&fieldValidation=${validation}`, text, {
      'content-type': 'application/apply-patch+yaml',
    });
  const words = 'error converting YAML to JSON: yaml: unmarshal errors:\n  line 3: key "k" already set in map';
  assert.deepEqual(
    [(await apply('Strict')).body.message, (await apply('Ignore')).body.data],
    [`error strict decoding patch: ${words}`, { k: '2' }],
  );
  assert.equal(
    (await apply('Warn')).headers['warning'],
    `299 - ${JSON.stringify('line 3: key "k" already set in map')}`,
  );
});

test('literals.hasFloats finds numbers that are written as floats, and is not taken in by images and texts', () => {
  const floats = [{ a: 1.5 }, { a: [1, 2.5] }, [-1.5], { a: { b: -0.5 } }, { 'ends in a backslash \\': 1.5 }].map(
    (value) => JSON.stringify(value),
  );
  const none = [
    { a: 'image:1.27', b: 10 },
    { a: 1, b: 'x,1.5' },
    { a: JSON.stringify({ b: 1.5 }) },
    { a: [10, 20] },
    { a: '2026-11-22T01:00:00.5Z' },
  ].map((value) => JSON.stringify(value));
  for (const text of [...floats, '{"a" :\n1e3}', '[1 , 1E2 ,3]', '{"a":1.0}'])
    assert.equal(sourceOf(text).literals.hasFloats, true, text);
  for (const text of none) assert.equal(sourceOf(text).literals.hasFloats, false, text);
});

test('literals.hasFloats misses no number that has a point', () => {
  const float = fc.tuple(fc.integer(), fc.nat(9)).map(([whole, rest]) => `${whole}.${rest}`);
  const value = fc.oneof(
    float.map((number) => `{"k":${number}}`),
    float.map((number) => `[0,${number}]`),
    float.map((number) => `{"list":[{"a":"x"},${number} ,{}]}`),
  );
  fc.assert(fc.property(value, (text) => sourceOf(text).literals.hasFloats));
});
