import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../../..');

/** What a figure depends on besides the code. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** Runnable processes over the last minute, before the benchmark began: above zero, others were at work. */
  readonly loadBefore: number;
}

export const machineFacts = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release()}`,
  loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
});

export interface Versions {
  readonly navarch: string;
  readonly node: string;
  readonly commit: string;
  /** Files differed from the commit while measuring. */
  readonly isModified: boolean;
}

export function versions(): Versions {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return {
    navarch: version,
    node: process.version,
    commit: git('rev-parse', '--short', 'HEAD'),
    isModified: git('status', '--porcelain', '--untracked-files=no') !== '',
  };
}

/** Empty where there is no repository: a release unpacked from an archive measures as well. */
function git(...args: readonly string[]): string {
  try {
    return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}
