import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silent } from '@navarch/base';
import { type cri, POD_NAME, POD_NAMESPACE } from '@navarch/kubelet';
import { linkingLogs } from './log-folders.ts';

test('linkingLogs() keeps a link to the log of every container that was started and is not removed', async (context) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'nv-logs-'));
  context.after(() => rmSync(dataDir, { recursive: true }));
  const folder = join(dataDir, 'container-logs');
  const { signal } = new AbortController();
  let made = 0;
  const all = {
    listContainers: async () => ({ containers: [{ id: 'old1' }] }),
    createContainer: async () => ({ containerId: `id${(made += 1)}` }),
    startContainer: async () => ({}),
    removeContainer: async () => ({}),
  } as unknown as cri.ContainerRuntime;
  mkdirSync(folder);
  for (const id of ['old1', 'old2']) symlinkSync('/var/log/pods/x', join(folder, `p_n_c-${id}.log`));
  const runtime = await linkingLogs(all, { dataDir, log: silent }, signal);
  assert.deepEqual(readdirSync(folder), ['p_n_c-old1.log']);
  const create = (pod: string, logPath: string): Promise<unknown> =>
    runtime.createContainer(
      {
        podSandboxId: 's',
        sandboxConfig: { logDirectory: `${dataDir}/pod-logs/n_${pod}_uid` },
        config: { metadata: { name: 'c', attempt: 0 }, logPath, labels: { [POD_NAME]: pod, [POD_NAMESPACE]: 'n' } },
      },
      signal,
    );
  await create('web', 'c/0.log');
  assert.deepEqual(readdirSync(folder), ['p_n_c-old1.log']);
  await runtime.startContainer({ containerId: 'id1' }, signal);
  assert.equal(readlinkSync(join(folder, 'web_n_c-id1.log')), '/var/log/pods/n_web_uid/c/0.log');
  await create('w'.repeat(253), 'c/1.log');
  await runtime.startContainer({ containerId: 'id2' }, signal);
  assert.deepEqual(
    readdirSync(folder)
      .map((name) => name.length)
      .toSorted((a, b) => a - b),
    [14, 15, 255],
  );
  for (const containerId of ['old1', 'id1', 'id2', 'id3']) await runtime.removeContainer({ containerId }, signal);
  assert.deepEqual(readdirSync(folder), []);
});
