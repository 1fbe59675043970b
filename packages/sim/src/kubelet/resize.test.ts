import assert from 'node:assert/strict';
import { test } from 'node:test';
import { node, type Pod, pod } from '@navarch/api';
import type { StatusError } from '@navarch/machinery';
import { KubeletWorld, type KubeletWorldOptions, NODE } from '../testing/kubelet-world.ts';

const sized = (cpu: string, more: object = {}): object => ({
  name: 'c',
  image: 'app',
  resources: { requests: { cpu }, limits: { cpu, memory: '1Gi' } },
  ...more,
});
const resize = (world: KubeletWorld, cpu: string): Promise<Pod> =>
  world.api.of(pod).patch(
    'default/web',
    {
      type: 'strategic',
      body: { spec: { containers: [{ name: 'c', resources: { requests: { cpu }, limits: { cpu } } }] } },
    },
    { subresource: 'resize' },
  );
const updates = (world: KubeletWorld): readonly string[] =>
  world.machine.runtime.calls.filter((call) => call.startsWith('updateContainerResources'));
const shown = (p: Pod | undefined): object => ({
  restarts: p?.status.containerStatuses?.[0]?.restartCount,
  cpu: p?.status.containerStatuses?.[0]?.resources?.limits?.['cpu'],
  allocated: p?.status.containerStatuses?.[0]?.allocatedResources?.['cpu'],
  resizing: p?.status.conditions
    ?.filter((x) => x.type.startsWith('PodResize'))
    .map((x) => `${x.type} ${x.reason ?? ''}`),
});

const told = async (world: KubeletWorld): Promise<readonly string[]> =>
  (await world.events('web')).filter((e) => e.startsWith('Resize'));
const event = (what: string, cpu: string, generation: number, error = ''): string =>
  `Pod resize ${what}: {"containers":[{"name":"c","resources":{"limits":{"cpu":"${cpu}","memory":"1Gi"},"requests":{"cpu":"${cpu}","memory":"1Gi"}}}],"generation":${generation}${error && `,"error":"${error}"`}}`;

async function withWorld(
  container: object,
  work: (world: KubeletWorld) => Promise<void>,
  options: KubeletWorldOptions = {},
): Promise<void> {
  await using world = await KubeletWorld.start(options);
  await world.run('web', { containers: [container] });
  await world.advance(3000);
  await work(world);
}

test('resize: a container grows where it runs, and is told so', () =>
  withWorld(sized('1'), async (world) => {
    await resize(world, '2');
    await world.advance(2000);
    assert.deepEqual(updates(world), [`updateContainerResources c 2048 200000 ${2 ** 30}`]);
    assert.deepEqual(shown(await world.pod('web')), { restarts: 0, cpu: '2', allocated: '2', resizing: [] });
    const events = [`ResizeStarted: ${event('started', '2', 2)}`, `ResizeCompleted: ${event('completed', '2', 2)}`];
    assert.deepEqual(await told(world), events);
    world.machine.crash();
    world.machine.start();
    await world.advance(5000);
    assert.deepEqual(shown(await world.pod('web')), { restarts: 0, cpu: '2', allocated: '2', resizing: [] });
    assert.deepEqual(await told(world), events);
  }));

test('resize: a container that wants to be restarted for it is', () =>
  withWorld(
    sized('1', { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }),
    async (world) => {
      await resize(world, '2');
      await world.advance(3000);
      assert.deepEqual(updates(world), []);
      assert.deepEqual(shown(await world.pod('web')), { restarts: 1, cpu: '2', allocated: '2', resizing: [] });
      assert.ok((await world.events('web')).includes('Killing: Container c resize requires restart'));
      assert.deepEqual(await told(world), [
        `ResizeStarted: ${event('started', '2', 2)}`,
        `ResizeCompleted: ${event('completed', '2', 2)}`,
      ]);
    },
  ));

test('resize: what the node never had is infeasible, where the server lets it pass', () =>
  withWorld(
    sized('1'),
    async (world) => {
      await resize(world, '100');
      await world.advance(3000);
      assert.deepEqual(shown(await world.pod('web')), {
        restarts: 0,
        cpu: '1',
        allocated: '1',
        resizing: ['PodResizePending Infeasible'],
      });
      const [pending] = (await world.pod('web'))?.status.conditions?.filter((x) => x.type === 'PodResizePending') ?? [];
      assert.equal(pending?.message, "Node didn't have enough capacity: cpu, requested: 100000, capacity: 32000");
      const refused = [`ResizeInfeasible: ${event('Infeasible', '100', 2, pending.message)}`];
      assert.deepEqual(await told(world), refused);
      world.machine.crash();
      world.machine.start();
      await world.advance(5000);
      assert.deepEqual(await told(world), refused);
      await resize(world, '1');
      await world.advance(3000);
      assert.deepEqual(shown(await world.pod('web')), { restarts: 0, cpu: '1', allocated: '1', resizing: [] });
      assert.deepEqual(await told(world), refused);
    },
    { disabledAdmission: ['PodResizeValidator'] },
  ));

