import type { Tally } from '../oracle.ts';

/** What became of the specs and tests of a package. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Marked by their authors as not to be run. */
  readonly pending: number;
}

export interface Row {
  readonly name: string;
  readonly counts: Counts;
  /** Of the run, without the build. */
  readonly seconds: number;
  /** What a run that failed wrote. */
  readonly output: string;
}

const SUMMARY = /(\d+) Passed \| (\d+) Failed \| (\d+) Pending \| (\d+) Skipped/g;
const GO_TEST = /^--- (PASS|FAIL): /gm;

/** Counts what a test program of Go said with -test.v: specs of its Ginkgo suite, and plain tests beside it. */
export function countsOf(output: string, code: number): Counts {
  let [passed, failed, pending, suites] = [0, 0, 0, 0];
  for (const [, ok = '', bad = '', waiting = ''] of output.matchAll(SUMMARY)) {
    passed += Number(ok);
    failed += Number(bad);
    pending += Number(waiting);
    suites += 1;
  }
  const tests = Array.from(output.matchAll(GO_TEST), ([, verdict]) => verdict);
  const bad = tests.filter((verdict) => verdict === 'FAIL').length;
  // The test that runs the suite says the same once more.
  const failedBeside = Math.max(0, bad - (failed > 0 ? suites : 0));
  const passedBeside = Math.max(0, tests.length - bad - (failed > 0 ? 0 : suites));
  const all = failed + failedBeside;
  return { passed: passed + passedBeside, failed: all === 0 && code !== 0 ? 1 : all, pending };
}

/** A row for each package and one for all, in columns. */
export function showTable(rows: readonly Row[]): readonly string[] {
  const cells = rows.map(({ name, counts, seconds }) => [
    name,
    String(counts.passed),
    String(counts.failed),
    String(counts.pending),
    seconds.toFixed(1),
  ]);
  const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const total = [
    'all',
    String(sum((row) => row.counts.passed)),
    String(sum((row) => row.counts.failed)),
    String(sum((row) => row.counts.pending)),
    sum((row) => row.seconds).toFixed(1),
  ];
  const all = [['package', 'passed', 'failed', 'pending', 'seconds'], ...cells, total];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  return all.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}

/** What is said when a package is done: all that it wrote, where something failed. */
export const showRow = ({ name, counts, seconds, output }: Row): string =>
  `${counts.failed > 0 ? 'FAIL' : 'ok  '} ${name} ${seconds.toFixed(1)} s${output ? `\n${output}` : ''}`;

export const tallyOf = (rows: readonly Row[]): Tally => ({
  passed: rows.reduce((sum, { counts }) => sum + counts.passed, 0),
  failed: rows.reduce((sum, { counts }) => sum + counts.failed, 0),
});
