import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container } from '@navarch/api';
import { type Clock, Notifier, silent, TaskGroup } from '@navarch/base';
import fc from 'fast-check';
import { type Asking, guaranteedPod } from '../testing/machines.ts';
import { ANYWHERE } from '../topology/hints.ts';
import { AdmissionError, rolesOf } from '../topology/provider.ts';
import { giftsOf } from './container-devices.ts';
import { DevicePlugins } from './device-plugins.ts';
import { isExtendedResourceName } from './extended-resource.ts';
import type { AllocateRequest, Device, DevicePlugin, DevicePluginOptions } from './generated/types.ts';
import { healthOf } from './resource-health.ts';

const GPU = 'example.com/gpu';
const noAnswer = { envs: {}, mounts: [], devices: [], annotations: {}, cdiDevices: [] };
const device = (id: string, numa?: number, health = 'Healthy'): Device => ({
  id,
  health,
  ...(numa === undefined ? {} : { topology: { nodes: [{ id: numa }] } }),
});

/** A plugin that tells of the devices it is given, and notes what it is asked. */
class FakePlugin implements DevicePlugin, Disposable {
  readonly asked: string[] = [];
  preferred: readonly string[] = [];
  #devices: readonly Device[];
  readonly #moved = new Notifier();
  #isOver = false;

  constructor(devices: readonly Device[]) {
    this.#devices = devices;
  }

  tell(devices: readonly Device[]): void {
    this.#devices = devices;
    this.#moved.notify();
  }

  die(): void {
    this.#isOver = true;
    this.#moved.notify();
  }

  async getDevicePluginOptions(): Promise<DevicePluginOptions> {
    return { preStartRequired: false, getPreferredAllocationAvailable: false };
  }

