import type { OracleContext, Tally } from '../oracle.ts';
import { type Known, type Scenario, type Step, transcript } from './scenario.ts';
import type { Side } from './sides.ts';

/** Differences of one scenario that are shown whole. */
const SHOWN_MAX = 8;

let scenarios = 0;

/** Takes both servers through the same scenarios. Each is one test. */
export async function alike([theirs, ours]: readonly [theirs: Side, ours: Side], all: readonly Scenario[], known: readonly Known[], context: OracleContext): Promise<Tally> {
  let [passed, failed] = [0, 0];
  for (const scenario of all) {
    if (context.only.length > 0 && !context.only.includes(scenario.name)) continue;
    const namespace = `scenario-${(scenarios += 1)}`;
    const [left, right] = [await transcript(theirs, scenario, namespace), await transcript(ours, scenario, namespace)];
    if (differences(scenario.name, left, right, known, context.say) === 0) passed += 1;
    else failed += 1;
  }
  return { passed, failed };
}

function differences(name: string, theirs: readonly Step[], ours: readonly Step[], known: readonly Known[], say: (line: string) => void): number {
  const counts = new Map<string, number>();
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
    if (different <= SHOWN_MAX) say(`${name}: ${their.asked}\n${parted(their.answered, our.answered)}`);
  }
  const excused = [...counts].map(([why, count]) => `; ${count} known: ${why}`).join('');
  say(`${different === 0 ? 'ok  ' : 'FAIL'} server: ${name}: ${different} of ${theirs.length} differ${excused}`);
  return different;
}

const AROUND = 160;

/** Both answers line by line; of lines that differ, what is around the first difference. */
function parted(theirs: string, ours: string): string {
  const [left, right] = [theirs.split('\n'), ours.split('\n')];
  const lines: string[] = [];
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const [their, our] = [left[i], right[i]];
    if (their === our) continue;
    lines.push(`  theirs ${around(their, our)}`, `  ours   ${around(our, their)}`);
  }
  return lines.join('\n');
}

function around(shown: string | undefined, other: string | undefined): string {
  if (shown === undefined) return '(nothing)';
  let at = 0;
  while (at < shown.length && shown[at] === other?.[at]) at += 1;
  const start = Math.max(0, at - AROUND);
  return `${start > 0 ? '...' : ''}${shown.slice(start, at)}|${shown.slice(at, at + AROUND)}`;
}
