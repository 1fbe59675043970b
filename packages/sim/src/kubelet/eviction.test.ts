import assert from 'node:assert/strict';
import { test } from 'node:test';
import { node, pod } from '@navarch/api';
import {
  evictionSettings,
  type EvictionTexts,
  type ObservedNode,
  type ObservedPod,
  POD_NAME,
  POD_UID,
} from '@navarch/kubelet';
import { quantityValue } from '@navarch/machinery';
import { KubeletWorld, NODE } from '../testing/kubelet-world.ts';

const MEMORY = 1000;

/** A machine whose pods, of one container each, use what the test says, and that has what they leave; with this much disk. */
class Pressed {
  readonly usage: Record<string, { memory?: number; disk?: number }> = {};
  diskLeft = (): number => 500;
  #world: KubeletWorld | undefined;

  async start(texts: EvictionTexts): Promise<KubeletWorld> {
    const gauge = async (): Promise<ObservedNode> => this.#observe();
    const eviction = { settings: evictionSettings(texts), gauges: { look: gauge, observe: gauge } };
    this.#world = await KubeletWorld.start({ eviction });
    return this.#world;
  }

  #observe(): ObservedNode {
    const at = 0;
    const running = this.#world?.machine.runtime.running() ?? [];
    const pods = running.map(({ labels, name }): ObservedPod => {
      const [uid, podName] = [labels[POD_UID] ?? '', labels[POD_NAME] ?? ''];
      const { memory = 0, disk = 0 } = this.usage[podName] ?? {};
      const usage = { at, workingSetBytes: memory };
      const container = { name, usage, rootfs: { at, usedBytes: disk }, logs: { at, usedBytes: 0 } };
      return { uid, name: podName, usage, containers: [container], volumes: [] } as unknown as ObservedPod;
    });
    const used = pods.reduce((sum, { usage }) => sum + (usage?.workingSetBytes ?? 0), 0);
    const disk = { at, availableBytes: this.diskLeft(), capacityBytes: 1000 };
    return { memoryBytes: MEMORY, usage: { at, workingSetBytes: used }, disk, pods } as unknown as ObservedNode;
  }
}

const asking = (memory: string): object => ({
  containers: [{ name: 'c', image: 'app', resources: { requests: { memory } } }],
});
const conditionOf = async (world: KubeletWorld, type: string): Promise<string> => {
  const found = (await world.api.of(node).get(NODE)).status.conditions?.find((c) => c.type === type);
  return `${found?.status} ${found?.reason}: ${found?.message}`;
};

test("kubelet: a node short of memory evicts who exceeds its request most, in upstream's words, and takes no more BestEffort pods", async () => {
  const machine = new Pressed();
  await using world = await machine.start({
    evictionHard: { 'memory.available': '100' },
    evictionPressureTransitionPeriod: '1m',
  });
  await world.run('modest', asking('600'));
  await world.run('greedy', asking('100'));
  await world.run('critical', { priorityClassName: 'system-node-critical' }, { namespace: 'default' });
  await world.advance(3000);
  Object.assign(machine.usage, { modest: { memory: 500 }, greedy: { memory: 350 }, critical: { memory: 100 } });
  await world.advance(15_000);
  const gone = await world.pod('greedy');
  const message =
    'The node was low on resource: memory. Threshold quantity: 100, available: 50. Container c was using 350, request is 100, has larger consumption of memory. ';
  assert.deepEqual([gone?.status.phase, gone?.status.reason, gone?.status.message], ['Failed', 'Evicted', message]);
  const disruption = gone?.status.conditions?.find((c) => c.type === 'DisruptionTarget');
  assert.deepEqual(
    [disruption?.status, disruption?.reason, disruption?.message],
    ['True', 'TerminationByKubelet', message],
  );
  assert.ok((await world.events('greedy')).includes(`Evicted: ${message}`));
  assert.ok((await world.events(NODE)).includes('EvictionThresholdMet: Attempting to reclaim memory'));
  assert.deepEqual(
    [(await world.pod('modest'))?.status.phase, (await world.pod('critical'))?.status.phase],
    ['Running', 'Running'],
  );
  await world.advance(10_000);
  assert.equal(
    await conditionOf(world, 'MemoryPressure'),
    'True KubeletHasInsufficientMemory: kubelet has insufficient memory available',
  );
  await world.run('late');
  await world.run('sized', asking('1'));
  await world.advance(3000);
  const [late, sized] = [await world.pod('late'), await world.pod('sized')];
  assert.deepEqual(
    [late?.status.phase, late?.status.reason, late?.status.message, sized?.status.phase],
    ['Failed', 'Evicted', 'Pod was rejected: The node had condition: [MemoryPressure]. ', 'Running'],
  );
  await world.advance(80_000);
  assert.equal(
    await conditionOf(world, 'MemoryPressure'),
    'False KubeletHasSufficientMemory: kubelet has sufficient memory available',
  );
});

