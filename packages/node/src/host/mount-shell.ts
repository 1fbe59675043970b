import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { CommandError, programPath } from './command.ts';

interface Waiting {
  readonly command: readonly string[];
  resolve(): void;
  reject(error: Error): void;
}

/** What the shell prints after each command, with its exit code: no program prints this by itself. */
const END = '\u0001navarch-end ';

/**
 * A small shell that lives as long as this process and runs short commands for it, one after the other. A new process
 * begins as a copy of the one that starts it: from a node agent that takes milliseconds, from a shell it does not, and
 * a burst of pods mounts a volume each.
 */
class MountShell {
  #child: ChildProcessWithoutNullStreams | undefined;
  #waiting: Waiting[] = [];
  #output = '';

  run(command: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject });
      const shell = this.#shell();
      hold(shell, true);
      shell.stdin.write(`${command.map(quoted).join(' ')} 2>&1 </dev/null; printf '${END}%d\\n' "$?"\n`);
    });
  }

  #shell(): ChildProcessWithoutNullStreams {
    if (this.#child) return this.#child;
    const child = spawn('/bin/sh', [], { env: { ...process.env, PATH: programPath(), LC_ALL: 'C' } });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#read(text));
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
      if (this.#waiting.length === 0 && this.#child) hold(this.#child, false);
      if (code === 0) done?.resolve();
      else done?.reject(new CommandError(done.command, code, said));
    }
  }

  #ended(child: ChildProcessWithoutNullStreams, error: Error): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#output = '';
    for (const { command, reject } of this.#waiting.splice(0))
      reject(new CommandError(command, undefined, error.message, { cause: error }));
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
