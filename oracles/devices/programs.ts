import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

interface Said {
  readonly what: string;
  readonly details: unknown;
}

/** A Go program of this folder while it runs; it ends when it is disposed of. */
export interface Running extends AsyncDisposable {
  /** `what details`, in order. */
  readonly said: readonly string[];
  /** Waits until something was said. Throws what was said instead. */
  hears(start: string): Promise<void>;
}

const PATIENCE_MS = 60_000;

export function running(program: string, ...args: readonly string[]): Running {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const said: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { what, details } = JSON.parse(line) as Said;
    said.push(`${what} ${typeof details === 'string' ? details : JSON.stringify(details)}`);
  });
  const ended = new Promise<void>((resolve) => void child.on('close', () => resolve()));
  return {
    said,
    async hears(start) {
      await until(
        `${args[0]} says ${start}`,
        async () => said.some((line) => line.startsWith(start)),
        () => said.join('\n'),
      );
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}

export async function until(
  what: string,
  isSo: () => Promise<boolean>,
  explain: () => string | Promise<string> = () => '',
): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await isSo()); await sleep(50))
    if (Date.now() > end) throw new Error(`${what}: that did not come about\n${await explain()}`);
}
