import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '@navarch/base';
import { silent } from '@navarch/base';
import { NodeResources } from '../node-resources/node-resources.ts';
import { resourceSettings } from '../node-resources/settings.ts';
import { guaranteedPod, machineOf } from '../testing/machines.ts';
import { memoryFiles } from '../volumes/testing/memory-files.ts';
import { podResourcesView } from './pod-resources.ts';

const { signal } = new AbortController();
const GI = 2 ** 30;

async function nodeOf(): Promise<NodeResources> {
  const files = memoryFiles();
  await files.makeDir('/kubelet');
  return new NodeResources({
    files,
    root: '/kubelet',
    clock: {} as Clock,
    log: silent,
    topology: machineOf(1, 2, 4 * GI),
    settings: resourceSettings({
      cpuManagerPolicy: 'static',
      reservedSystemCPUs: '0',
      memoryManagerPolicy: 'Static',
      systemReserved: { memory: '1Gi' },
      reservedMemory: [{ numaNode: 0, limits: { memory: '1Gi' } }],
    }),
  });
}

test('agents are told which container has which processors and memory, and what there is to have', async () => {
  const resources = await nodeOf();
  const pod = guaranteedPod('p', [
    { name: 'i', role: 'init', wants: { cpu: '1' } },
    { name: 'c', wants: { cpu: '2', memory: '2Gi' } },
  ]);
  assert.equal(await resources.admit(pod, signal), undefined);
  const view = podResourcesView({ resources, pods: () => [pod] });
  const nodes = [{ id: 0 }];
  const container = {
    name: 'c',
    devices: [],
    cpuIds: [1, 3],
    memory: [{ memoryType: 'memory', size: 2 * GI, topology: { nodes } }],
    dynamicResources: [],
  };
  assert.deepEqual(view.list(), [{ name: 'p', namespace: 'default', containers: [container], cpuIds: [], memory: [] }]);
  assert.deepEqual(view.get('default', 'p'), view.list()[0]);
  assert.throws(() => view.get('default', 'q'), { message: 'pod q in namespace default not found' });
  assert.deepEqual(view.allocatable(), {
    devices: [],
    cpuIds: [1, 2, 3],
    memory: [{ memoryType: 'memory', size: 3 * GI, topology: { nodes } }],
  });
});

test('a pod that is turned away has nothing, and one that ends gives back what it had', async () => {
  const resources = await nodeOf();
  const wants = (cpu: string): Parameters<typeof guaranteedPod>[1] => [{ name: 'c', wants: { cpu } }];
  assert.equal(await resources.admit(guaranteedPod('p', wants('3')), signal), undefined);
  assert.deepEqual(await resources.admit(guaranteedPod('q', wants('1')), signal), {
    reason: 'UnexpectedAdmissionError',
    message:
      'Allocate failed due to not enough cpus available to satisfy request: requested=1, available=0, which is unexpected',
  });
  assert.deepEqual([resources.has('p'), resources.has('q')], [true, false]);
  await resources.release('p');
  assert.equal(await resources.admit(guaranteedPod('q', wants('1')), signal), undefined);
});
