import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

test('mountingRuntime() shows what the node has below a folder that a pod mounts, where there is a folder to mount it on', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'nv-mounts-'));
  context.after(() => rmSync(dir, { recursive: true }));
  mkdirSync(join(dir, 'log'));
  mkdirSync(join(dir, 'lib/kubelet'), { recursive: true });
  const mounts = [
    { hostPath: '/node/pods', containerPath: join(dir, 'log/pods'), readOnly: false },
    { hostPath: '/node/kubelet', containerPath: join(dir, 'lib/kubelet'), readOnly: true },
    { hostPath: '/node/none', containerPath: join(dir, 'none/inner'), readOnly: false },
  ];
  const shown = async (hostPath: string, readonly: boolean): Promise<unknown> => {
    let seen: readonly { hostPath: string; containerPath: string; readonly: boolean }[] = [];
    const runtime = {
      createContainer: async (request: cri.CreateContainerRequest) => {
        seen = (request.config?.mounts ?? []) as never;
        return { containerId: 'c' };
      },
    } as unknown as cri.ContainerRuntime;
    const config = { mounts: [{ hostPath, containerPath: '/in/', readonly }] } as unknown as cri.ContainerConfig;
    await mountingRuntime(runtime, mounts).createContainer(
      { config } as cri.CreateContainerRequest,
      new AbortController().signal,
    );
    return seen.slice(1).map((mount) => `${mount.containerPath} ${mount.hostPath} ${mount.readonly}`);
  };
  assert.deepEqual(await shown(dir, false), ['/in/lib/kubelet /node/kubelet true']);
  assert.deepEqual(await shown(join(dir, 'log'), true), ['/in/pods /node/pods true']);
  assert.deepEqual(await shown(join(dir, 'lib'), false), ['/in/kubelet /node/kubelet true']);
  assert.deepEqual(await shown(join(dir, 'elsewhere'), false), []);
});
