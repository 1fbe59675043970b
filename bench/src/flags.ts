import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchmarks } from './benchmarks/index.ts';
import type { Benchmark } from './harness/benchmark.ts';
import { ROOT } from './harness/machine.ts';

const ROUNDS = 3;
export const USAGE = `usage: navarch bench NAME [--vs peer] [--rounds N] [--quick] [--all] [--only WORKLOAD,...] [--out FOLDER]

${benchmarks.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`).join('\n')}`;

/** A mistake of the caller: said in one sentence. */
export class UsageError extends Error {}

export interface Flags {
  readonly benchmark: Benchmark;
  readonly withPeer: boolean;
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly only: readonly string[] | undefined;
  /** Absent: results are not written. */
  readonly out: string | undefined;
}

/** undefined: the caller wants to know what there is. Throws UsageError, and what parseArgs throws. */
export function flagsOf(argv: readonly string[]): Flags | undefined {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      vs: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean' },
      all: { type: 'boolean' },
      only: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const [name, ...more] = positionals;
  if (values.help || name === undefined) return undefined;
  const named = benchmarks.find((candidate) => candidate.name === name);
  if (!named)
    throw new UsageError(
      `there is no benchmark ${JSON.stringify(name)}; there are ${benchmarks.map((b) => b.name).join(', ')}`,
    );
  if (more.length > 0) throw new UsageError(`one benchmark at a time: ${more.join(' ')} is too much`);
  if (values.vs !== undefined && values.vs !== 'peer')
    throw new UsageError(`--vs ${values.vs}: the only other side is "peer"`);
  const benchmark = values.all ? named.all : named;
  if (!benchmark) throw new UsageError(`${name} has nothing more than what it measures without --all`);
  if (values.vs && !benchmark.peer) throw new UsageError(`${name} has no peer`);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : (benchmark.rounds ?? ROUNDS)));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 20)
    throw new UsageError(`--rounds ${values.rounds}: want a number from 1 to 20`);
  const isPart = values.quick === true || values.only !== undefined;
  return {
    benchmark,
    withPeer: values.vs === 'peer',
    rounds,
    isQuick: values.quick === true,
    only: values.only?.split(','),
    // A part of a benchmark must not take the place of a whole one.
    out: values.out ?? (isPart ? undefined : join(ROOT, 'bench/results')),
  };
}
