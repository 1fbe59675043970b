import { spawn } from 'node:child_process';

/** Options as commander gives them, as flags again. */
export const flagsOf = (options: Readonly<Record<string, string | true>>): readonly string[] =>
  Object.entries(options).map(([flag, value]) => (value === true ? `--${flag}` : `--${flag}=${value}`));

/** Runs a script of this clone, as runProgram() does. */
export const runScript = (script: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<number> =>
  runProgram(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], env);

/**
 * Runs a program in a process of its own, on this terminal. Resolves to its exit code; rejects when it cannot be started.
 * An interrupt of the terminal reaches both processes, a request to end is passed on: this one waits until the program has
 * stopped what it started and said what it found.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit', env });
  const ignore = (): void => undefined;
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', ignore).on('SIGTERM', pass).on('SIGHUP', pass);
  try {
    return await new Promise<number>((resolve, reject) =>
      child.on('error', reject).on('close', (code) => resolve(code ?? 1)),
    );
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', pass).off('SIGHUP', pass);
  }
}
