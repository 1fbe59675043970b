import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Path of a network namespace to run in. Entered by nsenter: `ip netns exec` would hide the cgroup mounts. */
  readonly netns?: string;
  /** Sees standard output and error line by line while the command runs. */
  readonly onLine?: (line: string) => void;
}

/** A program said no. The message is the program's own last words. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number | undefined;
  readonly stderr: string;

  constructor(command: readonly string[], exitCode: number | undefined, stderr: string, options?: ErrorOptions) {
    const words = stderr.trim().split('\n').slice(-3).join('; ');
    super(`${command.slice(0, 3).join(' ')}: ${words || `exit code ${exitCode ?? 'none'}`}`, options);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** What nobody reads further: a program that writes more has its beginning kept. */
const OUTPUT_CHARS_MAX = 64 * 1024 * 1024;

/** Who is killed is waited for so long: one that the kernel holds, in a file system that does not answer, may live on. */
const KILL_MS = 2_000;

/** Runs a program to its end. Throws CommandError when it fails or is missing; kills it when the signal aborts. */
export function runCommand(
  command: readonly string[],
  options: CommandOptions,
  signal: AbortSignal,
): Promise<CommandResult> {
  signal.throwIfAborted();
  const whole = options.netns ? ['nsenter', `--net=${options.netns}`, '--', ...command] : command;
  const [program = '', ...args] = whole;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PATH: programPath(), LC_ALL: 'C', ...options.env },
      ...(options.cwd ? { cwd: options.cwd } : {}),
    });
    const stdout = collect(child.stdout, options.onLine);
    const stderr = collect(child.stderr, options.onLine);
    let killed: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      child.kill('SIGKILL');
      killed = setTimeout(() => {
        reject(signal.reason);
        for (const stream of [child.stdout, child.stderr]) stream.destroy();
        child.unref();
      }, KILL_MS);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    child.stdin.on('error', () => undefined); // It ended without reading: its exit code says whether that is wrong.
    child.stdin.end(options.input ?? '');
    child.on('error', (error) => {
      signal.removeEventListener('abort', onAbort);
      reject(new CommandError(whole, undefined, error.message, { cause: error }));
    });
    child.on('close', (code) => {
      clearTimeout(killed);
      signal.removeEventListener('abort', onAbort);
      if (signal.aborted) reject(signal.reason);
      else if (code === 0) resolve({ stdout: stdout(), stderr: stderr() });
      else reject(new CommandError(command, code ?? undefined, stderr() || stdout()));
    });
  });
}

/** The caller's PATH and, behind it, the folders of system programs, which an ordinary user's PATH leaves out. */
export function programPath(): string {
  const own = (process.env['PATH'] ?? '').split(':').filter(Boolean);
  const system = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return [...new Set([...own, ...system])].join(':');
}

function collect(stream: NodeJS.ReadableStream, onLine: ((line: string) => void) | undefined): () => string {
  let text = '';
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    if (text.length < OUTPUT_CHARS_MAX) text += chunk;
    if (!onLine) return;
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  return () => text;
}
