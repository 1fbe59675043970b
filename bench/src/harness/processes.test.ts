import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Processes } from './processes.ts';

const { signal } = new AbortController();
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test('Processes stops everything it started, and nothing is left when it is disposed of', async () => {
  const pids: number[] = [];
  {
    await using processes = new Processes();
    for (let i = 0; i < 2; i++) pids.push(processes.start(process.execPath, ['-e', 'setInterval(() => {}, 1000)']).pid);
    assert.deepEqual(pids.map(isAlive), [true, true]);
  }
  assert.deepEqual(pids.map(isAlive), [false, false]);
});

test('Processes.run() gives what was written, or the last words of what failed', async () => {
  await using processes = new Processes();
  assert.equal(await processes.run(process.execPath, ['-e', 'process.stdout.write("yes")'], {}, signal), 'yes');
  await assert.rejects(
    processes.run(process.execPath, ['-e', 'console.error("no disk"); process.exit(3)'], {}, signal),
    /ended with 3: no disk/,
  );
  await assert.rejects(processes.run('/no/such/program', [], {}, signal), /ENOENT/);
});

test('Processes.run() ends with the signal', async () => {
  await using processes = new Processes();
  const stop = new AbortController();
  const running = processes.run(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {}, stop.signal);
  stop.abort(new Error('interrupted'));
  await assert.rejects(running, /interrupted/);
});
