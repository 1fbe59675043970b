import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Schemas } from '../engine/schemas.ts';
import { DeclaredRules, withDeclared } from './declared.ts';

const schemas = new Schemas({
  Thing: {
    fields: [
      { name: 'name', type: 'string' },
      { name: 'size', type: 'int32', ptr: true },
      { name: 'mode', type: 'string' },
      { name: 'fast', type: 'Part', ptr: true },
      { name: 'slow', type: 'Part', ptr: true },
      { name: 'parts', type: '[]Part' },
      { name: 'tags', type: '[]string' },
      { name: 'counts', type: 'map[string]int32' },
      { name: 'made', type: 'string' },
    ],
  },
  Part: {
    fields: [
      { name: 'name', type: 'string' },
      { name: 'id', type: 'string' },
      { name: 'note', type: 'string' },
    ],
  },
  Quiet: { fields: [{ name: 'part', type: 'Loud', ptr: true }] },
  Loud: { fields: [{ name: 'name', type: 'string' }] },
});

const rules = new DeclaredRules({
  Thing: {
    name: ['required', 'format=k8s-short-name'],
    size: ['ifDisabled(Sizes)=forbidden', 'ifEnabled(Sizes)=minimum=2', 'monotonic'],
    mode: ['optional', 'beta:enum=Fast|Slow'],
    fast: ['optional', 'unionMember'],
    slow: ['optional', 'unionMember', 'update=NoUnset'],
    parts: ['listMapKey=name', 'listType=map', 'maxItems=2', 'optional', 'update=NoAddItem'],
    tags: ['listType=set', 'optional'],
    counts: ['eachKey=format=k8s-short-name', 'optional'],
    made: ['beta:immutable'],
  },
  Part: { name: ['required'], id: ['alpha:required', 'format=k8s-uuid'], note: ['maxLength=3', 'optional'] },
  Loud: { name: ['alpha:required'] },
});

const least = { name: 'a', fast: { name: 'f' } };

function told(next: object, previous?: object, on: readonly string[] = ['Sizes']): readonly string[] {
  return rules
    .validate(schemas.object('Thing'), next, previous, (feature) => on.includes(feature))
    .map(({ field, message }) => `${field}: ${message}`);
}

test('validate() says what is missing, malformed, too small, unknown or too much', () => {
  assert.deepEqual(told(least), []);
  assert.deepEqual(told({ fast: {} }), ['name: Required value', 'fast.name: Required value']);
  assert.deepEqual(told({ ...least, name: 'a.b' }), ['name: Invalid value: "a.b": must not contain dots']);
  assert.deepEqual(told({ ...least, name: 'a'.repeat(64) }), [
    `name: Invalid value: "${'a'.repeat(64)}": must be no more than 63 bytes`,
  ]);
  assert.deepEqual(told({ ...least, mode: 'X' }), ['mode: Unsupported value: "X": supported values: "Fast", "Slow"']);
  assert.deepEqual(told({ ...least, parts: [{ name: 'a', note: 'long' }, { name: 'a' }] }), [
    'parts[1]: Duplicate value: {"name":"a"}',
    'parts[0].note: Too long: may not be more than 3 characters',
  ]);
  assert.deepEqual(told({ ...least, parts: [{}, {}, {}] }), ['parts: Too many: 3: must have at most 2 items']);
  assert.deepEqual(told({ ...least, tags: ['a', 'b', 'a'] }), ['tags[2]: Duplicate value: "a"']);
  assert.deepEqual(told({ ...least, counts: { 'a b': 1 } }).length, 1);
});

test('validate() asks by features, and wants exactly one of a union', () => {
  assert.deepEqual(told({ ...least, size: 1 }), ['size: Invalid value: 1: must be greater than or equal to 2']);
  assert.deepEqual(told({ ...least, size: 1 }, undefined, []), ['size: Forbidden']);
  assert.deepEqual(told({ name: 'a' }), ['[]: Invalid value: "": must specify one of: `fast`, `slow`']);
  assert.deepEqual(told({ ...least, slow: { name: 's' } }), [
    '[]: Invalid value: "{fast, slow}": must specify exactly one of: `fast`, `slow`',
  ]);
});

test('validate() of a change asks only of what is changed', () => {
  assert.deepEqual(told({ name: '', fast: {} }, { name: '', fast: {} }), []);
  assert.deepEqual(told({ ...least, made: 'b' }, { ...least, made: 'a' }), [
    'made: Invalid value: null: field is immutable',
  ]);
  assert.deepEqual(told({ ...least, size: 3 }, { ...least, size: 4 }), [
    'size: Invalid value: 3: may not be decreased from 4',
  ]);
  assert.deepEqual(told(least, { name: 'a', slow: { name: 's' } }), [
    'slow: Invalid value: null: field cannot be cleared once set',
  ]);
  const [a, b] = [{ name: 'a', note: 'long' }, { name: 'b' }];
  assert.deepEqual(told({ ...least, parts: [a, b] }, { ...least, parts: [a] }), [
    'parts[1]: Forbidden: item may not be added',
  ]);
  assert.deepEqual(told({ ...least, parts: [a, { ...b, note: 'more' }] }, { ...least, parts: [a, b] }), [
    'parts[1].note: Too long: may not be more than 3 characters',
  ]);
});

test('validate() keeps rules in alpha to itself, with what comes after them', () => {
  assert.deepEqual(told({ ...least, parts: [{ name: 'a', id: '' }] }), []);
  assert.deepEqual(told({ ...least, parts: [{ name: 'a', id: 'x' }] }), [
    'parts[0].id: Invalid value: "x": must be a lowercase UUID in 8-4-4-4-12 format',
  ]);
  assert.deepEqual(
    rules.validate(schemas.object('Quiet'), { part: {} }, undefined, () => true),
    [],
  );
});

test('withDeclared() lets rules speak for checks that say the same', () => {
  const immutable = {
    reason: 'FieldValueInvalid',
    field: 'made',
    message: 'Invalid value: "b": field is immutable',
  } as const;
  const other = { reason: 'FieldValueInvalid', field: 'made', message: 'Invalid value: "b": is odd' } as const;
  const declared = rules.validate(schemas.object('Thing'), { ...least, made: 'b' }, least, () => true);
  assert.deepEqual(
    withDeclared([immutable, other], declared).map(({ message }) => message),
    [other.message, 'Invalid value: null: field is immutable'],
  );
});
