import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { cri } from '@navarch/kubelet';
import { mountingRuntime } from './node-mounts.ts';

const mounts = [
  { hostPath: '/home/me/files', containerPath: '/data', readOnly: false },
  { hostPath: '/home/me/secret', containerPath: '/data/inner', readOnly: true },
];

/** What the runtime is told to mount when a pod of the node asks for a path. */
async function asked(hostPath: string): Promise<unknown> {
  let seen: unknown;
  const runtime = {
    createContainer: async (request: cri.CreateContainerRequest) => {
      seen = request.config?.mounts;
      return { containerId: 'c' };
    },
  } as unknown as cri.ContainerRuntime;
  const config = { mounts: [{ hostPath, containerPath: '/in', readonly: false }] } as unknown as cri.ContainerConfig;
  await mountingRuntime(runtime, mounts).createContainer(
    { config } as cri.CreateContainerRequest,
    new AbortController().signal,
  );
  return (seen as readonly { readonly hostPath: string; readonly readonly: boolean }[]).map((mount) => [
    mount.hostPath,
    mount.readonly,
  ])[0];
}

test('mountingRuntime() shows pods what the node has at a path, the deepest mount first', async () => {
  assert.deepEqual(await asked('/data'), ['/home/me/files', false]);
  assert.deepEqual(await asked('/data/a/b'), ['/home/me/files/a/b', false]);
  assert.deepEqual(await asked('/data/inner/a'), ['/home/me/secret/a', true]);
  assert.deepEqual(await asked('/database'), ['/database', false]);
  assert.deepEqual(await asked('/'), ['/', false]);
});
