import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAccept, takes } from './accept.ts';

const shown = (header: string): readonly string[] =>
  parseAccept(header).map(({ type, subtype, parameters }) =>
    [`${type}/${subtype}`, ...[...parameters].map(([name, value]) => `${name}=${value}`)].join(';'),
  );

test('parseAccept() puts the best first: by quality, then what names a type before what takes any', () => {
  assert.deepEqual(shown('*/*, text/*;q=0.9, application/json;q=0.9, application/yaml'), [
    'application/yaml',
    '*/*',
    'application/json',
    'text/*',
  ]);
  assert.deepEqual(shown('application/json;q=0.1,application/vnd.kubernetes.protobuf;q=0.8'), [
    'application/vnd.kubernetes.protobuf',
    'application/json',
  ]);
});

test('parseAccept() keeps parameters and leaves out what it cannot read', () => {
  assert.deepEqual(shown('application/json;as=Table;v=v1;g=meta.k8s.io , , /json, a/b/c, *'), [
    'application/json;as=Table;v=v1;g=meta.k8s.io',
    '*/*',
  ]);
});

test('takes() knows wild cards', () => {
  const [any, text, json] = ['*/*', 'text/*', 'application/json'].map((header) => parseAccept(header)[0]);
  assert.deepEqual(
    [any, text, json].map((clause) => clause && takes(clause, 'application/json')),
    [true, false, true],
  );
});
