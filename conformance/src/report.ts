import type { OfficialName } from './names.ts';

type Verdict = 'passed' | 'failed' | 'missing';
export interface TestResult {
  readonly test: OfficialName;
  readonly verdict: Verdict;
  readonly seconds: number;
  readonly failure?: string;
  readonly log: readonly string[];
}

/** A row for each group: passed, failed, not written yet. */
export function table(results: readonly TestResult[]): string {
  const groups = Map.groupBy(results, (r) => r.test.group);
  const rows = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([group, of]) => [group, ...counts(of)]);
  const all = [['group', 'passed', 'failed', 'not written', 'of'], ...rows, ['total', ...counts(results)]];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .join('\n');
}

function counts(results: readonly TestResult[]): readonly string[] {
  const count = (verdict: Verdict): number => results.filter((r) => r.verdict === verdict).length;
  return [count('passed'), count('failed'), count('missing'), results.length].map(String);
}

/** JUnit XML, one case a test that ran. */
export function junit(results: readonly TestResult[]): string {
  const ran = results.filter((r) => r.verdict !== 'missing');
  const failures = ran.filter((r) => r.verdict === 'failed').length;
  const cases = ran.map((r) => {
    const head = `  <testcase name="${escape(r.test.full)}" classname="conformance.${r.test.group}" time="${r.seconds.toFixed(3)}"`;
    if (r.verdict === 'passed') return `${head}/>`;
    return `${head}>\n    <failure>${escape(r.failure ?? '')}</failure>\n    <system-out>${escape(r.log.join('\n'))}</system-out>\n  </testcase>`;
  });
  const head = `<testsuite name="Navarch conformance (Kubernetes 1.37)" tests="${ran.length}" failures="${failures}">`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${head}\n${cases.join('\n')}\n</testsuite>\n`;
}

const escape = (text: string): string =>
  text
    .replace(/[^\t\n\x20-\uFFFD]/g, '')
    .replace(/[<>&"]/g, (c) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' })[c] ?? c);