test('kubelet: one pod is evicted at a time, and only as many as the node needs', async () => {
  const machine = new Pressed();
  await using world = await machine.start({ evictionHard: { 'memory.available': '100' } });
  for (const name of ['a', 'b', 'c']) await world.run(name);
  await world.advance(3000);
  Object.assign(machine.usage, { a: { memory: 310 }, b: { memory: 300 }, c: { memory: 320 } });
  await world.advance(60_000);
  const phases = [];
  for (const name of ['a', 'b', 'c']) phases.push((await world.pod(name))?.status.phase);
  assert.deepEqual(phases, ['Running', 'Running', 'Failed']);
});

test('kubelet: a soft threshold waits for its grace, and gives the pod some to end', async () => {
  const machine = new Pressed();
  await using world = await machine.start({
    evictionHard: {},
    evictionSoft: { 'memory.available': '50%' },
    evictionSoftGracePeriod: { 'memory.available': '1m' },
    evictionMaxPodGracePeriod: 7,
  });
  await world.run('web');
  await world.advance(3000);
  machine.usage['web'] = { memory: 600 };
  await world.advance(55_000);
  assert.equal((await world.pod('web'))?.status.phase, 'Running');
  assert.match(await conditionOf(world, 'MemoryPressure'), /^True/);
  await world.advance(30_000);
  assert.equal((await world.pod('web'))?.status.reason, 'Evicted');
});

test('kubelet: a node short of disk gives back images and dead containers first, and evicts no one if that is enough', async () => {
  const machine = new Pressed();
  await using world = await machine.start({ evictionHard: { 'nodefs.available': '10%' } });
  await world.run('done', { restartPolicy: 'Never', activeDeadlineSeconds: 1 });
  await world.run('web');
  await world.advance(200_000);
  const { containers } = world.machine.runtime;
  assert.equal(containers.size, 2);
  machine.diskLeft = () => (containers.size > 1 ? 50 : 500);
  await world.advance(15_000);
  assert.equal((await world.pod('web'))?.status.phase, 'Running');
  assert.equal(containers.size, 1);
  const done = (await world.pod('done'))?.status;
  assert.deepEqual(
    [done?.phase, done?.reason, done?.containerStatuses?.[0]?.state.terminated !== undefined],
    ['Failed', 'DeadlineExceeded', true],
  );
});

test('kubelet: a container that writes more than its limit goes, whatever the node has left', async () => {
  const machine = new Pressed();
  await using world = await machine.start({ evictionHard: {} });
  await world.run('web', {
    containers: [{ name: 'c', image: 'app', resources: { limits: { 'ephemeral-storage': '1Ki' } } }],
  });
  await world.advance(3000);
  machine.usage['web'] = { disk: 1000 };
  await world.advance(15_000);
  assert.equal((await world.pod('web'))?.status.phase, 'Running');
  machine.usage['web'] = { disk: 1100 };
  await world.advance(15_000);
  const { status } = (await world.pod('web')) ?? {};
  assert.deepEqual(
    [status?.reason, status?.message],
    ['Evicted', 'Pod ephemeral local storage usage exceeds the total limit of containers 1Ki. '],
  );
  assert.equal(
    status?.conditions?.some((c) => c.type === 'DisruptionTarget'),
    false,
  );
});

test('kubelet: an evicted pod goes when it is deleted, and stays failed over a crash', async () => {
  const machine = new Pressed();
  await using world = await machine.start({ evictionHard: { 'memory.available': '100' } });
  await world.run('web');
  await world.advance(3000);
  machine.usage['web'] = { memory: 950 };
  await world.advance(15_000);
  world.machine.crash();
  world.machine.start();
  await world.advance(10_000);
  assert.deepEqual([(await world.pod('web'))?.status.reason, world.machine.runtime.running().length], ['Evicted', 0]);
  await world.api.of(pod).delete('default/web');
  await world.advance(3000);
  assert.equal(await world.pod('web'), undefined);
});

test('kubelet: a pod without limits is told what its node has to give, less what must be left of it', async () => {
  const machine = new Pressed();
  await using world = await machine.start({ evictionHard: { 'memory.available': '100' } });
  const memory = { containerName: 'c', resource: 'limits.memory' };
  await world.run('web', {
    containers: [{ name: 'c', image: 'app' }],
    volumes: [{ name: 'v', downwardAPI: { items: [{ path: 'memory', resourceFieldRef: memory }] } }],
  });
  await world.advance(3000);
  const uid = (await world.pod('web'))?.metadata.uid;
  const { capacity, allocatable } = (await world.api.of(node).get(NODE)).status;
  const [all, given] = [capacity, allocatable].map((amounts) => quantityValue(amounts?.['memory']));
  assert.equal(given, Number(all) - 1024);
  assert.equal(await world.machine.files.readText(`/var/lib/kubelet/pods/${uid}/volumes/v/memory`), String(given));
});
