import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Field } from '../field.ts';
import type { ObjectMeta } from '../meta.ts';
import {
  dnsLabelErrors,
  dnsSubdomainErrors,
  labelValueErrors,
  maskTrailingDash,
  qualifiedNameErrors,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from './names.ts';
import { configKeyErrors, portNameErrors, relaxedEnvNameErrors } from './words.ts';

const rules = { namespaced: true, nameErrors: dnsSubdomainErrors };

function errorsOf(check: (at: Field) => void): readonly string[] {
  const at = new Field('metadata');
  check(at);
  return at.errors.map(({ field, message }) => `${field}: ${message}`);
}

test('dnsLabelErrors() tells dots and length from other faults', () => {
  assert.deepEqual(dnsLabelErrors('a-1'), []);
  assert.deepEqual(dnsLabelErrors('a.b'), ['must not contain dots']);
  assert.deepEqual(dnsLabelErrors('a'.repeat(64)), ['must be no more than 63 characters']);
  assert.match(
    dnsLabelErrors('A')[0] ?? '',
    /^a lowercase RFC 1123 label must consist of .* \(e\.g\. 'my-name', {2}or '123-abc', regex used for validation is '\[a-z0-9\]\(\[-a-z0-9\]\*\[a-z0-9\]\)\?'\)$/,
  );
});

test('qualifiedNameErrors() checks prefix and name apart', () => {
  assert.deepEqual(qualifiedNameErrors('example.com/Name_1'), []);
  assert.deepEqual(qualifiedNameErrors('/x'), ['prefix part must be non-empty']);
  assert.deepEqual(
    qualifiedNameErrors('x/').map((error) => error.slice(0, 30)),
    ['name part must be non-empty', 'name part must consist of alph'],
  );
  assert.equal(qualifiedNameErrors('a/b/c').length, 1);
});

test('labelValueErrors() counts bytes', () => {
  assert.deepEqual(labelValueErrors('a'.repeat(64)), ['must be no more than 63 bytes']);
  assert.equal(labelValueErrors('ä'.repeat(32))[0], 'must be no more than 63 bytes');
});

test('names of ports, keys and variables have their own rules', () => {
  assert.deepEqual(portNameErrors('http-1'), []);
  assert.deepEqual(portNameErrors('-1--'), [
    'must contain at least one letter (a-z)',
    'must not contain consecutive hyphens',
    'must not begin or end with a hyphen',
  ]);
  assert.deepEqual(configKeyErrors('..data'), ["must not start with '..'"]);
  assert.deepEqual([relaxedEnvNameErrors('A B%'), relaxedEnvNameErrors('A=B').length], [[], 1]);
});

test('maskTrailingDash() makes a prefix a name', () =>
  assert.deepEqual(['a-', 'ab-', 'a', '-'].map(maskTrailingDash), ['a', 'aa', 'a', '-']));

test('validateObjectMeta() collects every complaint', () => {
  const meta: ObjectMeta = {
    name: 'A',
    labels: { 'a/b/c': '!' },
    annotations: { x: 'y'.repeat(256 * 1024) },
    generation: -1,
    finalizers: ['orphan', 'foregroundDeletion'],
    ownerReferences: [
      { apiVersion: 'v1', kind: 'Event', name: 'e', uid: '1', controller: true },
      { apiVersion: 'a/b/c', kind: '', name: 'x', uid: 'y', controller: true },
    ],
  };
  assert.deepEqual(
    errorsOf((at) => validateObjectMeta(meta, rules, at)).map((error) => error.slice(0, 74)),
    [
      'metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain must con',
      'metadata.namespace: Required value',
      'metadata.generation: Invalid value: -1: must be greater than or equal to 0',
      'metadata.labels: Invalid value: "a/b/c": a valid label key must consist of',
      'metadata.labels: Invalid value: "!": a valid label must be an empty string',
      'metadata.annotations: Too long: may not be more than 262144 bytes',
      'metadata.ownerReferences[0]: Invalid value: {"apiVersion":"v1","kind":"Eve',
      'metadata.ownerReferences[1].apiVersion: Invalid value: "a/b/c": must be <g',
      'metadata.ownerReferences[1].kind: Required value: must not be empty',
      'metadata.ownerReferences: Invalid value: [{"apiVersion":"v1","kind":"Event',
      'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: final',
    ],
  );
});

test('validateObjectMetaUpdate() keeps identity and refuses new finalizers on what is being deleted, and says so twice', () => {
  const before: ObjectMeta = { name: 'a', uid: '1', deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a.b/c'] };
  const said = [
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"e.f/g", "x.y/z"}',
    'metadata.uid: Invalid value: "2": field is immutable',
  ];
  assert.deepEqual(
    errorsOf((at) =>
      validateObjectMetaUpdate({ ...before, uid: '2', finalizers: ['x.y/z', 'a.b/c', 'e.f/g'] }, before, at),
    ),
    [...said, ...said],
  );
});

test('validateObjectMetaUpdate() tells of labels three times, of finalizers once', () => {
  const before: ObjectMeta = { name: 'a', uid: '1' };
  const found = errorsOf((at) =>
    validateObjectMetaUpdate({ ...before, labels: { a: '!' }, finalizers: ['!'] }, before, at),
  ).map((text) => text.split(':')[0]);
  assert.deepEqual(found, ['metadata.labels', 'metadata.finalizers', 'metadata.labels', 'metadata.labels']);
});
