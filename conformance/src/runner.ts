import type { ConformanceTest } from './conformance-test.ts';
import type { OfficialName } from './names.ts';
import type { TestResult } from './report.ts';

export interface RunOptions {
  /** How many tests run at a time; serial ones run alone, afterwards. */
  readonly procs: number;
  readonly signal: AbortSignal;
  /** Makes the place a test runs in and calls it there. Rejects when the test fails. */
  inContext(test: ConformanceTest, log: (line: string) => void, signal: AbortSignal): Promise<void>;
  onResult(result: TestResult): void;
}

/** Runs the tests that are written; names on the list without a test are reported as missing, never as passed. */
export async function runTests(
  names: readonly OfficialName[],
  tests: readonly ConformanceTest[],
  options: RunOptions,
): Promise<readonly TestResult[]> {
  const byName = new Map(tests.map((test) => [test.name, test]));
  const results: TestResult[] = [];
  const record = (result: TestResult): void => {
    results.push(result);
    options.onResult(result);
  };
  const runnable: { readonly name: OfficialName; readonly test: ConformanceTest }[] = [];
  for (const name of names) {
    const test = byName.get(name.plain);
    if (test) runnable.push({ name, test });
    else results.push({ test: name, verdict: 'missing', seconds: 0, log: [] });
  }
  const parallel = runnable.filter(({ name }) => !name.isSerial);
  const worker = async (): Promise<void> => {
    for (let next = parallel.shift(); next && !options.signal.aborted; next = parallel.shift()) {
      record(await runOne(next.name, next.test, options));
    }
  };
  await Promise.all(Array.from({ length: options.procs }, worker));
  for (const { name, test } of runnable.filter((r) => r.name.isSerial)) {
    if (!options.signal.aborted) record(await runOne(name, test, options));
  }
  return results;
}

async function runOne(name: OfficialName, test: ConformanceTest, options: RunOptions): Promise<TestResult> {
  const started = performance.now();
  const log: string[] = [];
  const timeout = AbortSignal.timeout(test.timeoutMs);
  const signal = AbortSignal.any([options.signal, timeout]);
  const end = (failure?: unknown): TestResult => ({
    test: name,
    verdict: failure === undefined ? 'passed' : 'failed',
    seconds: (performance.now() - started) / 1000,
    log,
    ...(failure === undefined ? {} : { failure: failureText(failure, timeout.aborted, test) }),
  });
  try {
    await options.inContext(test, (line) => log.push(line), signal);
    return end();
  } catch (error) {
    return end(error ?? new Error('unknown failure'));
  }
}

function failureText(failure: unknown, timedOut: boolean, test: ConformanceTest): string {
  const text = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
  return timedOut ? `timed out after ${test.timeoutMs / 1000} s: ${text}` : text;
}
