import fc from 'fast-check';
import type { Answer, Case, Comparison } from './case.ts';
import { ask } from './go.ts';
import type { OracleContext, Tally } from './oracle.ts';
import { writeJson } from '@navarch/machinery';

/** Differences of one comparison that are shown whole. */
const SHOWN_MAX = 5;
/** Where upstream goes through a map in any order, the same question has several answers: so often it is asked again. */
const REPEATS = 24;
/** Differences of one comparison that are asked about so. */
const REPEATED_MAX = 20;

/** Asks both sides the same random questions. Each comparison is one test. */
export async function compared(
  program: string,
  comparisons: readonly Comparison[],
  context: OracleContext,
): Promise<Tally> {
  let [passed, failed] = [0, 0];
  for (const comparison of comparisons) {
    if (context.only.length > 0 && !context.only.includes(comparison.name)) continue;
    if ((await differences(program, comparison, context)) === 0) passed += 1;
    else failed += 1;
  }
  return { passed, failed };
}

async function differences(
  program: string,
  { name, cases: arbitrary, known = [] }: Comparison,
  { cases: count, seed, say }: OracleContext,
): Promise<number> {
  const cases = fc.sample(arbitrary, { numRuns: count, seed });
  const answers = (await ask(
    program,
    cases.map(({ request }) => request),
  )) as readonly Answer[];
  const counts = new Map<string, number>();
  let [different, repeated] = [0, 0];
  for (const [i, one] of cases.entries()) {
    const theirs = one.theirs?.(answers[i] as Answer) ?? (answers[i] as Answer);
    const ours = one.ours();
    if (normal(theirs) === normal(ours)) continue;
    const why =
      known.find((entry) => entry.is(one.request, theirs, ours))?.why ??
      (repeated++ < REPEATED_MAX ? await isOneOfMany(program, one, normal(ours)) : undefined);
    if (why !== undefined) {
      counts.set(why, (counts.get(why) ?? 0) + 1);
      continue;
    }
    different += 1;
    if (different <= SHOWN_MAX) say(shown(name, one.request, normal(theirs), normal(ours)));
  }
  say(
    `${different === 0 ? 'ok  ' : 'FAIL'} ${name}: ${different} of ${cases.length} differ${[...counts].map(([why, n]) => `; ${n} known: ${why}`).join('')}`,
  );
  return different;
}

async function isOneOfMany(program: string, one: Case, ours: string): Promise<string | undefined> {
  const again = (await ask(
    program,
    Array.from({ length: REPEATS }, () => one.request),
  )) as readonly Answer[];
  return again.some((answer) => normal(one.theirs?.(answer) ?? answer) === ours)
    ? 'upstream answers so too, at other times'
    : undefined;
}

/** JSON with sorted keys; owners in any order, since times decide it. */
function normal(value: unknown): string {
  return JSON.stringify(value, (name, part: unknown) => {
    // As JSON shows it: a float beyond 53 bits has the digits of an integer there.
    if (typeof part === 'bigint' || (Number.isInteger(part) && !Number.isSafeInteger(part)))
      return `number ${String(part)}`;
    if (name === 'owners') return ((part ?? []) as readonly unknown[]).map(normal).sort();
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function shown(name: string, request: unknown, theirs: string, ours: string): string {
  let at = 0;
  while (at < theirs.length && theirs[at] === ours[at]) at += 1;
  const parted = `...${theirs.slice(Math.max(0, at - 120), at)} | ${theirs.slice(at, at + 120)} | ${ours.slice(at, at + 120)}`;
  return `${name}: ${writeJson(request)}\n  theirs ${theirs}\n  ours   ${ours}\n  first difference ${parted}`;
}
