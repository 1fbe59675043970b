import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Each begin of the program leaves a line, also of one that takes its own place. */
const TELL = "data:text/javascript,process.stderr.write('begun\\n')";

interface Begun {
  /** How often the program began. */
  readonly times: number;
  /** It let go of what it had read of compiled modules (as Node tells who asks for it). */
  readonly hasLetGo: boolean;
}

/** Runs a command with compiled modules in that folder. */
async function begins(folder: string, command: string): Promise<Begun> {
  const args = [
    '--disable-warning=ExperimentalWarning',
    '--import',
    TELL,
    join(import.meta.dirname, 'main.ts'),
    command,
    '--help',
  ];
  const { stdout, stderr } = await run(process.execPath, args, {
    env: { ...process.env, NODE_COMPILE_CACHE: folder, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' },
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.match(stdout, new RegExp(`^Usage: navarch ${command} `));
  const lines = stderr.split('\n');
  return {
    times: lines.filter((line) => line.endsWith('begun')).length,
    hasLetGo: lines.some((line) => line.includes('Clear deserialized cache')),
  };
}

test('shedCompiler(): a daemon that had to strip types begins anew without what strips them, and does so once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'navarch-compiled-'));
  try {
    assert.equal((await begins(folder, 'agent')).times, 2);
    assert.deepEqual(await begins(folder, 'agent'), { times: 1, hasLetGo: true });
    await begins(folder, 'status');
    assert.deepEqual(
      await begins(folder, 'status'),
      { times: 1, hasLetGo: false },
      'what ends soon has nothing to gain',
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
