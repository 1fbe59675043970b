import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, Pod } from '@navarch/api';
import { type Clock, Notifier, noMetrics, silent, TaskGroup } from '@navarch/base';
import type { Api } from '@navarch/client';
import { memoryFiles } from '../volumes/testing/memory-files.ts';
import { ClaimDevices } from './claim-devices.ts';
import { DraDrivers } from './dra-drivers.ts';
import type { DRAPlugin, NodePrepareResourcesRequest } from './generated/types.ts';
import { PreparedClaims } from './prepared-claims.ts';

const DRIVER = 'gpu.example.com';
const { signal } = new AbortController();

const claimOf = (name: string, uid: string, reservedFor: readonly string[]): object => ({
  metadata: { name, namespace: 'ns', uid },
  status: {
    allocation: { devices: { results: [{ request: 'gpu', driver: DRIVER, pool: 'here', device: `dev-${name}` }] } },
    reservedFor: reservedFor.map((pod) => ({ resource: 'pods', name: pod, uid: pod })),
  },
});

const podOf = (uid: string, ...claims: readonly string[]): Pod =>
  ({
    metadata: { name: uid, namespace: 'ns', uid },
    spec: {
      resourceClaims: claims.map((name) => ({ name, resourceClaimName: name })),
      containers: [{ name: 'c', resources: { claims: claims.map((name) => ({ name })) } }],
    },
    status: {},
  }) as unknown as Pod;

const containerOf = ({ spec }: Pod): Container => spec.containers[0] as Container;

/** A kubelet's part in claims, with a driver that notes what it is asked, and an API that holds what it is given. */
class World {
  readonly files = memoryFiles();
  readonly asked: string[] = [];
  readonly held = new Map<string, object>();
  readonly wiped: string[] = [];
  readonly clock = { at: 0, slept: new Notifier() };
  slices: readonly object[] = [];
  error = '';
  #group = new TaskGroup(signal);
  drivers = this.#drivers();
  claims = this.#claims();

  async restart(): Promise<void> {
    await this.#group[Symbol.asyncDispose]();
    this.#group = new TaskGroup(signal);
    this.drivers = this.#drivers();
    const kept = new PreparedClaims(this.files, '/kubelet');
    await kept.load();
    this.claims = this.#claims(kept);
  }

  register(): Promise<void> {
    return this.drivers.begin({ name: DRIVER, endpoint: '/dra.sock', versions: ['v1.DRAPlugin'] });
  }

  unregister(): void {
    this.drivers.end({ name: DRIVER, endpoint: '/dra.sock', versions: [] });
  }

  /** Lets so much time pass. */
  async pass(ms: number): Promise<void> {
    this.clock.at += ms;
    for (let turn = 0; turn < 20; turn++) {
      this.clock.slept.notify();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async close(): Promise<void> {
    await this.#group[Symbol.asyncDispose]();
  }

  #claims(claims = new PreparedClaims(this.files, '/kubelet')): ClaimDevices {
    const monotonic = (): number => this.clock.at;
    return new ClaimDevices({
      api: this.#api(),
      drivers: this.drivers,
      claims,
      clock: { monotonic } as unknown as Clock,
      metrics: noMetrics,
    });
  }

  #drivers(): DraDrivers {
    const plugin: DRAPlugin & Disposable = {
      nodePrepareResources: async ({ claims = [] }) => this.#answer('prepare', claims as never),
      nodeUnprepareResources: async ({ claims = [] }) => this.#answer('unprepare', claims as never),
      [Symbol.dispose]: () => undefined,
    };
    const sleep = async (ms: number, until?: AbortSignal): Promise<void> => {
      const end = this.clock.at + ms;
      while (this.clock.at < end) await this.clock.slept.wait(until ?? signal);
    };
    return new DraDrivers(
      {
        api: this.#api(),
        sockets: { connect: () => plugin, connectHealth: () => assert.fail('no health') },
        clock: { sleep, now: () => this.clock.at, monotonic: () => this.clock.at } as unknown as Clock,
        log: silent,
        nodeName: 'here',
        changed: () => undefined,
      },
      this.#group,
    );
  }

