import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csiDriver, persistentVolume, persistentVolumeClaim, pod } from '@navarch/api';
import type { Clock } from '@navarch/base';
import { type CsiNodeService, job, MemoryDriver, MemorySockets, RpcError } from '@navarch/kubelet';
import { KubeletWorld, type KubeletWorldOptions } from '../testing/kubelet-world.ts';

const DRIVER = 'a.example.com';
const SOCKET = '/var/lib/kubelet/plugins_registry/a.sock';
/** As long as the node waits for a driver. */
const CALL_MS = 120_000;
const MINUTE_MS = 60_000;

/** A driver that may stop answering: whoever asks it is refused when the time for a call is over. */
class Hanging {
  /** Calls in which it hangs, by name; all of them, or none. */
  hangs: RegExp | undefined;
  /** Every call that came, and those that nobody has been answered yet. */
  readonly asked: string[] = [];
  underWay = 0;
  driver: MemoryDriver | undefined;
  readonly #clock: () => Clock;

  constructor(clock: () => Clock) {
    this.#clock = clock;
  }

  service(): CsiNodeService {
    return new Proxy(this.driver as CsiNodeService, {
      get: (held, name) => {
        const method: unknown = Reflect.get(held, name);
        if (typeof method !== 'function' || typeof name !== 'string') return method;
        return async (request: object, signal: AbortSignal): Promise<unknown> => {
          if (this.hangs?.test(name)) await this.#silence(name, signal);
          return Reflect.apply(method, held, [request]);
        };
      },
    });
  }

  async #silence(name: string, signal: AbortSignal): Promise<void> {
    this.asked.push(name);
    this.underWay += 1;
    try {
      await this.#clock().sleep(CALL_MS, signal);
    } finally {
      this.underWay -= 1;
    }
    throw new RpcError('DEADLINE_EXCEEDED', 'context deadline exceeded');
  }
}

/** A node with a driver of volumes; `claimed` pods have one of them, each its own. */
async function withDriver(
  options: KubeletWorldOptions,
  work: (world: KubeletWorld, driver: Hanging) => Promise<void>,
): Promise<void> {
  const sockets = new MemorySockets();
  const at: { world?: KubeletWorld } = {};
  const hanging = new Hanging(() => (at.world as KubeletWorld).clock);
  await using world = await KubeletWorld.start({
    ...options,
    pluginSockets: sockets,
    csiSockets: { connect: () => hanging.service() },
  });
  at.world = world;
  hanging.driver = new MemoryDriver(world.machine.files);
  await world.api.of(csiDriver).create({ metadata: { name: DRIVER }, spec: { attachRequired: false } });
  sockets.put(SOCKET, { name: DRIVER });
  await world.advance(3000);
  await work(world, hanging);
}

/** A pod with a volume of the driver that bears its name. */
async function claimed(world: KubeletWorld, name: string, spec: object = {}): Promise<void> {
  const storage = { storage: '1Gi' };
  const claim = await world.api.of(persistentVolumeClaim).create({
    metadata: { namespace: 'default', name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: storage }, volumeName: name, storageClassName: '' },
  });
  await world.api.of(persistentVolume).create({
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: storage,
      csi: { driver: DRIVER, volumeHandle: name },
      claimRef: { namespace: 'default', name, uid: claim.metadata.uid },
    },
  });
  await world.api
    .of(persistentVolumeClaim)
    .update(`default/${name}`, (made) => ({ ...made, status: { phase: 'Bound', capacity: storage } }), {
      subresource: 'status',
    });
  await world.run(name, { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: name } }], ...spec });
}

const phase = async (world: KubeletWorld, name: string): Promise<string | undefined> =>
  (await world.pod(name))?.status.phase;

