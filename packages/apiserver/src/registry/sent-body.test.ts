import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSent } from './sent-body.ts';

const scale = { kind: 'Scale', group: 'autoscaling', version: 'v1' };

test('checkSent() refuses what is no text where a kind or a version is to be', () => {
  const strange = { toString: 1, valueOf: 2 };
  const shown = '{"toString":1,"valueOf":2}';
  const refusal = (body: object): string => {
    try {
      checkSent(body, scale);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  assert.ok(refusal({ kind: strange }).startsWith(`${shown} in version "v1" cannot be handled as a Scale: `));
  assert.ok(refusal({ apiVersion: strange }).startsWith(`the API version in the data (${shown}) does not match `));
  assert.equal(refusal({ kind: 'Scale', apiVersion: 'autoscaling/v1' }), '');
});
