import type { Outcome } from './interleave.ts';
import { short, type Summary } from './statistics.ts';

/** What the servers used, which other work on the machine changes less than how long it took. */
const CPU = 'serverCpuSeconds';

/** The outcomes as a table that reads well on a terminal and is Markdown at the same time. */
export function tableOf(outcomes: readonly Outcome[], columns: Readonly<Record<string, string>> = {}): string {
  const header = [
    'workload',
    'unit',
    'ours',
    '(min-max)',
    'peer',
    '(min-max)',
    'times as good',
    'goal',
    'reached',
    'CPU s, ours : peer',
    ...Object.values(columns),
  ];
  const own = Object.keys(columns);
  const rows = [header, ...outcomes.map((outcome) => [...rowOf(outcome), ...detailsOf(outcome, own)])];
  const widths = header.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const body = rows.slice(1);
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

const detailsOf = ({ details }: Outcome, names: readonly string[]): readonly string[] =>
  names.map((name) => {
    const found = details.ours[name];
    return found ? short(found.median) : '-';
  });

function rowOf({
  workload,
  unit,
  better,
  ours,
  peer,
  ratio,
  ratioGoal,
  goal,
  isReached,
  details,
}: Outcome): readonly string[] {
  const goals = [
    ...(goal === undefined ? [] : [`${better === 'more' ? 'at least' : 'at most'} ${short(goal)} ${unit}`]),
    ...(ratioGoal === undefined ? [] : [`${short(ratioGoal)} x`]),
  ];
  return [
    workload,
    unit,
    short(ours.median),
    spread(ours),
    peer ? short(peer.median) : '-',
    peer ? spread(peer) : '-',
    ratio === undefined ? '-' : ratio.toFixed(2),
    goals.join(', ') || '-',
    isReached === undefined ? '-' : isReached ? 'yes' : 'no',
    [details.ours[CPU], details.peer[CPU]].flatMap((used) => (used ? [short(used.median)] : [])).join(' : ') || '-',
  ];
}

const spread = ({ min, max, rounds }: Summary): string => (rounds > 1 ? `${short(min)}-${short(max)}` : 'one round');
