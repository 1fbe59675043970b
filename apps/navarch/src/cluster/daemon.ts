import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Layout } from './layout.ts';

/** A process of ours that goes on when the command that began it has ended. */
export interface Daemon {
  readonly name: string;
  readonly pid: number;
}

interface Record {
  readonly pid: number;
  /** Tells our process from a later one that got the same number. */
  readonly startTime: string;
}

const fileOf = (layout: Layout, name: string): string => join(layout.run, `${name}.json`);
export const logOf = (layout: Layout, name: string): string => join(layout.logs, `${name}.log`);

/** Starts this program again with other arguments, detached, writing into the component's log file. */
export function startDaemon(layout: Layout, name: string, args: readonly string[]): Daemon {
  mkdirSync(layout.run, { recursive: true });
  mkdirSync(layout.logs, { recursive: true });
  const log = openSync(logOf(layout, name), 'a', 0o640);
  try {
    const main = join(import.meta.dirname, '..', 'main.ts');
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
      detached: true, stdio: ['ignore', log, log], cwd: '/',
    });
    child.unref();
    const pid = child.pid;
    if (pid === undefined) throw new Error(`cannot start ${name}`);
    const record: Record = { pid, startTime: startTimeOf(pid) ?? '' };
    writeFileSync(fileOf(layout, name), JSON.stringify(record));
    return { name, pid };
  } finally {
    closeSync(log);
  }
}

/** The running daemon of that name, or undefined when there is none (a stale record does not count). */
export function findDaemon(layout: Layout, name: string): Daemon | undefined {
  const file = fileOf(layout, name);
  if (!existsSync(file)) return undefined;
  try {
    const record = JSON.parse(readFileSync(file, 'utf8')) as Record;
    return startTimeOf(record.pid) === record.startTime ? { name, pid: record.pid } : undefined;
  } catch {
    return undefined; // Half-written by a command that was interrupted.
  }
}

/** Asks it to end, waits, then makes it end. Resolves when it is gone; does nothing when there is none. */
export async function stopDaemon(layout: Layout, name: string, graceMs = 10_000): Promise<boolean> {
  const daemon = findDaemon(layout, name);
  if (daemon) {
    signal(daemon.pid, 'SIGTERM');
    for (let waited = 0; findDaemon(layout, name) && waited < graceMs; waited += 50) await sleep(50);
    if (findDaemon(layout, name)) signal(daemon.pid, 'SIGKILL');
    for (let waited = 0; findDaemon(layout, name) && waited < 2_000; waited += 50) await sleep(50);
  }
  rmSync(fileOf(layout, name), { force: true });
  return daemon !== undefined;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // Gone already is what we want.
  }
}

/** Clock ticks after boot at which the process began (/proc/PID/stat, field 22); where there is no /proc, 'alive'. */
function startTimeOf(pid: number): string | undefined {
  if (!existsSync('/proc/self/stat')) {
    try {
      process.kill(pid, 0);
      return 'alive';
    } catch {
      return undefined;
    }
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
