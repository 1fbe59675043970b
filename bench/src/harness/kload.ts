import type { Context, Sample } from './benchmark.ts';

/** A server as the load generator reaches it. */
export interface Target {
  /** `--server` and how to get in. */
  readonly flags: readonly string[];
  readonly pids: Readonly<Record<string, number>>;
}

interface KloadLine {
  readonly workload: string;
  readonly ops: number;
  readonly ops_per_s: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly mb_per_s?: number;
  readonly errors: number;
  readonly first_error?: string;
  readonly processes?: readonly { readonly name: string; readonly cpu_s: number; readonly rss_mib_max: number }[];
}

/** A server that refuses is fast: with more failures than this share a figure says nothing. */
const FAILED_SHARE_MAX = 0.01;

/** Runs one workload of the load generator. Rejects when too many requests failed. */
export async function runKload(
  kload: string,
  target: Target,
  args: readonly string[],
  { processes, signal }: Context,
): Promise<Sample> {
  const pids = Object.entries(target.pids).flatMap(([name, pid]) => ['--pid', `${name}=${pid}`]);
  const out = await processes.run(kload, ['--insecure-skip-tls-verify', ...target.flags, ...pids, ...args], {}, signal);
  const line = JSON.parse(out.trim().split('\n').at(-1) ?? '') as KloadLine;
  if (line.errors > (line.ops + line.errors) * FAILED_SHARE_MAX)
    throw new Error(`${line.errors} requests of ${line.workload} failed: ${line.first_error}`);
  const used = Object.entries(target.pids).map(([name]) => line.processes?.find((process) => process.name === name));
  return {
    figure: line.ops_per_s,
    details: {
      p50Ms: line.p50_ms,
      p99Ms: line.p99_ms,
      failedRequests: line.errors,
      ...(line.mb_per_s === undefined ? {} : { megabytesPerSecond: line.mb_per_s }),
      serverCpuSeconds: used.reduce((sum, process) => sum + (process?.cpu_s ?? 0), 0),
      serverResidentMiB: used.reduce((sum, process) => sum + (process?.rss_mib_max ?? 0), 0),
    },
  };
}
