import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countsOf, showTable } from './report.ts';

test('countsOf() counts the specs of a suite and the tests beside it', () => {
  const suite =
    'Ran 3 of 5 Specs in 1.2 seconds\nSUCCESS! -- 3 Passed | 0 Failed | 2 Pending | 0 Skipped\n--- PASS: TestSuite (1.2s)\n--- PASS: TestOther (0.0s)\n    --- PASS: TestOther/part (0.0s)\nPASS\n';
  assert.deepEqual(countsOf(suite, 0), { passed: 4, failed: 0, pending: 2 });
});

test('countsOf() counts a failed spec once', () => {
  assert.deepEqual(
    countsOf(
      'FAIL! -- 2 Passed | 1 Failed | 0 Pending | 0 Skipped\n--- FAIL: TestSuite (1.2s)\n--- FAIL: TestOther (0.0s)\nFAIL\n',
      1,
    ),
    { passed: 2, failed: 2, pending: 0 },
  );
});

test('countsOf() takes a program that broke off for a failure', () => {
  assert.deepEqual(countsOf('panic: no\n', 2), { passed: 0, failed: 1, pending: 0 });
});

test('showTable() ends with the sum', () => {
  const row = { name: 'pkg/cache', counts: { passed: 10, failed: 1, pending: 0 }, seconds: 2, output: '' };
  assert.deepEqual(showTable([row, { ...row, name: 'pkg/a' }]), [
    'package    passed  failed  pending  seconds',
    'pkg/cache      10       1        0      2.0',
    'pkg/a          10       1        0      2.0',
    'all            20       2        0      4.0',
  ]);
});
