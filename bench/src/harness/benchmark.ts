import type { Processes } from './processes.ts';

/** What one side did in one round of one workload. */
export interface Sample {
  /** The figure that is compared, in the workload's unit. */
  readonly figure: number;
  /** Whatever else is worth keeping: percentiles, CPU seconds, memory. */
  readonly details?: Readonly<Record<string, number>>;
}

/** One thing that is measured, on our side and, where there is one, on the peer's. */
export interface Workload {
  readonly name: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  /** At least this many times as good as the peer. */
  readonly ratioGoal?: number;
  /** At least (or, where less is better, at most) this, in the workload's unit. */
  readonly goal?: number;
  readonly ours: Measure;
  readonly peer?: Measure;
}
export type Measure = (round: number) => Promise<Sample>;

export interface Context {
  readonly processes: Processes;
  /** What is put here is disposed of at the end, however the end comes about. */
  readonly made: AsyncDisposableStack;
  /** Rounds of each workload. */
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly withPeer: boolean;
  /** A folder that is removed at the end. */
  readonly dir: string;
  readonly signal: AbortSignal;
  /** Tells the person what is being done. */
  say(line: string): void;
}

/** One name of `navarch bench`: it starts what it needs, and says what to measure on it. */
export interface Benchmark {
  readonly name: string;
  readonly about: string;
  /** What the peer is; absent: there is none. */
  readonly peer?: string;
  /** Rounds where nobody says how many; absent: three. */
  readonly rounds?: number;
  /**
   * Whether each workload runs once on both sides before the rounds that count: servers run for weeks, and a second's
   * work on a process that has just begun shows how code is compiled and heaps grow.
   */
  readonly warmsUp?: boolean;
  /** How long all of it may take; absent: ten minutes. */
  readonly minutes?: number;
  /** Details that have a column of their own in the table, each with its title. */
  readonly columns?: Readonly<Record<string, string>>;
  /** What `--all` measures instead. */
  readonly all?: Benchmark;
  /** What to know before reading the figures. */
  readonly notes: readonly string[];
  prepare(context: Context): Promise<readonly Workload[]>;
}

export const defineBenchmark = (benchmark: Benchmark): Benchmark => Object.freeze(benchmark);
