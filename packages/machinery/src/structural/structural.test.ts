import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Field } from '../field.ts';
import { validateEmbedded } from './embedded.ts';
import type { JsonSchema } from './json-schema.ts';
import { backtrackingPatterns, type Patterns } from './patterns.ts';
import { RuleValidator } from './rules.ts';
import { StructuralValidator, validateListTypes } from './validate.ts';
import { applyDefaults, prune, pruneNulls } from './values.ts';

const patterns: Patterns = {
  ...backtrackingPatterns,
  compile: (pattern) => (text) => new RegExp(pattern, 'u').test(text),
};
const object = (properties: Readonly<Record<string, JsonSchema>>, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  properties,
  ...more,
});
const errorsOf = (schema: JsonSchema, value: unknown): readonly string[] => {
  const at = new Field();
  new StructuralValidator(schema, patterns).validate(value, at);
  validateListTypes(value, schema, at);
  validateEmbedded(value, schema, at);
  return at.errors.map(({ field, message }) => `${field}: ${message}`);
};

test('prune() takes out what the schema does not specify and names it', () => {
  const schema = object({
    spec: object({
      list: { type: 'array', items: object({ a: { type: 'string' } }) },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      map: { type: 'object', additionalProperties: { type: 'string' } },
    }),
  });
  const value = {
    apiVersion: 'x/v1',
    kind: 'X',
    metadata: { anything: 1 },
    extra: 1,
    spec: { list: [{ a: 'x', b: 1 }], free: { any: { thing: 1 } }, map: { k: 'v' }, other: {} },
  };
  assert.deepEqual(prune(value, schema, true), ['extra', 'spec.list[0].b', 'spec.other']);
  assert.deepEqual(value, {
    apiVersion: 'x/v1',
    kind: 'X',
    metadata: { anything: 1 },
    spec: { list: [{ a: 'x' }], free: { any: { thing: 1 } }, map: { k: 'v' } },
  } as never);
});

test('applyDefaults() fills what is absent, and nulls where none may be', () => {
  const schema = object({
    a: { type: 'string', default: 'x' },
    n: { type: 'string', nullable: true, default: 'y' },
    o: object({ deep: { type: 'integer', default: 1 } }, { default: {} }),
    list: { type: 'array', items: object({ port: { type: 'integer', default: 80 } }) },
  });
  const value = { a: null, n: null, list: [{}, { port: 1 }] };
  applyDefaults(value, schema);
  assert.deepEqual(value, { a: 'x', n: null, o: { deep: 1 }, list: [{ port: 80 }, { port: 1 }] } as never);
});

test('applyDefaults() gives every object a default of its own', () => {
  const schema = object({ list: { type: 'array', items: { type: 'string' }, default: [] } });
  const [one, two] = [{}, {}] as { list?: string[] }[];
  applyDefaults(one, schema);
  applyDefaults(two, schema);
  one?.list?.push('x');
  assert.deepEqual(two, { list: [] });
});

test('pruneNulls() leaves nulls only where they are allowed', () => {
  const value = { a: null, b: null, m: { k: null }, l: [null] };
  pruneNulls(
    value,
    object({
      a: { type: 'string' },
      b: { type: 'string', nullable: true },
      m: { type: 'object', additionalProperties: { type: 'string' } },
      l: { type: 'array', items: { type: 'string' } },
    }),
  );
  assert.deepEqual(value, { b: null, m: {}, l: [null] } as never);
});

