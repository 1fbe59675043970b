import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scaledValue } from './int-or-string.ts';
import { formatMicroTime, formatTime, parseTime } from './time.ts';

test('formatTime() prints whole seconds in UTC', () =>
  assert.equal(formatTime(1_700_000_000_999), '2023-11-14T22:13:20Z'));

test('formatMicroTime() always prints six digits', () => {
  assert.equal(formatMicroTime(1_700_000_000_000), '2023-11-14T22:13:20.000000Z');
  assert.equal(formatMicroTime(1_700_000_000_001.5), '2023-11-14T22:13:20.001500Z');
});

test('parseTime() reads offsets and fractions', () => {
  assert.equal(parseTime('2023-11-14T23:13:20+01:00'), 1_700_000_000_000);
  assert.equal(parseTime('2023-11-14T22:13:20.25Z'), 1_700_000_000_250);
  assert.equal(parseTime('2023-11-14T22:13:20.000001999Z'), 1_700_000_000_000.001);
});

test('parseTime() refuses what Go refuses', () => {
  for (const text of [
    '',
    '2023-11-14',
    '2023-02-30T00:00:00Z',
    '2023-13-01T00:00:00Z',
    '2023-11-14T24:00:00Z',
    '2023-11-14T22:13:60Z',
    '2023-11-14 22:13:20Z',
    '2023-11-14T22:13:20',
  ]) {
    assert.equal(parseTime(text), undefined, text);
  }
});

test('parseTime() reads back what formatTime() and formatMicroTime() print', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4e12 }),
      (ms) => parseTime(formatMicroTime(ms)) === ms && parseTime(formatTime(ms)) === ms - (ms % 1000),
    ),
  );
});

test('scaledValue() rounds as asked and refuses what is no percentage', () => {
  assert.deepEqual(
    [
      scaledValue(3, 10, 'up'),
      scaledValue('25%', 10, 'up'),
      scaledValue('25%', 10, 'down'),
      scaledValue('x', 10, 'up'),
      scaledValue('25', 10, 'up'),
    ],
    [3, 3, 2, undefined, undefined],
  );
});
