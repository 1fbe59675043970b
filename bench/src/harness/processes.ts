import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

const GRACE_MS = 10_000;

export interface SpawnOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** File that gets what the process says; absent: nobody hears it. */
  readonly log?: string;
}

/** A command that ended with something else than 0, and its last words. */
class CommandFailedError extends Error {
  override readonly name = 'CommandFailedError';
}

/**
 * Everything a benchmark starts. Each process is known by its id, and stopped by it when the benchmark ends, fails or is
 * interrupted: newest first, first asked to end, then made to.
 */
export class Processes implements AsyncDisposable {
  readonly #running: ChildProcess[] = [];

  /** Starts a process that goes on until it is stopped. */
  start(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess & { readonly pid: number } {
    const log = options.log ? openSync(options.log, 'a') : undefined;
    const stdio: StdioOptions = ['ignore', log ?? 'ignore', log ?? 'ignore'];
    try {
      const child = this.#spawn(command, args, options, stdio);
      if (child.pid === undefined) throw new Error(`Cannot start ${command}: is it installed?`);
      return child as ChildProcess & { readonly pid: number };
    } finally {
      if (log !== undefined) closeSync(log);
    }
  }

  /** The same, of one that tells on stdout how far it is. */
  startSpeaking(command: string, args: readonly string[]): { readonly stdout: Readable } {
    const { stdout } = this.#spawn(command, args, {}, ['ignore', 'pipe', 'inherit']);
    if (!stdout) throw new Error(`Nobody hears ${command}`);
    return { stdout };
  }

  /** Runs a command to its end and resolves to what it wrote on stdout. Rejects with its last words if it fails. */
  async run(command: string, args: readonly string[], options: SpawnOptions, signal: AbortSignal): Promise<string> {
    const child = this.#spawn(command, args, options, ['ignore', 'pipe', 'pipe']);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    const onAbort = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const code = await new Promise<number | null>((resolve, reject) =>
        child.once('error', reject).once('close', resolve),
      );
      signal.throwIfAborted();
      const said = Buffer.concat(err).toString().trim().split('\n').slice(-3).join(' / ');
      if (code !== 0) throw new CommandFailedError(`${command} ${args.join(' ')} ended with ${code}: ${said}`);
      return Buffer.concat(out).toString();
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async stop(child: ChildProcess): Promise<void> {
    if (hasEnded(child)) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    const late = new AbortController();
    await Promise.race([ended, sleep(GRACE_MS, undefined, { signal: late.signal }).catch(() => undefined)]);
    late.abort();
    if (!hasEnded(child)) child.kill('SIGKILL');
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running.splice(0).reverse()) await this.stop(child);
  }

  #spawn(command: string, args: readonly string[], { cwd, env }: SpawnOptions, stdio: StdioOptions): ChildProcess {
    const child = spawn(command, args, { stdio, ...(cwd ? { cwd } : {}), env: { ...process.env, ...env } });
    child.on('error', () => undefined); // Told by its missing id, or by run().
    this.#running.push(child);
    child.once('close', () => {
      const at = this.#running.indexOf(child);
      if (at >= 0) this.#running.splice(at, 1);
    });
    return child;
  }
}

const hasEnded = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null || child.pid === undefined;

/** Resident memory of a process in MiB, and its part of memory shared with others counted in shares (Linux). */
export function memoryOf(pid: number): { readonly residentMiB: number; readonly proportionalMiB: number } {
  const kiB = (file: string, field: string): number => {
    const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'));
    return Number(match?.[1] ?? 0);
  };
  return { residentMiB: kiB('status', 'VmRSS') / 1024, proportionalMiB: kiB('smaps_rollup', 'Pss') / 1024 };
}

const TICKS_PER_SECOND = 100;

/** CPU seconds a process has used so far (Linux). */
export function cpuSecondsOf(pid: number): number {
  const [user, system] = statOf(pid);
  return ((user ?? 0) + (system ?? 0)) / TICKS_PER_SECOND;
}

/** CPU seconds of this process's children, those that have ended and those that run (Linux), in steps of a hundredth. */
export function cpuSecondsOfChildren(): number {
  const [, , user, system] = statOf(process.pid);
  const running = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  const ended = ((user ?? 0) + (system ?? 0)) / TICKS_PER_SECOND;
  return running.reduce((sum, pid) => sum + cpuSecondsOf(Number(pid)), ended);
}

/** utime, stime, cutime and cstime of proc(5), in ticks. */
function statOf(pid: number): readonly number[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).map(Number);
}
