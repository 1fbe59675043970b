import type { OracleContext, Tally } from '../oracle.ts';
import { type Known, type Scenario, type Step, transcript } from './scenario.ts';
import type { Side } from './sides.ts';

/** Differences of one scenario that are shown. */
const SHOWN_MAX = 200;

let scenarios = 0;

/** Takes both servers through the same scenarios. Each is one test. */
export async function alike(
  [theirs, ours]: readonly [theirs: Side, ours: Side],
  all: readonly Scenario[],
  known: readonly Known[],
  context: OracleContext,
): Promise<Tally> {
  let [passed, failed] = [0, 0];
  for (const scenario of all) {
    if (context.only.length > 0 && !context.only.includes(scenario.name)) continue;
    const namespace = `scenario-${(scenarios += 1)}`;
    // Side by side: most of the time is spent in waiting for what must not come.
    const [left, right] = await Promise.all([
      transcript(theirs, scenario, namespace),
      transcript(ours, scenario, namespace),
    ]);
    if (differences(scenario.name, left, right, known, context.say) === 0) passed += 1;
    else failed += 1;
  }
  return { passed, failed };
}

function differences(
  name: string,
  theirs: readonly Step[],
  ours: readonly Step[],
  known: readonly Known[],
  say: (line: string) => void,
): number {
  const counts = new Map<string, number>();
  // What differs in the same way is shown once, by what was asked first.
  const shown = new Map<string, { readonly asked: string; count: number }>();
  let different = theirs.length === ours.length ? 0 : 1;
  if (different > 0) say(`${name}: ${theirs.length} steps of theirs, ${ours.length} of ours`);
  for (const [i, their] of theirs.entries()) {
    const our = ours[i];
    if (!our || our.answered === their.answered) continue;
    const why = known.find((entry) => entry.is(our, their))?.why;
    if (why !== undefined) {
      counts.set(why, (counts.get(why) ?? 0) + 1);
      continue;
    }
    different += 1;
    const how = parted(their.answered, our.answered);
    const same = shown.get(how);
    if (same) same.count += 1;
    else shown.set(how, { asked: their.asked, count: 1 });
  }
  for (const [how, { asked, count }] of [...shown].slice(0, SHOWN_MAX))
    say(`${name}: ${asked}${count > 1 ? ` (and ${count - 1} more)` : ''}\n${how}`);
  const excused = [...counts].map(([why, count]) => `; ${count} known: ${why}`).join('');
  say(`${different === 0 ? 'ok  ' : 'FAIL'} server: ${name}: ${different} of ${theirs.length} differ${excused}`);
  return different;
}

const AROUND = 160;
/** Lines of one difference that are shown of either side. */
const LINES_MAX = 6;

/** The lines that only one of the answers has; where they are the same, in another order. */
function parted(theirs: string, ours: string): string {
  const [left, right] = [theirs.split('\n'), ours.split('\n')];
  const [mine, others] = [only(left, right), only(right, left)];
  if (mine.length + others.length === 0) return '  the same lines in another order';
  const shown = (name: string, lines: readonly string[], beside: readonly string[]): readonly string[] =>
    lines.slice(0, LINES_MAX).map((line, i) => `  ${name} ${around(line, beside[i])}`);
  return [...shown('theirs', mine, others), ...shown('ours  ', others, mine)].join('\n');
}

function only(lines: readonly string[], others: readonly string[]): readonly string[] {
  const there = new Set(others);
  return lines.filter((line) => !there.has(line));
}

/** A line with a bar where it begins to differ. */
function around(shown: string, other: string | undefined): string {
  let at = 0;
  while (at < shown.length && shown[at] === other?.[at]) at += 1;
  const start = Math.max(0, at - AROUND);
  return `${start > 0 ? '...' : ''}${shown.slice(start, at)}|${shown.slice(at, at + AROUND)}`;
}