for (const [claim, schema, value, errors] of [
  ['a type', { type: 'integer' }, 'x', ['v: Invalid value: "string": v in body must be of type integer: "string"']],
  ['a null', { type: 'string' }, null, ['v: Invalid value: "null": v in body must be of type string: "null"']],
  [
    'a bound',
    { type: 'integer', minimum: 1 },
    0,
    ['v: Invalid value: 0: v in body should be greater than or equal to 1'],
  ],
  [
    'an exclusive bound',
    { type: 'number', maximum: 1, exclusiveMaximum: true },
    1,
    ['v: Invalid value: 1: v in body should be less than 1'],
  ],
  ['a length', { type: 'string', maxLength: 2 }, 'abc', ['v: Too long: may not be more than 2 bytes']],
  ['a pattern', { type: 'string', pattern: '^a+$' }, 'b', ['v: Invalid value: "b": v in body should match \'^a+$\'']],
  ['a choice', { type: 'string', enum: ['a', 'b'] }, 'c', ['v: Unsupported value: "c": supported values: "a", "b"']],
  [
    'a format',
    { type: 'string', format: 'date-time' },
    'x',
    ['v: Invalid value: "x": v in body must be of type date-time: "x"'],
  ],
  ['a required field', { type: 'object', required: ['a'] }, {}, ['v.a: Required value']],
  ['too many items', { type: 'array', maxItems: 1 }, [1, 2], ['v: Too many: 2: must have at most 1 item']],
  [
    'a repeated item of a set',
    { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    ['a', 'a'],
    ['v[1]: Duplicate value: "a"'],
  ],
  [
    'repeated keys of a list map',
    {
      type: 'array',
      items: { type: 'object', properties: { k: { type: 'string' } } },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
    },
    [{ k: 'a' }, { k: 'a' }],
    ['v[1]: Duplicate value: {"k":"a"}'],
  ],
  [
    'no branch of oneOf',
    { type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }] },
    {},
    [
      '<nil>: Invalid value: "": "v" must validate one and only one schema (oneOf). Found none valid',
      'v.a: Required value',
    ],
  ],
  [
    'the branch of anyOf of which most could be checked',
    {
      type: 'object',
      anyOf: [
        { properties: { n: {} }, required: ['a'] },
        { properties: { s: { minLength: 1 } }, required: ['b'] },
        { properties: { t: { minLength: 1 } }, required: ['c'] },
      ],
      properties: { n: { nullable: true }, s: {}, t: {} },
    },
    { n: null, s: 'x', t: 'y' },
    ['<nil>: Invalid value: "": "v" must validate at least one schema (anyOf)', 'v.b: Required value'],
  ],
  [
    'an integer that 32 bits do not hold',
    { type: 'integer', format: 'int32' },
    2 ** 31,
    ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in v'],
  ],
  [
    'a float without a fraction, too large for its digits to count',
    { type: 'integer' },
    2 ** 63,
    [
      'v: Invalid value: "number": v in body must be of type integer: "number"',
      '<nil>: Invalid value: "": Checked value must be of type integer (default format) in v',
    ],
  ],
  [
    'a nameless embedded object',
    { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    { kind: 'X' },
    ['v.apiVersion: Required value'],
  ],
] as const) {
  test(`StructuralValidator names ${claim} as upstream does`, () => {
    assert.deepEqual(errorsOf(object({ v: schema as JsonSchema }), { v: value }), errors);
  });
}

test('StructuralValidator holds metadata and apiVersion to the schema too, the latter in every update', () => {
  const schema = object({
    apiVersion: { type: 'string', pattern: '^g/v2$' },
    metadata: object({ name: { type: 'string', maxLength: 2 } }),
  });
  const value = { apiVersion: 'g/v1', kind: 'X', metadata: { name: 'abc' } };
  const created = new Field();
  new StructuralValidator(schema, patterns).validate(value, created);
  assert.deepEqual(
    created.errors.map(({ field }) => field),
    ['apiVersion', 'metadata.name'],
  );
  const updated = new Field();
  new StructuralValidator(schema, patterns).validate(value, updated, { value });
  assert.deepEqual(
    updated.errors.map(({ field }) => field),
    ['apiVersion'],
  );
});

test('StructuralValidator takes what fits', () => {
  const schema = object({
    port: { 'x-kubernetes-int-or-string': true },
    size: { type: 'number' },
    when: { type: 'string', format: 'date-time', nullable: true },
  });
  assert.deepEqual(errorsOf(schema, { port: 'http', size: 1, when: null }), []);
  assert.deepEqual(errorsOf(schema, { port: 80, size: 1.5, when: '2026-02-28T10:00:00.5+02:00' }), []);
});

for (const [pattern, yes, no] of [
  ['^(?i)[a-z]([-a-z0-9]*[a-z0-9])?$', 'Ab-C', 'a_'],
  ['^(?i)(abort|warn)?$', 'WARN', 'warns'],
  ['^((?i)sun|mon)day$', 'MONday', 'sunDAY'],
  ['a(?i)b|c', 'C', 'Ab'],
  ['^[(?i)]$', '?', 'a'],
  ['(?i)^x(?-i)y$', 'Xy', 'xY'],
  ['^\\(?i$', '(i', 'I'],
] as const) {
  test(`backtrackingPatterns take the flags of ${pattern} as RE2 does`, () => {
    const matches = backtrackingPatterns.compile(pattern);
    assert.deepEqual([matches(yes), matches(no)], [true, false]);
  });
}

test('RuleValidator asks the patterns it is given, whatever the rule matches with', () => {
  const asked: string[] = [];
  const patterns: Patterns = {
    compile: (pattern) => {
      asked.push(pattern);
      return (text) => text === 'aaa';
    },
    finder: () => () => [],
  };
  const text: JsonSchema = { type: 'string', 'x-kubernetes-validations': [{ rule: "self.matches('(a+)+$')" }] };
  const rules = new RuleValidator({ type: 'object', properties: { text } }, patterns);
  const [good, bad] = [new Field('spec'), new Field('spec')];
  rules.validate({ text: 'aaa' }, good);
  rules.validate({ text: 'aab' }, bad);
  assert.deepEqual([good.errors.length, bad.errors.length, asked], [0, 1, ['(a+)+$']]);
});
