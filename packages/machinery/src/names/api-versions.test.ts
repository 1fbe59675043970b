import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareApiVersions } from './api-versions.ts';

test('compareApiVersions() puts versions in the order in which they grow up, other names first', () => {
  const grown = ['zeta', 'v1x', 'alpha1', 'v1alpha1', 'v1alpha10', 'v2alpha1', 'v1beta1', 'v1beta2', 'v1', 'v2', 'v10'];
  assert.deepEqual(grown.toReversed().toSorted(compareApiVersions), grown);
});