test('resize: more than the node has to give is refused, and so is one of a pod on a node that is not there', () =>
  withWorld(sized('1'), async (world) => {
    await assert.rejects(
      resize(world, '100'),
      (error: StatusError) =>
        error.message ===
          'pods "web" is forbidden: node didn\'t have enough allocatable resources: cpu, requested: 100000, allocatable: 32000' &&
        error.status.details?.causes?.[0]?.reason === 'NodeCapacity',
    );
    assert.deepEqual(shown(await world.pod('web')), { restarts: 0, cpu: '1', allocated: '1', resizing: [] });
    world.machine.crash();
    await world.api.of(node).delete(NODE);
    await assert.rejects(resize(world, '2'), { message: `pods "web" is forbidden: node "${NODE}" not found` });
  }));

test('resize: an init container grows while it runs, on a node that says that it can', async () => {
  await using world = await KubeletWorld.start();
  const init = { ...sized('1'), name: 'i', image: 'app' };
  await world.run('web', { initContainers: [init], containers: [sized('1')] });
  await world.advance(3000);
  const grow = (cpu: string): Promise<Pod> =>
    world.api.of(pod).patch(
      'default/web',
      {
        type: 'strategic',
        body: { spec: { initContainers: [{ name: 'i', resources: { requests: { cpu }, limits: { cpu } } }] } },
      },
      { subresource: 'resize' },
    );
  await grow('2');
  await world.advance(2000);
  assert.deepEqual(updates(world), [`updateContainerResources i 2048 200000 ${2 ** 30}`]);
  const [running] = (await world.pod('web'))?.status.initContainerStatuses ?? [];
  assert.equal(running?.resources?.limits?.['cpu'], '2');
  const [held] = world.machine.runtime.running();
  world.machine.runtime.exit(held?.id ?? '', 0);
  await world.advance(3000);
  // What is over is nothing to be resized.
  await grow('3');
  await world.advance(3000);
  assert.equal(updates(world).length, 1);
  assert.deepEqual(shown(await world.pod('web')), { restarts: 0, cpu: '1', allocated: '1', resizing: [] });
  world.machine.crash();
  await world.api
    .of(node)
    .update(NODE, (n) => ({ ...n, status: { ...n.status, declaredFeatures: [] } }), { subresource: 'status' });
  await assert.rejects(grow('4'), {
    message: `pods "web" is forbidden: pod update requires features InPlacePodVerticalScalingInitContainers which are not available on node "${NODE}"`,
  });
});

test('resize: what others hold is waited for, and a crash meanwhile brings back what was', () =>
  withWorld(sized('1'), async (world) => {
    await world.run('other', { containers: [sized('30')] });
    await world.advance(3000);
    await resize(world, '8');
    await world.advance(3000);
    assert.deepEqual(shown(await world.pod('web')), {
      restarts: 0,
      cpu: '1',
      allocated: '1',
      resizing: ['PodResizePending Deferred'],
    });
    world.machine.runtime.exit(
      world.machine.runtime.running().find((x) => x.labels['io.kubernetes.pod.name'] === 'web')?.id ?? '',
      1,
    );
    await world.advance(5000);
    assert.deepEqual(shown(await world.pod('web')), {
      restarts: 1,
      cpu: '1',
      allocated: '1',
      resizing: ['PodResizePending Deferred'],
    });
    await world.api.of(pod).delete('default/other');
    await world.advance(10_000);
    assert.deepEqual(shown(await world.pod('web')), { restarts: 1, cpu: '8', allocated: '8', resizing: [] });
    assert.deepEqual(
      (await told(world)).map((e) => e.split(':')[0]),
      ['ResizeDeferred', 'ResizeStarted', 'ResizeCompleted'],
    );
  }));

test('resize: a pod as a whole grows, and with it the containers that have no limits of their own', async () => {
  await using world = await KubeletWorld.start({});
  const amounts = (cpu: string): object => ({ requests: { cpu: '1', memory: '1Gi' }, limits: { cpu, memory: '1Gi' } });
  await world.run('web', {
    resources: amounts('2'),
    containers: [
      { name: 'c', image: 'app', resources: {} },
      { name: 'd', image: 'app', resources: { requests: { cpu: '1' }, limits: { cpu: '1', memory: '1Gi' } } },
    ],
  });
  await world.advance(3000);
  const status = async (): Promise<object> => {
    const { resources, allocatedResources, qosClass, containerStatuses } = (await world.pod('web'))?.status ?? {};
    return { resources, allocatedResources, qosClass, restarts: containerStatuses?.map((c) => c.restartCount) };
  };
  const wanted = (cpu: string): object => ({
    resources: amounts(cpu),
    allocatedResources: { cpu: '1', memory: '1Gi' },
    qosClass: 'Burstable',
    restarts: [0, 0],
  });
  assert.deepEqual(await status(), wanted('2'));
  const patch = { type: 'strategic', body: { spec: { resources: { limits: { cpu: '4' } } } } } as const;
  await world.api.of(pod).patch('default/web', patch, { subresource: 'resize' });
  await world.advance(3000);
  assert.deepEqual(await status(), wanted('4'));
  assert.deepEqual(updates(world).toSorted(), [
    `updateContainerResources c 4096 400000 ${2 ** 30}`,
    `updateContainerResources d 1024 100000 ${2 ** 30}`,
  ]);
  world.machine.crash();
  world.machine.start();
  await world.advance(5000);
  assert.deepEqual(await status(), wanted('4'));
});
