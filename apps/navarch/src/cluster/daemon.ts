import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  commandLine,
  endProcess,
  hold,
  type HeldFile,
  holderOf,
  identityOf,
  isHeld,
  type ProcessIdentity,
  processIds,
} from '@navarch/node/host';
import { compileCacheDir } from '../compile-cache.ts';
import { UserError } from '../user-error.ts';
import type { Layout } from './layout.ts';

/** The halves of a cluster that run as processes of their own. */
export type DaemonName = 'server' | 'agent';

/**
 * With the cache from its first module on a daemon never loads what strips types: 25 MB less. An agent allocates little:
 * a small nursery saves as much again (with one of 2 MB a burst of pods spent a sixth of its time on collecting it), and
 * V8's preference of size over speed 13 MB, for a tenth more CPU in a burst. The server's throughput needs the opposite.
 */
const NODE_FLAGS: Readonly<Record<DaemonName, readonly string[]>> = {
  server: [
    '--disable-warning=ExperimentalWarning',
    '--max-semi-space-size=64',
    '--external-memory-accounted-in-global-limit',
  ],
  agent: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4', '--optimize-for-size'],
};
/**
 * How the C library keeps what is freed. By itself it holds it in a heap for each thread, for the next use: 14 MB of an
 * agent, which needs them while it starts and hardly again.
 */
const MEMORY: Readonly<Record<DaemonName, Readonly<Record<string, string>>>> = {
  server: {},
  agent: { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '131072' },
};
const CLAIM_POLL_MS = 10;
const STOP_GRACE_MS = 10_000;

const fileOf = (layout: Layout, name: DaemonName): string => join(layout.run, `${name}.json`);
export const logOf = (layout: Layout, name: string): string => join(layout.logs, `${name}.log`);

/** The running daemon of that name, whoever started it. */
export const findDaemon = (layout: Layout, name: DaemonName): ProcessIdentity | undefined =>
  holderOf(fileOf(layout, name));

/** Makes this process the one of that name in the folder; refuses when another is. Held until disposed, or the process ends. */
export function claimDaemon(layout: Layout, name: DaemonName): HeldFile {
  const result = hold(fileOf(layout, name));
  if (isHeld(result)) return result;
  throw new UserError(
    `the ${name} of ${layout.dir} runs already (pid ${result.pid}): stop it first, or give another --data-dir`,
  );
}

/**
 * Starts this program again with other arguments, detached, writing into the component's log file. Resolves when it has
 * claimed its name; rejects with its last words when it ended before. One that runs already is left as it is. `netns` is
 * the path of the network namespace to run in.
 */
export async function startDaemon(
  layout: Layout,
  name: DaemonName,
  args: readonly string[],
  netns?: string,
): Promise<void> {
  if (findDaemon(layout, name)) return;
  mkdirSync(layout.logs, { recursive: true });
  const log = openSync(logOf(layout, name), 'a', 0o640);
  let hasEnded = false;
  try {
    const main = join(import.meta.dirname, '..', 'main.ts');
    const env = { ...process.env, ...MEMORY[name], NODE_COMPILE_CACHE: compileCacheDir };
    const [program = '', ...rest] = [
      ...(netns ? ['nsenter', `--net=${netns}`, '--'] : []),
      process.execPath,
      ...NODE_FLAGS[name],
      main,
      ...args,
    ];
    const child = spawn(program, rest, { detached: true, stdio: ['ignore', log, log], cwd: '/', env });
    child.on('exit', () => {
      hasEnded = true;
    });
    child.on('error', () => {
      hasEnded = true;
    });
    child.unref();
  } finally {
    closeSync(log);
  }
  while (!findDaemon(layout, name)) {
    if (hasEnded) throw new UserError(`the ${name} ended at once: ${lastWords(layout, name)}`);
    await sleep(CLAIM_POLL_MS);
  }
}

/** The last line of a daemon's log: what one that ended had to say, and where to read on. */
export function lastWords(layout: Layout, name: DaemonName): string {
  const file = logOf(layout, name);
  const line = existsSync(file) ? (readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '') : '';
  return `${line.replace(/^navarch: /, '') || 'it said nothing'} (see ${file})`;
}

/** Asks it to end, waits, then makes it end. Resolves when it is gone; does nothing when there is none. */
export async function stopDaemon(layout: Layout, name: DaemonName, graceMs: number = STOP_GRACE_MS): Promise<void> {
  const daemon = findDaemon(layout, name);
  if (daemon) await endProcess(daemon, graceMs, new AbortController().signal);
  rmSync(fileOf(layout, name), { force: true });
}

/** A daemon that was started and had not yet said so when its `up` was killed: known by the folder it was given. */
export async function endUnclaimed(layout: Layout, names: readonly DaemonName[], signal: AbortSignal): Promise<void> {
  for (const pid of processIds()) {
    const words = commandLine(pid);
    const main = words.findIndex((word) => word.endsWith('/apps/navarch/src/main.ts'));
    const isDaemon = main >= 0 && names.some((name) => name === words[main + 1]);
    const isOurs = isDaemon && words.includes('--data-dir') && words[words.indexOf('--data-dir') + 1] === layout.dir;
    const identity = isOurs && pid !== process.pid ? identityOf(pid) : undefined;
    if (identity) await endProcess(identity, 5_000, signal);
  }
}
