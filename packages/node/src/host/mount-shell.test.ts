import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { CommandError } from './command.ts';
import { MountShell, runShort } from './mount-shell.ts';

test('runShort() runs each command, in order, whatever is in its words', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'navarch-shell-'));
  try {
    const names = ["it's", 'a b', '$HOME', '`x`', 'new\nline', '"', '*'];
    await Promise.all(names.map((name) => runShort(['touch', join(folder, name)])));
    assert.deepEqual(readdirSync(folder).sort(), names.toSorted());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('runShort() throws the words of the command that failed, and of no other', async () => {
  const results = await Promise.allSettled([
    runShort(['true']),
    runShort(['ls', '/no/such/place']),
    runShort(['true']),
    runShort(['sh', '-c', 'echo said; exit 7']),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'rejected'],
  );
  const [, first, , last] = results as PromiseRejectedResult[];
  assert.ok(
    first?.reason instanceof CommandError && /No such file or directory/.test(first.reason.message),
    String(first?.reason),
  );
  assert.ok(last?.reason instanceof CommandError && last.reason.exitCode === 7 && /said/.test(last.reason.message));
});

test('runShort() keeps its process alive while it waits, and not afterwards', async () => {
  const module = new URL('./mount-shell.ts', import.meta.url).href;
  const script = `const { runShort } = await import(${JSON.stringify(module)}); await runShort(['sleep', '0.2']); await runShort(['true']); console.log('done');`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', script],
    { timeout: 10_000 },
  );
  assert.equal(stdout, 'done\n');
});

test('MountShell gives up a command that does not end, with what it runs, and does those behind it', async () => {
  const shell = new MountShell(300);
  const folder = mkdtempSync(join(tmpdir(), 'navarch-shell-'));
  try {
    const alive = join(folder, 'alive');
    const results = await Promise.allSettled([
      shell.run(['true']),
      shell.run(['sh', '-c', `sleep 1; touch ${alive}`]),
      shell.run(['touch', join(folder, 'next')]),
      shell.run(['ls', '/no/such/place']),
    ]);
    assert.deepEqual(
      results.map((result) => (result.status === 'rejected' ? (result.reason as Error).message : 'done')),
      [
        'done',
        `sh -c sleep 1; touch ${alive}: gave no answer within 0.3 s`,
        'done',
        "ls /no/such/place: ls: cannot access '/no/such/place': No such file or directory",
      ],
    );
    await promisify(setTimeout)(1_200);
    assert.deepEqual(readdirSync(folder), ['next']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
