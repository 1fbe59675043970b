import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

/** Each begin of the program leaves a line, also of one that takes its own place. */
const TELL = "data:text/javascript,process.stderr.write('begun\\n')";

interface Begun {
  /** How often the program began. */
  readonly times: number;
  /** How often it let go of what it had read of compiled modules (as Node tells who asks for it): once is at its end. */
  readonly letGo: number;
}

/** Runs a command with compiled modules, and what it prints, in that folder. */
async function begins(folder: string, command: string): Promise<Begun> {
  const args = [
    '--disable-warning=ExperimentalWarning',
    '--import',
    TELL,
    join(import.meta.dirname, 'main.ts'),
    command,
    '--help',
  ];
  // Into files: what Node tells is a megabyte, and of a pipe that is full it loses lines.
  const [printed, told] = [join(folder, 'stdout'), join(folder, 'stderr')];
  const [stdout, stderr] = [openSync(printed, 'w'), openSync(told, 'w')];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'cache'), NODE_DEBUG_NATIVE: 'COMPILE_CACHE' },
    stdio: ['ignore', stdout, stderr],
    timeout: 60_000,
  });
  closeSync(stdout);
  closeSync(stderr);
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.match(readFileSync(printed, 'utf8'), new RegExp(`^Usage: navarch ${command} `));
  const lines = readFileSync(told, 'utf8').split('\n');
  return {
    times: lines.filter((line) => line.endsWith('begun')).length,
    letGo: lines.filter((line) => line.includes('Clear deserialized cache')).length,
  };
}

test('shedCompiler(): a daemon that had to strip types begins anew without what strips them, and does so once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'navarch-compiled-'));
  try {
    assert.equal((await begins(folder, 'agent')).times, 2);
    assert.deepEqual(await begins(folder, 'agent'), { times: 1, letGo: 2 });
    await begins(folder, 'status');
    assert.deepEqual(await begins(folder, 'status'), { times: 1, letGo: 1 }, 'what ends soon has nothing to gain');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
