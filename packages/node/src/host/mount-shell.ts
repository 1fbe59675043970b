import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { CommandError, programPath } from './command.ts';

interface Waiting {
  readonly command: readonly string[];
  resolve(): void;
  reject(error: Error): void;
}

/** A command that takes longer waits for somebody who may never answer: all others wait behind it. */
const COMMAND_MS_MAX = 30_000;

/** What the shell prints after each command, with its exit code: no program prints this by itself. */
const END = '\u0001navarch-end ';

/**
 * A small shell that lives as long as this process and runs short commands for it, one after the other. A new process
 * begins as a copy of the one that starts it: from a node agent that takes milliseconds, from a shell it does not, and
 * a burst of pods mounts a volume each.
 */
export class MountShell {
  readonly #commandMsMax: number;
  #child: ChildProcessWithoutNullStreams | undefined;
  #waiting: Waiting[] = [];
  #output = '';
  /** For the command that is being run; it keeps no process alive. */
  #timer: NodeJS.Timeout | undefined;

  constructor(commandMsMax: number = COMMAND_MS_MAX) {
    this.#commandMsMax = commandMsMax;
  }

  run(command: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject });
      this.#give(command);
    });
  }

  #give(command: readonly string[]): void {
    const shell = this.#shell();
    hold(shell, true);
    this.#timer ??= this.#limit();
    shell.stdin.write(`${command.map(quoted).join(' ')} 2>&1 </dev/null; printf '${END}%d\\n' "$?"\n`);
  }

  #limit(): NodeJS.Timeout {
    return setTimeout(() => this.#giveUp(), this.#commandMsMax).unref();
  }

  /** The first command does not end: the shell goes with it, and another one runs the rest. */
  #giveUp(): void {
    const [stuck, ...rest] = this.#waiting;
    const child = this.#child;
    this.#timer = undefined;
    if (!stuck || !child) return;
    this.#child = undefined;
    this.#output = '';
    this.#waiting = rest;
    hold(child, false);
    killGroup(child.pid);
    stuck.reject(new CommandError(stuck.command, undefined, `gave no answer within ${this.#commandMsMax / 1000} s`));
    for (const { command } of rest) this.#give(command);
  }

  #shell(): ChildProcessWithoutNullStreams {
    if (this.#child) return this.#child;
    const child = spawn('/bin/sh', [], {
      env: { ...process.env, PATH: programPath(), LC_ALL: 'C' },
      // A group of its own: what it runs ends with it.
      detached: true,
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (this.#child === child) this.#read(text);
    });
    child.stdin.on('error', () => undefined); // It has ended: those who wait are told below.
    child.on('error', (error) => this.#ended(child, error));
    child.on('close', () => this.#ended(child, new Error('the shell has ended')));
    return child;
  }

  #read(text: string): void {
    this.#output += text;
    for (let at = this.#output.indexOf(END); at >= 0; at = this.#output.indexOf(END)) {
      const line = this.#output.indexOf('\n', at);
      if (line < 0) return;
      const [said, code] = [this.#output.slice(0, at), Number(this.#output.slice(at + END.length, line))];
      this.#output = this.#output.slice(line + 1);
      const done = this.#waiting.shift();
      clearTimeout(this.#timer);
      this.#timer = this.#waiting.length > 0 ? this.#limit() : undefined;
      if (this.#waiting.length === 0 && this.#child) hold(this.#child, false);
      if (code === 0) done?.resolve();
      else done?.reject(new CommandError(done.command, code, said));
    }
  }

  #ended(child: ChildProcessWithoutNullStreams, error: Error): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#output = '';
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { command, reject } of this.#waiting.splice(0))
      reject(new CommandError(command, undefined, error.message, { cause: error }));
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The shell ends with its input: it keeps this process alive only while somebody waits for a command. */
function hold(child: ChildProcessWithoutNullStreams, isNeeded: boolean): void {
  for (const part of [child, child.stdin, child.stdout, child.stderr] as readonly { ref(): void; unref(): void }[]) {
    if (isNeeded) part.ref();
    else part.unref();
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const shell = new MountShell();

/** Runs a short command to its end, whoever asked for it may have gone meanwhile. Throws CommandError with its words. */
export const runShort = (command: readonly string[]): Promise<void> => shell.run(command);
