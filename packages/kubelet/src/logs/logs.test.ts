import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LogFilter } from './log-filter.ts';
import { type LogOptions, logOptions } from './log-options.ts';
import { tailStart } from './tail-start.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (...parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString('latin1');
const all: Pick<LogOptions, 'timestamps' | 'since' | 'stream' | 'limitBytes'> = {
  timestamps: false,
  since: undefined,
  stream: undefined,
  limitBytes: undefined,
};

/** What a client sees of a file that is read in one piece. */
function seen(file: string, options: Partial<typeof all> = {}): string {
  const filter = new LogFilter({ ...all, ...options });
  return Buffer.concat([filter.push(bytes(file)), filter.end()]).toString();
}

const FILE = [
  '2026-01-01T00:00:01.5Z stdout F one',
  '2026-01-01T00:00:02.123456789Z stderr F two',
  '2026-01-01T00:00:03Z stdout P thr',
  '2026-01-01T00:00:03.1Z stdout P e',
  '2026-01-01T00:00:04+02:00 stdout F e',
  'garbage',
  '2026-01-01T00:00:05Z stdlog F no',
  '2026-01-01T00:00:05Z stdout X no',
  '2026-01-01T00:00:06Z stdout F',
  '2026-01-01T00:00:07Z stderr F:tag  four ',
  '',
].join('\n');

test('LogFilter joins entries of a line and leaves out what is none', () => {
  assert.equal(seen(FILE), 'one\ntwo\nthree\n\n four \n');
});

test('LogFilter puts times of one length before lines, once a line', () => {
  assert.equal(
    seen(FILE, { timestamps: true }),
    [
      '2026-01-01T00:00:01.500000000Z one',
      '2026-01-01T00:00:02.123456789Z two',
      '2026-01-01T00:00:03.000000000Z three',
      '2026-01-01T00:00:06.000000000Z ',
      '2026-01-01T00:00:07.000000000Z  four ',
      '',
    ].join('\n'),
  );
});

test('LogFilter leaves out what is older, of the other stream, or too much', () => {
  assert.equal(seen(FILE, { since: Date.UTC(2026, 0, 1, 0, 0, 6) }), '\n four \n');
  assert.equal(seen(FILE, { stream: 'stderr' }), 'two\n four \n');
  assert.deepEqual(
    [1, 3, 4, 6].map((limitBytes) => seen(FILE, { limitBytes })),
    ['o', 'one', 'one\n', 'one\ntw'],
  );
  const filter = new LogFilter({ ...all, limitBytes: 4 });
  assert.equal(filter.isFull, false);
  filter.push(bytes(FILE));
  assert.equal(filter.isFull, true);
});

const aLine = fc.tuple(
  fc.constantFrom('stdout', 'stderr'),
  fc.constantFrom('F', 'P'),
  fc.uint8Array({ maxLength: 12 }).map((b) => b.filter((byte) => byte !== 10)),
);
const cuts = fc.array(fc.nat(200), { maxLength: 8 });

test('LogFilter gives the same bytes however the file is cut, also within characters', () => {
  fc.assert(
    fc.property(fc.array(aLine, { maxLength: 12 }), cuts, fc.boolean(), (lines, places, timestamps) => {
      const file = Buffer.concat(
        lines.flatMap(([stream, tag, body]) => [bytes(`2026-01-01T00:00:00Z ${stream} ${tag} `), body, bytes('\n')]),
      );
      const expected = lines
        .map(([, tag, body]) => Buffer.from(body).toString('latin1') + (tag === 'F' ? '\n' : ''))
        .join('');
      const ends = [...new Set([...places.filter((at) => at < file.length), file.length])].toSorted((a, b) => a - b);
      const filter = new LogFilter({ ...all, timestamps });
      const whole = new LogFilter({ ...all, timestamps });
      const got = text(...ends.map((end, i) => filter.push(file.subarray(ends[i - 1] ?? 0, end))), filter.end());
      assert.equal(got, text(whole.push(file), whole.end()));
      if (!timestamps) assert.equal(got, expected);
    }),
  );
});

test('LogFilter passes over a line without end, and goes on after it', () => {
  const filter = new LogFilter(all);
  const parts = [filter.push(bytes('2026-01-01T00:00:00Z stdout F '))];
  for (let i = 0; i < 40; i++) parts.push(filter.push(new Uint8Array(64 * 1024).fill(120)));
  parts.push(filter.push(bytes('\n2026-01-01T00:00:00Z stdout F next\n')));
  assert.equal(text(...parts), 'next\n');
});

test('tailStart() finds where the last lines begin', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ maxLength: 5 }).map((line) => line.replaceAll('\n', '')),
        { maxLength: 20 },
      ),
      fc.boolean(),
      fc.nat(25),
      async (lines, isEnded, count) => {
        const file = bytes(lines.join('\n') + (isEnded && lines.length > 0 ? '\n' : ''));
        const start = await tailStart(
          async (offset, length) => file.subarray(offset, offset + length),
          file.length,
          count,
        );
        const whole = new TextDecoder().decode(file);
        const parts = whole.endsWith('\n') ? whole.slice(0, -1).split('\n') : whole.split('\n');
        const expected = count === 0 ? '' : parts.slice(-count).join('\n') + (whole.endsWith('\n') ? '\n' : '');
        assert.equal(new TextDecoder().decode(file.subarray(start)), whole === '' ? '' : expected);
      },
    ),
  );
  const big = bytes(`${'x'.repeat(100_000)}\n${'y'.repeat(100_000)}\n`);
  assert.equal(
    await tailStart(async (offset, length) => big.subarray(offset, offset + length), big.length, 1),
    100_001,
  );
});

test("logOptions() reads queries, and refuses numbers in upstream's words", () => {
  assert.deepEqual(
    logOptions(
      new URLSearchParams('follow=true&timestamps=1&previous=&tailLines=0&limitBytes=5&sinceSeconds=10&stream=Stdout'),
      100_000,
    ),
    {
      follow: true,
      timestamps: true,
      previous: true,
      tailLines: 0,
      limitBytes: 5,
      since: 90_000,
      stream: 'stdout',
    },
  );
  assert.deepEqual(
    logOptions(new URLSearchParams('follow=false&timestamps=0&stream=All&sinceTime=2026-01-01T00:00:00Z'), 0),
    {
      follow: false,
      timestamps: false,
      previous: false,
      tailLines: undefined,
      limitBytes: undefined,
      since: Date.UTC(2026, 0, 1),
      stream: undefined,
    },
  );
  const table: Readonly<Record<string, string>> = {
    'tailLines=-1': 'tailLines: Invalid value: -1: must be greater than or equal to 0',
    'limitBytes=0': 'limitBytes: Invalid value: 0: must be greater than 0',
    'sinceSeconds=x': 'sinceSeconds: Invalid value: "x": must be greater than 0',
    'sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z': 'at most one of sinceTime or sinceSeconds may be specified',
    'stream=Other': 'stream: Unsupported value: "Other": supported values: "All", "Stderr", "Stdout"',
    'sinceTime=yesterday': 'sinceTime: Invalid value: "yesterday": must be a time in RFC 3339',
  };
  for (const [query, message] of Object.entries(table))
    assert.throws(() => logOptions(new URLSearchParams(query), 0), { name: 'RangeError', message });
});
