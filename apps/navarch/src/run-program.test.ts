import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

test('`navarch kubectl` passes a request to end on, waits for kubectl, and ends as it does', async () => {
  const home = mkdtempSync(join(tmpdir(), 'navarch-kubectl-'));
  try {
    mkdirSync(join(home, 'navarch'), { recursive: true });
    mkdirSync(join(home, 'bin', 'kubectl'), { recursive: true });
    writeFileSync(join(home, 'navarch', 'admin.kubeconfig'), '');
    writeFileSync(
      join(home, 'bin', 'kubectl', 'kubectl'),
      '#!/bin/sh\ntrap "echo stopped; exit 7" TERM\necho $1 started\nwhile :; do sleep 0.05; done\n',
      { mode: 0o755 },
    );
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'kubectl', 'proxy'], {
      env: { ...process.env, NAVARCH_HOME: home },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = new Promise((resolve) => child.on('close', resolve));
    let said = '';
    for await (const chunk of child.stdout) {
      if (said === '') child.kill('SIGTERM');
      said += String(chunk);
    }
    assert.equal(said, 'proxy started\nstopped\n');
    assert.equal(await exited, 7);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