  async *listAndWatch(_: object, signal: AbortSignal): AsyncGenerator<{ readonly devices: readonly Device[] }> {
    while (!this.#isOver && !signal.aborted) {
      yield { devices: this.#devices };
      await this.#moved.wait(signal).catch(() => undefined);
    }
  }

  async getPreferredAllocation(request: object): Promise<never> {
    this.asked.push(`prefer ${JSON.stringify(request)}`);
    return { containerResponses: [{ deviceIDs: this.preferred }] } as never;
  }

  async allocate({ containerRequests }: AllocateRequest): Promise<never> {
    const ids = containerRequests?.[0]?.devicesIds ?? [];
    this.asked.push(`allocate ${ids.join(' ')}`);
    if (ids.includes('broken')) throw new Error('rpc error: code = Unknown desc = it is broken');
    return { containerResponses: [{ ...noAnswer, envs: { GPUS: ids.join(',') } }] } as never;
  }

  async preStartContainer({ devicesIds }: { readonly devicesIds?: readonly string[] }): Promise<never> {
    this.asked.push(`start ${devicesIds?.join(' ')}`);
    return {} as never;
  }

  [Symbol.dispose](): void {
    this.asked.push('closed');
  }
}

interface World {
  readonly plugins: DevicePlugins;
  readonly clock: { now: number };
  register(plugin: FakePlugin, options?: Partial<DevicePluginOptions>, version?: string): Promise<void>;
  settle(): Promise<void>;
}

async function inWorld(work: (world: World) => Promise<void>): Promise<void> {
  await using group = new TaskGroup(new AbortController().signal);
  const clock = { now: 0 };
  let next: FakePlugin | undefined;
  const plugins = new DevicePlugins({
    dir: '/plugins',
    clock: { monotonic: () => clock.now } as unknown as Clock,
    log: silent,
    numaNodes: [0, 1],
    changed: () => undefined,
    sockets: {
      connect: async () => next as FakePlugin,
      listen: () => Promise.reject(new Error('nobody listens here')),
    },
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  await work({
    plugins,
    clock,
    settle,
    async register(plugin, options = {}, version = 'v1beta1') {
      next = plugin;
      await plugins.register(
        {
          version,
          endpoint: 'gpu.sock',
          resourceName: GPU,
          options: { preStartRequired: false, getPreferredAllocationAvailable: false, ...options },
        },
        group,
      );
      await settle();
    },
  });
}

const { signal } = new AbortController();
const app = (count: number, name = 'c'): Asking => ({ name, wants: { [GPU]: String(count) } });

async function given({ plugins }: World, uid: string, containers: readonly Asking[], nodes?: number): Promise<string> {
  const pod = guaranteedPod(uid, containers);
  try {
    for (const [container] of rolesOf(pod)) await plugins.pool.allocate(pod, container, { ...ANYWHERE, nodes }, signal);
  } catch (error) {
    assert.ok(error instanceof AdmissionError, String(error));
    return `${error.reason}: ${error.message}`;
  }
  return containers
    .map(({ name }) =>
      plugins.pool.entries
        .of(uid, name)
        .flatMap((e) => e.ids)
        .join(' '),
    )
    .join(', ');
}

test('a plugin that registers is heard, and its devices are the node’s', async () => {
  await inWorld(async (world) => {
    const plugin = new FakePlugin([device('a'), device('b'), device('c', undefined, 'Unhealthy')]);
    await world.register(plugin);
    assert.deepEqual(world.plugins.pool.amounts(), { capacity: { [GPU]: '3' }, allocatable: { [GPU]: '2' } });
    assert.equal(await given(world, 'p', [app(1)]), 'a');
    assert.deepEqual(plugin.asked, ['allocate a']);
    assert.deepEqual(giftsOf(world.plugins.pool.entries.of('p', 'c')).envs, { GPUS: 'a' });
    plugin.tell([device('a', undefined, 'Unhealthy'), device('b')]);
    await world.settle();
    assert.deepEqual(world.plugins.pool.amounts(), { capacity: { [GPU]: '2' }, allocatable: { [GPU]: '1' } });
    const health = healthOf(world.plugins.pool.entries.of('p', 'c'), (name) => world.plugins.pool.get(name));
    assert.deepEqual(health, [{ name: GPU, resources: [{ resourceID: 'a', health: 'Unhealthy' }] }]);
  });
});

test('register() refuses in upstream’s words', async () => {
  await inWorld(async (world) => {
    await assert.rejects(world.register(new FakePlugin([]), {}, 'v1alpha'), {
      message: 'requested API version "v1alpha" is not supported by kubelet. Supported version is ["v1beta1"]',
    });
    const request = { version: 'v1beta1', endpoint: 'x', resourceName: 'cpu' };
    await assert.rejects(world.plugins.register(request, undefined as never), {
      message: 'the ResourceName "cpu" is invalid',
    });
  });
});

test('devices of a plugin that went are there and nobody’s to have, and after a while they are not there', async () => {
  await inWorld(async (world) => {
    const plugin = new FakePlugin([device('a')]);
    await world.register(plugin);
    plugin.die();
    await world.settle();
    assert.deepEqual(world.plugins.pool.amounts(), { capacity: { [GPU]: '1' }, allocatable: { [GPU]: '0' } });
    assert.equal(
      await given(world, 'p', [app(1)]),
      `UnexpectedAdmissionError: Allocate failed due to no healthy devices present; cannot allocate unhealthy devices ${GPU}, which is unexpected`,
    );
    world.clock.now += 5 * 60_000;
    assert.deepEqual(world.plugins.pool.amounts(), { capacity: { [GPU]: '0' }, allocatable: { [GPU]: '0' } });
    await world.register(new FakePlugin([device('a')]));
    assert.deepEqual(world.plugins.pool.amounts(), { capacity: { [GPU]: '1' }, allocatable: { [GPU]: '1' } });
  });
});

test('a plugin that registers again takes the place of the one before, whose end is no news', async () => {
  await inWorld(async (world) => {
    const first = new FakePlugin([device('a')]);
    await world.register(first);
    assert.equal(await given(world, 'p', [app(1)]), 'a');
    await world.register(new FakePlugin([device('a'), device('b')]));
    assert.deepEqual(first.asked, ['allocate a', 'closed']);
    assert.deepEqual(world.plugins.pool.amounts().allocatable, { [GPU]: '2' });
    assert.equal(await given(world, 'q', [app(1)]), 'b');
    assert.match(
      await given(world, 'r', [app(1)]),
      /requested number of devices unavailable for example.com\/gpu. Requested: 1, Available: 0, which is unexpected/,
    );
    assert.equal(await given(world, 'p', [app(1)]), 'a');
    assert.match(await given(world, 'p', [app(2)]), /changed request for resource "example.com\/gpu" from 1 to 2/);
  });
});

test('a plugin says which devices it would give, and what a container must wait for', async () => {
  await inWorld(async (world) => {
    const plugin = new FakePlugin(['a', 'b', 'c'].map((id) => device(id)));
    plugin.preferred = ['c', 'nowhere'];
    await world.register(plugin, { getPreferredAllocationAvailable: true, preStartRequired: true });
    assert.equal(await given(world, 'p', [app(2)]), 'a c');
    const pod = guaranteedPod('p', [app(2)]);
    await world.plugins.preStart(pod, pod.spec.containers[0] as Container, signal);
    const prefer = { availableDeviceIDs: ['a', 'b', 'c'], mustIncludeDeviceIDs: [], allocationSize: 2 };
    assert.deepEqual(plugin.asked, [
      `prefer ${JSON.stringify({ containerRequests: [prefer] })}`,
      'allocate c a',
      'start a c',
    ]);
  });
});

test('a refusal of a plugin is why the pod is turned away', async () => {
  await inWorld(async (world) => {
    await world.register(new FakePlugin([device('broken')]));
    assert.equal(
      await given(world, 'p', [app(1)]),
      'UnexpectedAdmissionError: Allocate failed due to rpc error: code = Unknown desc = it is broken, which is unexpected',
    );
  });
});

test('devices near to the chosen node come first, and the hints say where there are enough', async () => {
  await inWorld(async (world) => {
    await world.register(new FakePlugin([device('a', 0), device('b', 1), device('c', 1)]));
    const { pool } = world.plugins;
    const hints = (count: number): unknown => {
      const pod = guaranteedPod('x', [app(count)]);
      return pool.hints(pod, pod.spec.containers[0] as Container)[GPU];
    };
    assert.deepEqual(hints(1), [
      { nodes: 1, isPreferred: true },
      { nodes: 2, isPreferred: true },
      { nodes: 3, isPreferred: false },
    ]);
    assert.deepEqual(hints(2), [
      { nodes: 2, isPreferred: true },
      { nodes: 3, isPreferred: false },
    ]);
    assert.deepEqual(hints(4), []);
    assert.equal(await given(world, 'p', [app(1)], 2), 'b');
    assert.equal(await given(world, 'q', [app(2)], 2), 'a c');
  });
});

test('no device is ever given to two containers that may run at once', async () => {
  const roles = ['init', 'sidecar', 'app'] as const;
  const asking = fc.record({ role: fc.constantFrom(...roles), count: fc.integer({ min: 1, max: 3 }) });
  const step = fc.record({
    uid: fc.constantFrom('a', 'b', 'c'),
    isEnd: fc.boolean(),
    containers: fc.array(asking, { minLength: 1, maxLength: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
      await inWorld(async (world) => {
        await world.register(new FakePlugin(Array.from({ length: 6 }, (_, i) => device(`d${i}`, i % 2))));
        const { pool } = world.plugins;
        const pods = new Map<string, readonly Asking[]>();
        for (const { uid, isEnd, containers } of steps) {
          if (isEnd) {
            pool.release(uid);
            pods.delete(uid);
          } else if (!pods.has(uid)) {
            const wants = containers.map(({ role, count }, i): Asking => ({ ...app(count, `c${i}`), role }));
            if ((await given(world, uid, wants)).startsWith('Unexpected')) pool.release(uid);
            else pods.set(uid, wants);
          }
          const holders = new Map<string, string>();
          for (const [pod, wants] of pods) {
            const lasting = new Set<string>();
            for (const { name, role, wants: amounts } of [
              ...wants.filter((c) => c.role !== 'app'),
              ...wants.filter((c) => c.role === 'app'),
            ]) {
              const ids = pool.entries.of(pod, name).flatMap((e) => e.ids);
              assert.equal(ids.length, Number(amounts[GPU]));
              for (const id of ids) {
                assert.ok(!lasting.has(id), `${id} is held by two of ${pod}`);
                assert.equal(holders.get(id) ?? pod, pod, `${id} is of two pods`);
                holders.set(id, pod);
                if (role !== 'init') lasting.add(id);
              }
            }
          }
        }
      });
    }),
    { numRuns: 100 },
  );
});

test('giftsOf() takes what the first answer says where several name one thing', () => {
  const entry = (answer: object): Parameters<typeof giftsOf>[0][number] => ({
    podUid: 'p',
    container: 'c',
    resource: GPU,
    ids: [],
    nodes: {},
    answer: { ...noAnswer, ...answer },
  });
  const mount = (hostPath: string): object => ({ containerPath: '/lib', hostPath, readOnly: true });
  const cdiDevices = [{ name: 'example.com/gpu=a' }];
  const gifts = giftsOf([
    entry({ envs: { A: '1' }, mounts: [mount('/one')], cdiDevices }),
    entry({ envs: { A: '2', B: '2' }, mounts: [mount('/two')], annotations: { x: 'y' }, cdiDevices }),
  ]);
  assert.deepEqual(gifts, {
    envs: { A: '1', B: '2' },
    annotations: { x: 'y' },
    mounts: [{ containerPath: '/lib', hostPath: '/one', readonly: true }],
    devices: [],
    cdiDevices: ['example.com/gpu=a'],
  });
});

test('isExtendedResourceName() knows what a plugin may speak for', () => {
  const table = { 'example.com/gpu': true, cpu: false, 'kubernetes.io/x': false, 'a/b/c': false, 'x.y/-': false };
  for (const [name, is] of Object.entries(table)) assert.equal(isExtendedResourceName(name), is, name);
});
