import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { silent } from '@navarch/base';
import { eventually } from '../testing/index.ts';
import { identityOf, type ProcessIdentity } from '../host/process-identity.ts';
import { KeptContainerd } from './keep.ts';
import { containerdLayout } from './layout.ts';
import type { Containerd } from './start.ts';

const layout = containerdLayout('/nowhere');
/** Stands for a containerd: a process that does nothing. */
const begin = async (): Promise<Containerd & Disposable> => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  return {
    layout,
    socketPath: layout.socket,
    process: identityOf(child.pid ?? 0) as ProcessIdentity,
    wasRunning: false,
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
};

test('KeptContainerd starts what was killed again, though the first attempt fails', async () => {
  const stop = new AbortController();
  using first = await begin();
  using second = await begin();
  const answers = [Promise.reject(new Error('not yet')), Promise.resolve(second)];
  answers[0]?.catch(() => undefined);
  let asked = 0;
  const start = (): Promise<Containerd> => answers[asked++] ?? assert.fail('asked too often');
  const kept = new KeptContainerd(first, { start, log: silent, everyMs: 5, retryMs: 5 });
  const running = kept.run(stop.signal);
  assert.deepEqual([kept.pid, asked], [first.process.pid, 0]);
  process.kill(first.process.pid, 'SIGKILL');
  await eventually('the second', () => kept.pid === second.process.pid, { timeoutMs: 5_000, everyMs: 5 });
  stop.abort();
  await running;
  assert.equal(asked, 2);
});
