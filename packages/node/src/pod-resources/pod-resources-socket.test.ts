import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PodResourcesView } from '@navarch/kubelet';
import { GrpcChannel } from '../grpc/index.ts';
import { protocol as v1alpha1 } from '../pod-resources-v1alpha1/generated/description.ts';
import { protocol as v1 } from './generated/description.ts';
import { nodePodResourcesSocket } from './pod-resources-socket.ts';

const container = {
  name: 'c',
  devices: [{ resourceName: 'example.com/gpu', deviceIds: ['a'] }],
  cpuIds: [1, 3],
  memory: [],
  dynamicResources: [],
};
const view = {
  list: () => [{ name: 'web', namespace: 'ns', containers: [container], cpuIds: [], memory: [] }],
} as unknown as PodResourcesView;

test('agents are told of devices in the version that they ask in', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'navarch-pod-resources-'));
  try {
    const path = join(dir, 'kubelet.sock');
    await using _ = await nodePodResourcesSocket.listen(path, view);
    const { signal } = new AbortController();
    using older = new GrpcChannel(path, v1alpha1);
    using newer = new GrpcChannel(path, v1);
    const { devices } = container;
    assert.deepEqual(await older.call('list', {}, 5000, signal), {
      podResources: [{ name: 'web', namespace: 'ns', containers: [{ name: 'c', devices }] }],
    });
    const { podResources } = (await newer.call('list', {}, 5000, signal)) as unknown as {
      podResources: ReturnType<PodResourcesView['list']>;
    };
    assert.deepEqual(podResources[0]?.containers[0]?.cpuIds, [1, 3]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
