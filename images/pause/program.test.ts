import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { thisArchitecture } from '../recipe.ts';
import { pauseProgram } from './program.ts';

test(
  'pauseProgram() waits through other signals and ends with 0 at SIGTERM and SIGINT',
  { timeout: 10_000 },
  async () => {
    for (const last of ['SIGTERM', 'SIGINT'] as const) assert.deepEqual(await endOf(last), { code: 0, signal: null });
  },
);

test('pauseProgram() is an executable of the architecture asked for', () => {
  const machines = (['amd64', 'arm64'] as const).map((name) => pauseProgram(name).readUInt16LE(18));
  assert.deepEqual(machines, [62, 183]);
});

test('pauseProgram() for arm64 jumps back to where its wait begins', () => {
  const program = pauseProgram('arm64');
  const instructions = Array.from({ length: (program.length - 176 - 40) >> 2 }, (_, i) =>
    program.readUInt32LE(176 + 4 * i),
  );
  const jump = instructions.findIndex((word) => word >>> 24 === 0x37);
  const offset = ((instructions[jump] ?? 0) << 13) >> 18; // imm14, signed
  // `movz x0, #low` after the `svc` of the call before.
  assert.equal(instructions[jump + offset - 1], 0xd400_0001);
  assert.equal((instructions[jump + offset] ?? 0) & 0xffe0_001f, 0xd280_0000 | 0);
});

async function endOf(last: NodeJS.Signals): Promise<{ readonly code: number | null; readonly signal: string | null }> {
  const folder = mkdtempSync(join(tmpdir(), 'pause-'));
  try {
    const path = join(folder, 'pause');
    writeFileSync(path, pauseProgram(thisArchitecture()), { mode: 0o755 });
    const child = spawn(path, { stdio: 'ignore' });
    const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.on('exit', (code, signal) => resolve({ code, signal }));
    });
    // SIGCHLD is ignored last: what follows is the wait.
    while (!/^SigIgn:\s+0*10000$/m.test(readFileSync(`/proc/${child.pid}/status`, 'utf8'))) await sleep(5);
    for (const other of ['SIGCHLD', 'SIGSTOP', 'SIGCONT'] as const) child.kill(other);
    await sleep(20);
    assert.equal(child.exitCode, null);
    child.kill(last);
    return await ended;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