  async #answer(what: string, claims: NodePrepareResourcesRequest['claims']): Promise<never> {
    this.asked.push(`${what} ${claims.map(({ uid }) => uid).join(' ')}`);
    const results = claims.map(({ uid, name }) => {
      const device = {
        requestNames: ['gpu'],
        poolName: 'here',
        deviceName: `dev-${name}`,
        cdiDeviceIds: [`x/y=${uid}`],
      };
      return [uid, { devices: what === 'prepare' ? [device] : [], error: this.error }];
    });
    return { claims: Object.fromEntries(results) } as never;
  }

  #api(): Api {
    const of = (): object => ({
      get: async (key: string) => this.held.get(key) ?? Promise.reject(new Error(`no ${key}`)),
      list: async () => ({ items: this.slices }),
      deleteCollection: async ({ fieldSelector }: { readonly fieldSelector: string }) => {
        this.wiped.push(fieldSelector);
      },
    });
    return { of } as unknown as Api;
  }
}

const problem = (work: Promise<void>): Promise<string> =>
  work.then(
    () => '',
    (error: Error) => error.message,
  );

async function inWorld(work: (world: World) => Promise<void>): Promise<void> {
  const world = new World();
  await world.files.makeDir('/kubelet');
  try {
    await work(world);
  } finally {
    await world.close();
  }
}

test('a claim is made ready once, whoever uses it, and given back by the last', async () => {
  await inWorld(async (world) => {
    await world.register();
    world.held.set('ns/a', claimOf('a', 'u-a', ['p', 'q']));
    const [p, q] = [podOf('p', 'a'), podOf('q', 'a')];
    await world.claims.prepare(p, signal);
    await world.claims.prepare(q, signal);
    await world.claims.prepare(q, signal);
    assert.deepEqual(world.claims.cdiDevices(p, containerOf(p)), ['x/y=u-a']);
    assert.deepEqual(world.claims.healthOf(p, containerOf(p)), [
      { name: 'claim:a', resources: [{ resourceID: 'x/y=u-a', health: 'Unknown' }] },
    ]);
    await world.claims.unprepare('p', signal);
    assert.deepEqual(world.asked, ['prepare u-a']);
    await world.claims.unprepare('q', signal);
    await world.claims.unprepare('q', signal);
    assert.deepEqual(world.asked, ['prepare u-a', 'unprepare u-a']);
    assert.throws(() => world.claims.cdiDevices(p, containerOf(p)), /unable to get claim info for ResourceClaim a/);
  });
});

test('what was made ready is known to the next kubelet, which gives it back', async () => {
  await inWorld(async (world) => {
    await world.register();
    world.held.set('ns/a', claimOf('a', 'u-a', ['p']));
    const p = podOf('p', 'a');
    await world.claims.prepare(p, signal);
    await world.restart();
    assert.deepEqual(world.claims.cdiDevices(p, containerOf(p)), ['x/y=u-a']);
    assert.deepEqual([...world.claims.podUids()], ['p']);
    assert.equal(await problem(world.claims.unprepare('p', signal)), `DRA driver ${DRIVER} is not registered`);
    await world.register();
    await world.claims.unprepare('p', signal);
    assert.deepEqual(world.asked, ['prepare u-a', 'unprepare u-a']);
  });
});

test('a driver that fails to make a claim ready is told of its end all the same', async () => {
  await inWorld(async (world) => {
    await world.register();
    world.held.set('ns/a', claimOf('a', 'u-a', ['p']));
    world.error = 'no power';
    assert.equal(
      await problem(world.claims.prepare(podOf('p', 'a'), signal)),
      'NodePrepareResources failed for ResourceClaim a: no power',
    );
    await world.restart();
    await world.register();
    assert.equal(
      await problem(world.claims.unprepare('p', signal)),
      'NodeUnprepareResources failed for ResourceClaim a: no power',
    );
    world.error = '';
    await world.claims.unprepare('p', signal);
    assert.deepEqual(world.asked, ['prepare u-a', 'unprepare u-a', 'unprepare u-a']);
    assert.deepEqual([...world.claims.podUids()], []);
  });
});

