import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Flags, flagsOf, USAGE, UsageError } from './flags.ts';
import { interleave } from './harness/interleave.ts';
import { machineFacts, versions } from './harness/machine.ts';
import { Processes } from './harness/processes.ts';
import { writeResults } from './harness/results.ts';
import { tableOf } from './harness/table.ts';

const MINUTES_MAX = 10;
/** Kept for stopping what was started. */
const RESERVE_MS = 30_000;

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  if (process.env['NAVARCH_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return 1;
});

async function main(argv: readonly string[]): Promise<number> {
  const flags = flagsOf(argv);
  if (!flags) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const stop = new AbortController();
  const interrupted = (): void => stop.abort(new Error('interrupted'));
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  const minutes = flags.benchmark.minutes ?? MINUTES_MAX;
  const limit = setTimeout(() => stop.abort(new Error(`not done within ${minutes} minutes`)), minutes * 60_000);
  try {
    return await measure(flags, `./navarch bench ${argv.join(' ')}`, stop.signal);
  } finally {
    clearTimeout(limit);
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}

async function measure(
  { benchmark, withPeer, rounds, isQuick, only, out }: Flags,
  command: string,
  signal: AbortSignal,
): Promise<number> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const [machine, date, began] = [machineFacts(), new Date().toISOString(), performance.now()];
  const dir = mkdtempSync(join(tmpdir(), 'navarch-bench-'));
  try {
    await using processes = new Processes();
    await using made = new AsyncDisposableStack();
    const all = await benchmark.prepare({ processes, made, rounds, isQuick, withPeer, dir, signal, say });
    const chosen = all.filter(({ name }) => only === undefined || only.some((part) => name.includes(part)));
    if (chosen.length === 0)
      throw new UsageError(
        `no workload of ${benchmark.name} has ${only?.join(' or ')} in its name; there are ${all.map((w) => w.name).join(', ')}`,
      );
    const { outcomes, failures } = await interleave(
      chosen,
      {
        rounds,
        warmsUp: benchmark.warmsUp === true && !isQuick,
        endByMs: began + (benchmark.minutes ?? MINUTES_MAX) * 60_000 - RESERVE_MS,
        say,
      },
      signal,
    );
    for (const outcome of outcomes) process.stdout.write(`${JSON.stringify({ bench: benchmark.name, ...outcome })}\n`);
    if (outcomes.length > 0) say(`\n${tableOf(outcomes, benchmark.columns)}`);
    for (const { workload, why } of failures) say(`failed: ${workload}: ${why}`);
    const report = {
      benchmark,
      command,
      date,
      seconds: (performance.now() - began) / 1000,
      machine,
      versions: versions(),
      outcomes,
    };
    // Half of a benchmark must not take the place of a whole one.
    if (out && failures.length === 0) say(`\nwritten: ${writeResults(report, out).join(', ')}`);
    return failures.length === 0 ? 0 : 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
