import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Field } from './field.ts';
import { alreadyExists, conflict, forbidden, hasReason, invalid, notFound, statusOf } from './status.ts';

const apps = { group: 'apps', plural: 'deployments' };

test('notFound() is on the wire as upstream writes it, field by field', () => {
  assert.equal(
    JSON.stringify(notFound(apps, 'x').status),
    '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"deployments.apps \\"x\\" not found","reason":"NotFound",' +
      '"details":{"name":"x","group":"apps","kind":"deployments"},"code":404}',
  );
});

test('refusals name the resource, the object and the reason', () => {
  const pods = { group: '', plural: 'pods' };
  assert.deepEqual(
    [alreadyExists(pods, 'x'), conflict(apps, 'x', 'why'), forbidden(pods, '', 'why')].map(
      ({ message, status }) => `${status.code} ${message}`,
    ),
    [
      '409 pods "x" already exists',
      '409 Operation cannot be fulfilled on deployments.apps "x": why',
      '403 pods is forbidden: why',
    ],
  );
});

test('invalid() names every error once, and each time that it was found as a cause', () => {
  const spec = new Field('spec');
  spec.at('a').required();
  spec.at('a').required();
  spec.at('list').index(0).key('k').invalid('v', 'must differ');
  const { message, status } = invalid({ group: 'apps', kind: 'Deployment' }, 'x', spec.errors);
  assert.equal(
    message,
    'Deployment.apps "x" is invalid: [spec.a: Required value, spec.list[0][k]: Invalid value: "v": must differ]',
  );
  assert.deepEqual(status.details?.causes, [
    { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.a' },
    { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.a' },
    { reason: 'FieldValueInvalid', message: 'Invalid value: "v": must differ', field: 'spec.list[0][k]' },
  ]);
});

test("Field says each kind of error in upstream's words", () => {
  const at = new Field('f');
  at.duplicate('x');
  at.forbidden('why');
  at.notFound(1);
  at.notSupported('x', ['A', 'B']);
  at.tooLong(1);
  at.tooMany(3, 2);
  at.invalid({ a: [1] }, 'why');
  at.invalid(undefined, 'why');
  at.immutable([1], [1]);
  assert.deepEqual(
    at.errors.map((error) => error.message),
    [
      'Duplicate value: "x"',
      'Forbidden: why',
      'Not found: 1',
      'Unsupported value: "x": supported values: "A", "B"',
      'Too long: may not be more than 1 byte',
      'Too many: 3: must have at most 2 items',
      'Invalid value: {"a":[1]}: why',
      'Invalid value: null: why',
    ],
  );
});

test('statusOf() turns our own bugs into an internal error and leaves refusals alone', () => {
  const refusal = notFound(apps, 'x');
  assert.equal(statusOf(refusal), refusal.status);
  const { code, reason, message } = statusOf(new Error('oops'));
  assert.deepEqual([code, reason, message], [500, 'InternalError', 'Internal error occurred: oops']);
  assert.deepEqual([hasReason(refusal, 'NotFound'), hasReason(new Error('x'), 'NotFound')], [true, false]);
});

test('Field quotes texts as Go does', () => {
  const at = new Field('a');
  at.invalid('\u0007\n"<\u2028\u007f', 'no');
  assert.equal(at.errors[0]?.message, String.raw`Invalid value: "\a\n\"<\u2028\x7f": no`);
});
