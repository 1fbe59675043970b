import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { durationError, formatDuration, humanDuration, parseDuration, shortHumanDuration } from './duration.ts';

const SECOND = 1000,
  MINUTE = 60 * SECOND,
  HOUR = 60 * MINUTE,
  DAY = 24 * HOUR;

test('parseDuration() reads what Go reads and refuses what Go refuses', () => {
  const good: Record<string, number> = {
    '0': 0,
    '5s': 5000,
    '1h30m': 90 * MINUTE,
    '-1.5s': -1500,
    '+1m': MINUTE,
    '100ms': 100,
    '.5m': 30_000,
    '1.h': HOUR,
    '1us': 0.001,
    '1\u00b5s': 0.001,
    '10ns': 0.00001,
  };
  for (const [text, ms] of Object.entries(good))
    assert.ok(Math.abs((parseDuration(text) ?? Number.NaN) - ms) < 1e-9, text);
  for (const text of ['', '1', '-', 's', '1d', '1 s', '1s ', '1s1', '.s', '--1s', '3000000h'])
    assert.equal(parseDuration(text), undefined, text);
});

test('parseDuration() drops what is less than a nanosecond, and loses none', () => {
  const shown = ['1.5ns', '.5m775s.5ns', '1.5366ns1.5s0h', '239h4704s4742us'].map((text) =>
    formatDuration(parseDuration(text) ?? Number.NaN),
  );
  assert.deepEqual(shown, ['1ns', '13m25s', '1.500000001s', '240h18m24.004742s']);
});

test('formatDuration() prints as Go prints', () => {
  const table: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [1500, '1.5s'],
    [HOUR, '1h0m0s'],
    [90 * SECOND, '1m30s'],
    [-MINUTE, '-1m0s'],
    [250, '250ms'],
    [0.0015, '1.5\u00b5s'],
    [0.000012, '12ns'],
    [1.1, '1.1ms'],
    [26 * HOUR + 3.5 * SECOND, '26h0m3.5s'],
  ];
  for (const [ms, text] of table) assert.equal(formatDuration(ms), text);
});

test('parseDuration() reads back what formatDuration() prints', () => {
  fc.assert(fc.property(fc.integer({ min: -1e12, max: 1e12 }), (ms) => parseDuration(formatDuration(ms)) === ms));
});

test('humanDuration() shows two units while the smaller one matters', () => {
  const table: readonly (readonly [number, string])[] = [
    [-2 * SECOND, '<invalid>'],
    [-SECOND, '0s'],
    [0, '0s'],
    [119 * SECOND, '119s'],
    [2 * MINUTE, '2m'],
    [9 * MINUTE + 5 * SECOND, '9m5s'],
    [10 * MINUTE + 5 * SECOND, '10m'],
    [179 * MINUTE, '179m'],
    [3 * HOUR, '3h'],
    [7 * HOUR + 59 * MINUTE, '7h59m'],
    [8 * HOUR + 59 * MINUTE, '8h'],
    [47 * HOUR, '47h'],
    [2 * DAY, '2d'],
    [3 * DAY + 4 * HOUR, '3d4h'],
    [8 * DAY + HOUR, '8d'],
    [729 * DAY, '729d'],
    [730 * DAY, '2y'],
    [731 * DAY, '2y1d'],
    [8 * 365 * DAY + DAY, '8y'],
  ];
  for (const [ms, text] of table) assert.equal(humanDuration(ms), text, String(ms));
});

test('shortHumanDuration() shows one unit', () => {
  assert.deepEqual([59_999, HOUR - 1, DAY - 1, 365 * DAY - 1, 365 * DAY].map(shortHumanDuration), [
    '59s',
    '59m',
    '23h',
    '364d',
    '1y',
  ]);
});

test("durationError() says in Go's words why a text is no duration", () => {
  assert.equal(durationError('1h30m'), undefined);
  for (const [text, why] of [
    ['', 'time: invalid duration ""'],
    ['s', 'time: invalid duration "s"'],
    ['.s', 'time: invalid duration ".s"'],
    ['5', 'time: missing unit in duration "5"'],
    ['1m5', 'time: missing unit in duration "1m5"'],
    ['-1d', 'time: unknown unit "d" in duration "-1d"'],
    ['3000000h', 'time: invalid duration "3000000h"'],
  ])
    assert.equal(durationError(text ?? ''), why);
});