test('prepare() refuses in upstream’s words', async () => {
  await inWorld(async (world) => {
    const p = podOf('p', 'a');
    const refused = (pod = p): Promise<string> => problem(world.claims.prepare(pod, signal));
    assert.equal(await refused(), 'fetch ResourceClaim a: no ns/a');
    world.held.set('ns/a', claimOf('a', 'u-a', ['other']));
    assert.equal(await refused(), 'pod p (p) is not allowed to use ResourceClaim a (u-a)');
    world.held.set('ns/a', claimOf('a', 'u-a', ['p']));
    assert.equal(await refused(), `DRA driver ${DRIVER} is not registered`);
    const spec = { ...p.spec, resourceClaims: [{ name: 'a', resourceClaimTemplateName: 't' }] };
    assert.equal(await refused({ ...p, spec } as Pod), 'pod "ns/p": ResourceClaim not created yet');
    const status = { resourceClaimStatuses: [{ name: 'a', resourceClaimName: 'a' }] };
    assert.equal(
      await refused({ ...p, spec, status } as Pod),
      'ResourceClaim ns/a was not created for pod ns/p (pod is not owner)',
    );
    await world.register();
    await world.claims.prepare(p, signal);
    world.held.set('ns/a', claimOf('a', 'u-b', ['p']));
    assert.equal(await refused(), 'old ResourceClaim with same name a and different UID u-a still exists');
    assert.throws(
      () => world.drivers.check({ name: DRIVER, endpoint: '', versions: ['v1alpha4'] }),
      /none of the versions \[v1alpha4\] is supported/,
    );
  });
});

test('what a driver offers is withdrawn when it has been gone for a while, and not when it comes back', async () => {
  await inWorld(async (world) => {
    world.slices = [{ spec: { driver: DRIVER } }, { spec: { driver: 'gone.example.com' } }];
    await world.register();
    await world.pass(30_000);
    assert.deepEqual(world.wiped, ['spec.nodeName=here,spec.driver=gone.example.com']);
    world.slices = [{ spec: { driver: DRIVER } }];
    world.unregister();
    await world.pass(20_000);
    await world.register();
    await world.pass(20_000);
    assert.equal(world.wiped.length, 1);
    world.unregister();
    await world.pass(29_000);
    assert.equal(world.wiped.length, 1);
    await world.pass(1_000);
    assert.equal(world.wiped[1], `spec.nodeName=here,spec.driver=${DRIVER}`);
  });
});

test('prepare() gives a pod what is reserved for its group, made for that group or not', async () => {
  await inWorld(async (world) => {
    const reservedFor = [{ apiGroup: 'scheduling.k8s.io', resource: 'podgroups', name: 'g', uid: 'u-g' }];
    const ownerReferences = [
      { apiVersion: 'scheduling.k8s.io/v1beta1', kind: 'PodGroup', name: 'g', uid: 'u-g', controller: true },
    ];
    const claim = claimOf('made', 'u-made', []) as { readonly metadata: object; readonly status: object };
    world.held.set('ns/made', {
      ...claim,
      metadata: { ...claim.metadata, ownerReferences },
      status: { ...claim.status, reservedFor },
    });
    const p = podOf('p', 'made');
    const status = { resourceClaimStatuses: [{ name: 'made', resourceClaimName: 'made' }] };
    const memberOf = (group: string): Pod =>
      ({
        ...p,
        spec: {
          ...p.spec,
          resourceClaims: [{ name: 'made', resourceClaimTemplateName: 't' }],
          schedulingGroup: { podGroupName: group },
        },
        status,
      }) as Pod;
    await world.register();
    await world.claims.prepare(memberOf('g'), signal);
    assert.equal(
      await problem(world.claims.prepare(memberOf('other'), signal)),
      'ResourceClaim ns/made was not created for pod ns/p (pod is not owner)',
    );
  });
});
