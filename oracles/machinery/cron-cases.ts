import fc from 'fast-check';
import { parseSchedule } from '../../packages/controllers/src/cron-job/schedule.ts';
import { localTime } from '../../packages/controllers/src/cron-job/zone.ts';
import { type Answer, attempt, type Case, type Known } from '../case.ts';

/** Zones that change their clocks by an hour, by half of one, at midnight, never, or backwards in summer. */
const ZONES = [
  'UTC',
  'Africa/Cairo',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Santiago',
  'America/St_Johns',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Asia/Tehran',
  'Atlantic/Azores',
  'Australia/Lord_Howe',
  'Europe/Dublin',
  'Europe/Zurich',
  'Pacific/Chatham',
];
/** How many moments are asked for. */
const STEPS = 6;

interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** A field of a schedule; `often` says nothing more often than not. */
function field({ min, max }: Bounds, often: boolean): fc.Arbitrary<string> {
  const number = fc.integer({ min, max });
  const range = fc.tuple(number, number).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const step = fc.integer({ min: 1, max: Math.ceil(max / 2) });
  const part = fc.oneof(
    number.map(String),
    range,
    fc.tuple(fc.oneof(fc.constantFrom('*', '?'), range, number.map(String)), step).map(([of, by]) => `${of}/${by}`),
  );
  const some = fc.oneof(
    part,
    fc.array(part, { minLength: 2, maxLength: 3 }).map((parts) => parts.join(',')),
  );
  return often ? fc.oneof({ weight: 3, arbitrary: fc.constantFrom('*', '?') }, some) : some;
}

const calendar = fc
  .tuple(
    field({ min: 0, max: 59 }, false),
    // Clocks are changed in the small hours.
    fc.oneof(field({ min: 0, max: 3 }, false), field({ min: 0, max: 23 }, true)),
    field({ min: 1, max: 31 }, true),
    field({ min: 1, max: 12 }, true),
    field({ min: 0, max: 6 }, true),
  )
  .map((fields) => fields.join(' '));
const every = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 90 }), fc.constantFrom('h', 'm', 's', 'ms')), {
    minLength: 1,
    maxLength: 3,
  })
  .map((parts) => `@every ${parts.map(([n, unit]) => `${n}${unit}`).join('')}`);
const macro = fc.constantFrom('@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly');

/** Days on which clocks of some of the zones are changed, and any moment of twenty years. */
const CHANGES = `
  2017-10-14 2018-02-17 2018-11-03 2024-03-09 2024-03-29 2024-03-30 2024-04-06 2024-04-25
  2024-09-07 2024-10-05 2024-10-26 2024-10-31 2024-11-02 2025-02-22 2025-04-05 2025-09-27
`;
const changed = fc.constantFrom(...CHANGES.trim().split(/\s+/));
const DAY_MS = 86_400_000;
const HALF_HOUR_MS = 1_800_000;
const after = fc.oneof(
  fc.tuple(changed, fc.integer({ min: 0, max: 2 * DAY_MS - 1 })).map(([day, ms]) => Date.parse(day) + ms),
  fc.integer({ min: Date.parse('2010-01-01'), max: Date.parse('2030-01-01') }),
);

/** When schedules come, beside the library that upstream asks (github.com/robfig/cron). */
export const cronCases: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  cronTimes: fc
    .tuple(
      fc.oneof({ weight: 12, arbitrary: calendar }, every, macro),
      fc.constantFrom(...ZONES),
      after,
      fc.constantFrom('', 'TZ=', 'CRON_TZ='),
    )
    .map(([text, zone, afterMs, prefix]): Case => {
      // What the object says by its own field, or in the schedule itself.
      const [schedule, timeZone] = prefix === '' ? [text, zone] : [`${prefix}${zone} ${text}`, undefined];
      return {
        request: { op: 'cronTimes', text: schedule, type: timeZone ?? '', zone, millis: afterMs, count: STEPS },
        ours: () => attempt(() => moments(schedule, timeZone, afterMs)),
      };
    }),
};

function moments(schedule: string, timeZone: string | undefined, afterMs: number): readonly number[] {
  const timetable = parseSchedule(schedule, timeZone);
  const found: number[] = [];
  for (let at = timetable.next(afterMs); at !== undefined && found.length < STEPS; at = timetable.next(at))
    found.push(at);
  return found;
}

const times = (answer: Answer): readonly number[] => ('value' in answer ? (answer.value as readonly number[]) : []);

/** Whether clocks are changed at midnight, not on the hour, or by half of one between two moments: there the library may lose its way. */
function isLostBetween(zone: string, fromMs: number, toMs: number): boolean {
  const local = localTime(zone);
  for (let day = fromMs; day < toMs; day += DAY_MS) {
    let [before, after] = [day, day + DAY_MS];
    if (local(before).offsetMs === local(after).offsetMs) continue;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (local(middle).offsetMs === local(before).offsetMs) before = middle;
      else after = middle;
    }
    const [last, first] = [local(before), local(after)];
    // Of Newfoundland until 2011 a minute after midnight, of the Chathams at a quarter to three.
    const isOnTheHour = last.minute === 59;
    const isAtMidnight = last.hour === 23 || (first.hour === 0 && first.minute === 0);
    if (!isOnTheHour || isAtMidnight || Math.abs(first.offsetMs - last.offsetMs) === HALF_HOUR_MS) return true;
  }
  return false;
}

export const cronKnown: Readonly<Record<string, readonly Known[]>> = {
  cronTimes: [
    {
      why: 'past a change of clocks at midnight, not on the hour or by half of one, the library misses moments or takes others',
      is(request, theirs, ours) {
        const { zone, millis } = request as { readonly zone: string; readonly millis: number };
        const all = [times(theirs), times(ours)];
        const first = all[1]?.findIndex((at, i) => all[0]?.[i] !== at) ?? -1;
        if (first < 0) return false;
        const agreed = all[1]?.[first - 1] ?? millis;
        return isLostBetween(zone, agreed - 2 * DAY_MS, Math.min(...all.map((one) => one[first] ?? Infinity)) + DAY_MS);
      },
    },
  ],
};
