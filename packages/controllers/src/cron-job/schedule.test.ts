import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSchedule } from './schedule.ts';
import { localTime, timestampIn } from './zone.ts';

const at = (text: string): number => Date.parse(text);
const ZONES = ['UTC', 'Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu'];

// Schedule, zone, moment, and the moments that follow it.
const cases: readonly (readonly [schedule: string, zone: string, after: string, ...next: readonly string[]])[] = [
  ['* * * * *', 'UTC', '2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z', '2026-01-01T00:02:00Z'],
  ['*/15 * * * *', 'UTC', '2026-01-01T00:45:59Z', '2026-01-01T01:00:00Z'],
  [
    '5/20 3 * * ?',
    'UTC',
    '2026-01-01T04:00:00Z',
    '2026-01-02T03:05:00Z',
    '2026-01-02T03:25:00Z',
    '2026-01-02T03:45:00Z',
  ],
  ['0 9-17/4 * * MON-fri', 'UTC', '2026-01-02T13:00:00Z', '2026-01-02T17:00:00Z', '2026-01-05T09:00:00Z'],
  ['0 0 13 * 5', 'UTC', '2026-02-10T00:00:00Z', '2026-02-13T00:00:00Z', '2026-02-20T00:00:00Z'],
  ['0 0 29 feb *', 'UTC', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
  ['@hourly', 'UTC', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z'],
  ['@every 90s', 'UTC', '2026-01-01T00:00:00.700Z', '2026-01-01T00:01:30Z', '2026-01-01T00:03:00Z'],
  ['0 6 * * *', 'Asia/Kathmandu', '2026-01-01T00:00:00Z', '2026-01-01T00:15:00Z'],
  // A zone in the text itself goes before that of the object.
  ['CRON_TZ=Asia/Kathmandu 0 6 * * *', 'UTC', '2026-01-01T00:00:00Z', '2026-01-01T00:15:00Z'],
  // Clocks go forward: half past two does not come that day.
  ['30 2 * * *', 'Europe/Zurich', '2026-03-28T02:00:00Z', '2026-03-30T00:30:00Z'],
  // Clocks go back: half past two comes twice.
  [
    '30 2 * * *',
    'Europe/Zurich',
    '2026-10-24T12:00:00Z',
    '2026-10-25T00:30:00Z',
    '2026-10-25T01:30:00Z',
    '2026-10-26T01:30:00Z',
  ],
];

for (const [text, zone, after, ...moments] of cases) {
  test(`parseSchedule(${text}) in ${zone} comes after ${after} at ${moments.join(', ')}`, () => {
    const schedule = parseSchedule(text, zone);
    let now = at(after);
    for (const moment of moments) {
      now = schedule.next(now) ?? NaN;
      assert.equal(timestampIn('UTC', now), moment);
    }
  });
}

test('parseSchedule() says that a day that never comes never comes', () => {
  assert.equal(parseSchedule('0 0 30 2 *').next(at('2026-01-01T00:00:00Z')), undefined);
});

for (const bad of [
  '',
  '* * * *',
  '60 * * * *',
  '* * 0 * *',
  '5-1 * * * *',
  '*/0 * * * *',
  'x * * * *',
  '@never',
  '@every x',
  '1-2-3 * * * *',
]) {
  test(`parseSchedule(${JSON.stringify(bad)}) is refused`, () => assert.throws(() => parseSchedule(bad), RangeError));
}
test('parseSchedule() refuses zones that nobody knows', () =>
  assert.throws(() => parseSchedule('* * * * *', 'Mars/Olympus'), RangeError));

interface Numbers {
  readonly min: number;
  readonly max: number;
}
const list = ({ min, max }: Numbers) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 3, arbitrary: fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 6 }) },
  );

test('next() is the first matching minute after a moment, in every zone, whatever its clocks do', () => {
  const fields = fc.record({
    minute: list({ min: 0, max: 59 }),
    hour: list({ min: 0, max: 23 }),
    day: list({ min: 1, max: 31 }),
    month: list({ min: 1, max: 12 }),
    weekday: list({ min: 0, max: 6 }),
  });
  // Around the nights when clocks change, and elsewhere.
  const moment = fc.oneof(
    fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') }),
    ...[
      '2026-03-29T01:00:00Z',
      '2026-10-25T01:00:00Z',
      '2026-03-08T07:00:00Z',
      '2026-11-01T06:00:00Z',
      '2026-04-04T15:00:00Z',
      '2026-10-03T15:30:00Z',
    ].map((change) => fc.integer({ min: at(change) - 7_200_000, max: at(change) + 7_200_000 })),
  );
  fc.assert(
    fc.property(fields, fc.constantFrom(...ZONES), moment, ({ minute, hour, day, month, weekday }, zone, after) => {
      const text = [minute, hour, day, month, weekday].map((values) => values?.join(',') ?? '*').join(' ');
      const local = localTime(zone);
      const isMatch = (ms: number): boolean => {
        const now = local(ms);
        const [byDay, byWeekday] = [day?.includes(now.day) ?? true, weekday?.includes(now.weekday) ?? true];
        const isDay = day && weekday ? byDay || byWeekday : byDay && byWeekday;
        return (
          isDay &&
          (minute?.includes(now.minute) ?? true) &&
          (hour?.includes(now.hour) ?? true) &&
          (month?.includes(now.month) ?? true)
        );
      };
      const next = parseSchedule(text, zone).next(after);
      const first = (Math.floor(after / 60_000) + 1) * 60_000;
      const end = first + 2 * 24 * 3_600_000;
      if (next !== undefined) assert.ok(isMatch(next) && next >= first && next % 60_000 === 0);
      // Two days are enough to go through a change of clocks minute by minute.
      for (let ms = first; ms < Math.min(next ?? end, end); ms += 60_000)
        assert.ok(!isMatch(ms), `${text} matches ${timestampIn(zone, ms)} before ${next}`);
    }),
    { numRuns: 60 },
  );
});
