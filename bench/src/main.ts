import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchmarks } from './benchmarks/index.ts';
import type { Benchmark } from './harness/benchmark.ts';
import { interleave } from './harness/interleave.ts';
import { machineFacts, ROOT, versions } from './harness/machine.ts';
import { Processes } from './harness/processes.ts';
import { writeResults } from './harness/results.ts';
import { tableOf } from './harness/table.ts';

const ROUNDS = 3;
const LIMIT_MS = 10 * 60_000;
const USAGE = `usage: navarch bench NAME [--vs peer] [--rounds N] [--quick] [--only WORKLOAD] [--out FOLDER]

${benchmarks.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`).join('\n')}`;

/** A mistake of the caller: said in one sentence. */
class UsageError extends Error {}

interface Flags {
  readonly benchmark: Benchmark;
  readonly withPeer: boolean;
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly only: string | undefined;
  /** Absent: results are not written. */
  readonly out: string | undefined;
}

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
  const limit = setTimeout(() => stop.abort(new Error(`not done within ${LIMIT_MS / 60_000} minutes`)), LIMIT_MS);
  try {
    return await measure(flags, `navarch bench ${argv.join(' ')}`, stop.signal);
  } finally {
    clearTimeout(limit);
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}

async function measure({ benchmark, withPeer, rounds, isQuick, only, out }: Flags, command: string, signal: AbortSignal): Promise<number> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const [machine, date, began] = [machineFacts(), new Date().toISOString(), performance.now()];
  const dir = mkdtempSync(join(tmpdir(), 'navarch-bench-'));
  try {
    await using processes = new Processes();
    await using made = new AsyncDisposableStack();
    const all = await benchmark.prepare({ processes, made, rounds, isQuick, withPeer, dir, signal, say });
    const chosen = all.filter(({ name }) => only === undefined || name.includes(only));
    if (chosen.length === 0) throw new UsageError(`no workload of ${benchmark.name} has ${JSON.stringify(only)} in its name; there are ${all.map((w) => w.name).join(', ')}`);
    const { outcomes, failures } = await interleave(chosen, rounds, say, signal);
    for (const outcome of outcomes) process.stdout.write(`${JSON.stringify({ bench: benchmark.name, ...outcome })}\n`);
    if (outcomes.length > 0) say(`\n${tableOf(outcomes)}`);
    for (const { workload, why } of failures) say(`failed: ${workload}: ${why}`);
    const report = { benchmark, command, date, seconds: (performance.now() - began) / 1000, machine, versions: versions(), outcomes };
    // Half of a benchmark must not take the place of a whole one.
    if (out && failures.length === 0) say(`\nwritten: ${writeResults(report, out).join(', ')}`);
    return failures.length === 0 ? 0 : 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function flagsOf(argv: readonly string[]): Flags | undefined {
  const { values, positionals } = parseArgs({
    args: [...argv], allowPositionals: true,
    options: {
      vs: { type: 'string' }, rounds: { type: 'string' }, quick: { type: 'boolean' }, only: { type: 'string' }, out: { type: 'string' }, help: { type: 'boolean' },
    },
  });
  const [name, ...more] = positionals;
  if (values.help || name === undefined) return undefined;
  const benchmark = benchmarks.find((candidate) => candidate.name === name);
  if (!benchmark) throw new UsageError(`there is no benchmark ${JSON.stringify(name)}; there are ${benchmarks.map((b) => b.name).join(', ')}`);
  if (more.length > 0) throw new UsageError(`one benchmark at a time: ${more.join(' ')} is too much`);
  if (values.vs !== undefined && values.vs !== 'peer') throw new UsageError(`--vs ${values.vs}: the only other side is "peer"`);
  if (values.vs && !benchmark.peer) throw new UsageError(`${name} has no peer`);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 20) throw new UsageError(`--rounds ${values.rounds}: want a number from 1 to 20`);
  const isPart = values.quick === true || values.only !== undefined;
  return {
    benchmark, withPeer: values.vs === 'peer', rounds, isQuick: values.quick === true, only: values.only,
    // A part of a benchmark must not take the place of a whole one.
    out: values.out ?? (isPart ? undefined : join(ROOT, 'bench/results')),
  };
}
