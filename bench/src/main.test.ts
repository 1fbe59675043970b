import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const bench = (...args: string[]) =>
  run(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'main.ts'), ...args]);

test('bench writes one JSON line a workload, a table for people, and results with their circumstances', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'navarch-bench-test-'));
  try {
    const { stdout, stderr } = await bench('store', '--quick', '--vs', 'peer', '--out', folder);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { workload: string; ours: { median: number }; ratio?: number });
    assert.equal(lines.length, 4);
    assert.ok(lines.every(({ ours }) => ours.median > 0) && (lines[0]?.ratio ?? 0) > 0);
    assert.match(stderr, /\| commits, 64 writers +\| commits\/s \|/);
    const report = JSON.parse(readFileSync(join(folder, 'store.json'), 'utf8')) as Record<string, unknown>;
    assert.deepEqual(Object.keys(report), [
      'name',
      'peer',
      'command',
      'date',
      'seconds',
      'machine',
      'versions',
      'outcomes',
    ]);
    assert.match(readFileSync(join(folder, 'store.md'), 'utf8'), /^# store: durable writes/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
