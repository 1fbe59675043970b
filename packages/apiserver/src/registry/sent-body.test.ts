import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSent } from './sent-body.ts';

const scale = { kind: 'Scale', group: 'autoscaling', version: 'v1' };

test('checkSent() refuses what is no text where a kind or a version is to be', () => {
  const strange = { toString: 1, valueOf: 2 };
  assert.throws(() => checkSent({ kind: strange }, scale), {
    message: /toString/,
    status: { reason: 'BadRequest', code: 400 },
  });
  assert.throws(
    () => checkSent({ kind: 'Scale', apiVersion: strange }, scale),
    /the API version in the data \(\{"toString":1/,
  );
  checkSent({ kind: 'Scale', apiVersion: 'autoscaling/v1' }, scale);
});
