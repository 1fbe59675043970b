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

/** Runs a command with compiled modules in that folder; how often the program began. */
async function begins(folder: string, command: string): Promise<number> {
  const args = [
    '--disable-warning=ExperimentalWarning',
    '--import',
    TELL,
    join(import.meta.dirname, 'main.ts'),
    command,
    '--help',
  ];
  const { stdout, stderr } = await run(process.execPath, args, {
    env: { ...process.env, NODE_COMPILE_CACHE: folder },
    timeout: 60_000,
  });
  assert.match(stdout, new RegExp(`^Usage: navarch ${command} `));
  return stderr.split('\n').filter((line) => line === 'begun').length;
}

test('shedCompiler(): a daemon that had to strip types begins anew without what strips them, and does so once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'navarch-compiled-'));
  try {
    assert.deepEqual([await begins(folder, 'agent'), await begins(folder, 'agent')], [2, 1]);
    assert.equal(await begins(folder, 'status'), 1, 'what ends soon has nothing to gain');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
