import { existsSync, readFileSync } from 'node:fs';

/** Names one process for good: numbers are used again, but never with the same start and boot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot at which it began (/proc/PID/stat, field 22). */
  readonly startTicks: string;
  readonly bootId: string;
}

/** Who has this number now; undefined when nobody has, or only a zombie. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  if (!existsSync('/proc/self/stat')) return withoutProc(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name may hold spaces and parentheses; fields are counted from the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const startTicks = fields[19];
    if (fields[0] === 'Z' || fields[0] === 'X' || startTicks === undefined) return undefined;
    return { pid, startTicks, bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() };
  } catch {
    return undefined;
  }
}

/** Other systems do not say when a process began: there a number stands for whoever has it. */
function withoutProc(pid: number): ProcessIdentity | undefined {
  try {
    process.kill(pid, 0);
    return { pid, startTicks: '', bootId: '' };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? { pid, startTicks: '', bootId: '' } : undefined;
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  const now = identityOf(identity.pid);
  return now !== undefined && now.startTicks === identity.startTicks && now.bootId === identity.bootId;
}

/** Sends a signal to exactly that process. Does nothing when it has gone. */
export function signalProcess(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // It ended meanwhile.
  }
}