test('kubelet: a driver that never answers is asked again after ever longer, in upstream words; then all goes on', () =>
  withDriver({}, async (world, driver) => {
    driver.hangs = /nodeStage/;
    await claimed(world, 'waits');
    await world.advance(CALL_MS + 3000);
    const words =
      'MountVolume.MountDevice failed for volume "waits" : rpc error: code = DeadlineExceeded desc = context deadline exceeded';
    assert.equal(await world.count('waits', words), 1);
    await world.advance(30 * MINUTE_MS);
    // Two minutes each, and up to as long between them.
    assert.ok(driver.asked.length >= 8 && driver.asked.length <= 12, `asked ${driver.asked.length} times`);
    assert.equal(await phase(world, 'waits'), 'Pending');
    driver.hangs = undefined;
    await world.advance(CALL_MS * 2 + 5000);
    assert.equal(await phase(world, 'waits'), 'Running');
  }));

test('kubelet: pods without such a volume come, end and go as always while a driver is silent', () =>
  withDriver({ program: ({ name }) => (name === 'job' ? job(2000, 0) : job(1e9, 0)) }, async (world, driver) => {
    // What an agent that was killed left behind is asked for as well.
    await claimed(world, 'left');
    await world.advance(3000);
    assert.equal(await phase(world, 'left'), 'Running');
    world.machine.crash();
    await world.api.of(pod).delete('default/left', { gracePeriodSeconds: 0 });
    driver.hangs = /node(Stage|Unstage|Publish|Unpublish)/;
    world.machine.start();
    for (let i = 0; i < 5; i += 1) await claimed(world, `waits-${i}`);
    await world.advance(10_000);
    for (let i = 0; i < 10; i += 1) {
      await world.run(`job-${i}`, { restartPolicy: 'Never', containers: [{ name: 'job', image: 'app' }] });
      await world.advance(5000);
      assert.equal(await phase(world, `job-${i}`), 'Succeeded', `job-${i} after ${i * 5} s`);
      await world.api.of(pod).delete(`default/job-${i}`);
      await world.advance(3000);
      assert.equal(await world.pod(`job-${i}`), undefined);
    }
    // A call for each volume, no more.
    assert.ok(driver.underWay <= 6, `${driver.underWay} calls at once`);
    driver.hangs = undefined;
    await world.advance(CALL_MS * 2 + 5000);
    for (let i = 0; i < 5; i += 1) assert.equal(await phase(world, `waits-${i}`), 'Running');
    assert.deepEqual(
      driver.driver?.held.filter((one) => one.includes('left')),
      [],
    );
  }));

test('kubelet: a pod whose driver is silent ends within its grace, and goes once its volume is taken away', () =>
  withDriver({}, async (world, driver) => {
    await claimed(world, 'web', { terminationGracePeriodSeconds: 5 });
    await world.advance(3000);
    world.machine.crash();
    driver.hangs = /node(Stage|Unstage|Publish|Unpublish)/;
    // It looks whether the volume is there, and hears nothing.
    world.machine.start();
    await world.advance(5000);
    assert.equal(await phase(world, 'web'), 'Running');
    await world.api.of(pod).delete('default/web');
    await world.advance(7000);
    const running = [...world.machine.runtime.containers.values()].filter(({ state }) => state === 'CONTAINER_RUNNING');
    assert.deepEqual(running, []);
    await world.advance(20 * MINUTE_MS);
    assert.notEqual(await world.pod('web'), undefined);
    assert.ok(driver.asked.length <= 10, `asked ${driver.asked.length} times`);
    driver.hangs = undefined;
    await world.advance(CALL_MS * 2 + 5000);
    assert.equal(await world.pod('web'), undefined);
    assert.deepEqual(driver.driver?.held, []);
  }));

test('kubelet: a driver that refuses to take a volume away is asked again after ever longer', () =>
  withDriver({}, async (world, driver) => {
    await claimed(world, 'web', { terminationGracePeriodSeconds: 1 });
    await world.advance(3000);
    const { driver: held } = driver as { driver: MemoryDriver };
    held.refusal = new RpcError('INTERNAL', 'busy');
    const before = world.warnings.length;
    await world.api.of(pod).delete('default/web');
    await world.advance(20 * MINUTE_MS);
    const told = world.warnings.length - before;
    assert.ok(told >= 8 && told <= 20, `${told} tries in twenty minutes`);
    held.refusal = undefined;
    await world.advance(CALL_MS + 5000);
    assert.equal(await world.pod('web'), undefined);
  }));
