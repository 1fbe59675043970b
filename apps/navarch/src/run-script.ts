import { spawn } from 'node:child_process';

/** Options as commander gives them, as flags again. */
export const flagsOf = (options: Readonly<Record<string, string | true>>): readonly string[] =>
  Object.entries(options).map(([flag, value]) => (value === true ? `--${flag}` : `--${flag}=${value}`));

/**
 * Runs a script of this clone in a process of its own, on this terminal. Resolves to its exit code; rejects when it cannot
 * be started. An interrupt reaches both processes, a request to end is passed on: this one waits until the script has
 * stopped what it started and said what it found.
 */
export async function runScript(
  script: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    stdio: 'inherit',
    env,
  });
  const ignore = (): void => undefined;
  const pass = (): void => void child.kill('SIGTERM');
  process.on('SIGINT', ignore).on('SIGTERM', pass);
  try {
    return await new Promise<number>((resolve, reject) =>
      child.on('error', reject).on('close', (code) => resolve(code ?? 1)),
    );
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', pass);
  }
}
