import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespace, networkPolicy, type Pod, pod } from '@navarch/api';
import { seededRandom, silent, TaskGroup } from '@navarch/base';
import { type Api, Cache } from '@navarch/client';
import type { Draft } from '@navarch/machinery';
import { settle, SimCluster } from '@navarch/sim';
import { PolicyGuard } from './guard.ts';
import { Kernel, type Packet } from './testing/kernel.ts';

const BRIDGE = 'pods0';
const HERE = 'here';

interface World {
  readonly api: Api;
  readonly kernel: Kernel;
  readonly guard: PolicyGuard;
  /** Those in which pods are followed, or were. */
  readonly podCaches: readonly Cache[];
  readonly signal: AbortSignal;
  /** Scripts that the kernel was given. */
  readonly scripts: string[];
  /** Why the kernel refuses everything, while it does. */
  refusal: string | undefined;
  advance(time: string): Promise<void>;
  /** Whether a packet is let through between two addresses, here unless said otherwise of the second. */
  passes(from: string, to: string): boolean;
}

async function withGuard(work: (world: World) => Promise<void>): Promise<void> {
  await using cluster = await SimCluster.start({ nodes: 0 });
  await using group = new TaskGroup(new AbortController().signal);
  const { api, clock } = cluster;
  const cache = new Cache({ api, clock, random: seededRandom(1), log: silent });
  const [kernel, scripts] = [new Kernel(), new Array<string>()];
  const filter = {
    async apply(script: string): Promise<void> {
      if (world.refusal !== undefined) throw new Error(world.refusal);
      scripts.push(script);
      kernel.apply(script);
    },
    areNamed: async (_: string, named: readonly string[]) => named.every((one) => kernel.isNamed(one)),
  };
  const podCaches: Cache[] = [];
  const podCache = (): Cache => {
    const made = new Cache({ api, clock, random: seededRandom(1), log: silent });
    podCaches.push(made);
    return made;
  };
  const guard = new PolicyGuard({
    cache,
    podCache,
    clock,
    log: silent,
    filter,
    nodeName: HERE,
    bridge: BRIDGE,
    clusterCidr: '10.244.0.0/16',
  });
  const deviceOf = (address: string): string => (address.startsWith('10.244.0.') ? BRIDGE : 'eth0');
  const world: World = {
    api,
    kernel,
    guard,
    podCaches,
    scripts,
    signal: group.signal,
    refusal: undefined,
    advance: (time) => cluster.advance(time),
    passes(from, to) {
      const packet: Packet = {
        family: 'ip',
        from,
        to,
        protocol: 'tcp',
        port: 80,
        flow: 'original',
        comesBy: deviceOf(from),
        goesBy: deviceOf(to),
      };
      return kernel.passes(packet);
    },
  };
  group.spawn((s) => cache.run(s));
  group.spawn((s) => guard.run(s));
  await cluster.advance('1s');
  await work(world);
}

async function addPod(api: Api, name: string, ip: string, node = HERE, labels = { app: name }): Promise<Pod> {
  const spec = { nodeName: node, automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }] };
  const made = await api
    .of(pod)
    .create({ metadata: { namespace: 'default', name, labels }, spec } as unknown as Draft<Pod>);
  if (ip === '') return made;
  const body = { status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] } };
  return api.of(pod).patch(`default/${name}`, { type: 'merge', body }, { subresource: 'status' });
}

const closing = (name: string, from: readonly object[] = []): never =>
  ({
    metadata: { namespace: 'default', name },
    spec: { podSelector: {}, ingress: from.length > 0 ? [{ from }] : [] },
  }) as never;
const friends = [{ podSelector: { matchLabels: { app: 'friend' } } }];

test('PolicyGuard follows no pods and makes no table while there are no policies, and lets pods start at once', async () => {
  await withGuard(async ({ api, podCaches, guard, scripts, signal, passes, advance }) => {
    const one = await addPod(api, 'one', '');
    await guard.admit(one, ['10.244.0.2'], signal);
    await advance('1s');
    assert.deepEqual([scripts.length, passes('10.9.9.9', '10.244.0.2')], [1, true]);
    assert.match(scripts[0] ?? '', /^add table inet navarch-policy\ndelete table inet navarch-policy\n$/);
    assert.equal(podCaches.length, 0);
  });
});

test('PolicyGuard keeps to policies, labels and pods as they change, and takes the table away after the last policy', async () => {
  await withGuard(async ({ api, passes, advance, kernel, podCaches }) => {
    const empty = kernel.dump();
    await addPod(api, 'one', '10.244.0.2');
    await addPod(api, 'friend', '10.244.1.2', 'there');
    await api.of(networkPolicy).create(closing('close'));
    await advance('1s');
    assert.equal(passes('10.244.1.2', '10.244.0.2'), false);
    await api.of(networkPolicy).create(closing('open', friends));
    await advance('1s');
    assert.deepEqual([passes('10.244.1.2', '10.244.0.2'), passes('10.9.9.9', '10.244.0.2')], [true, false]);
    const relabel = (app: string): Promise<unknown> =>
      api.of(pod).patch('default/friend', { type: 'merge', body: { metadata: { labels: { app } } } });
    await relabel('foe');
    await advance('1s');
    assert.equal(passes('10.244.1.2', '10.244.0.2'), false);
    await relabel('friend');
    await api.of(networkPolicy).delete('default/open');
    await api.of(networkPolicy).update('default/close', (held) => ({
      ...held,
      spec: { ...held.spec, ingress: [{ from: [{ namespaceSelector: { matchLabels: { near: 'yes' } } }] }] },
    }));
    await advance('1s');
    assert.equal(passes('10.244.1.2', '10.244.0.2'), false);
    await api.of(namespace).patch('default', { type: 'merge', body: { metadata: { labels: { near: 'yes' } } } });
    await advance('1s');
    assert.equal(passes('10.244.1.2', '10.244.0.2'), true);
    await api.of(networkPolicy).delete('default/close');
    await advance('1s');
    assert.deepEqual([passes('10.9.9.9', '10.244.0.2'), kernel.dump()], [true, empty]);
    // Nobody's pods are followed meanwhile, and all are known when a policy comes again.
    const [followed] = podCaches;
    await addPod(api, 'late', '10.244.0.3');
    await advance('1s');
    assert.equal(followed?.get(pod, 'default/late'), undefined);
    await api.of(networkPolicy).create(closing('close'));
    await advance('1s');
    assert.deepEqual([passes('10.9.9.9', '10.244.0.3'), passes('10.244.0.3', '10.9.9.9')], [false, true]);
    assert.equal(podCaches.length, 2);
  });
});

test('PolicyGuard.admit() resolves when the rules of the pod are in the kernel; until then the pod is closed', async () => {
  await withGuard(async ({ api, guard, passes, advance, signal }) => {
    await api.of(networkPolicy).create(closing('friends', friends));
    await addPod(api, 'friend', '10.244.1.2', 'there');
    // The API knows nothing of its address yet.
    const one = await addPod(api, 'one', '');
    await advance('1s');
    assert.deepEqual([passes('10.244.1.2', '10.244.0.2'), passes('10.244.0.2', '10.9.9.9')], [false, false]);
    let isIn = false;
    const admitted = guard.admit(one, ['10.244.0.2'], signal).then(() => (isIn = true));
    await settle();
    assert.deepEqual([isIn, passes('10.244.1.2', '10.244.0.2')], [false, false]);
    await advance('1s');
    await admitted;
    assert.deepEqual([passes('10.244.1.2', '10.244.0.2'), passes('10.9.9.9', '10.244.0.2')], [true, false]);
    assert.equal(passes('10.244.0.2', '10.9.9.9'), true);
    // The next container of the pod, and the next sandbox.
    await guard.admit(one, ['10.244.0.2'], signal);
    const again = guard.admit(one, ['10.244.0.3'], signal);
    await advance('1s');
    await again;
    assert.deepEqual([passes('10.244.1.2', '10.244.0.3'), passes('10.244.1.2', '10.244.0.2')], [true, false]);
  });
});

test('PolicyGuard believes the kubelet about who has an address, not a pod that had it before', async () => {
  await withGuard(async ({ api, guard, passes, advance, signal }) => {
    await api.of(networkPolicy).create(closing('friends', friends));
    await addPod(api, 'target', '10.244.0.9');
    await addPod(api, 'friend', '10.244.0.2');
    const foe = await addPod(api, 'foe', '');
    await advance('1s');
    assert.equal(passes('10.244.0.2', '10.244.0.9'), true);
    const admitted = guard.admit(foe, ['10.244.0.2'], signal);
    await advance('1s');
    await admitted;
    assert.equal(passes('10.244.0.2', '10.244.0.9'), false);
    guard.dismiss(foe);
    await advance('1s');
    assert.equal(passes('10.244.0.2', '10.244.0.9'), true);
  });
});

test('PolicyGuard.admit() rejects what the kernel refuses, and the rules are made anew as soon as it takes them', async () => {
  await withGuard(async (world) => {
    const { api, guard, passes, advance, signal } = world;
    await api.of(networkPolicy).create(closing('friends', friends));
    await advance('1s');
    const one = await addPod(api, 'one', '');
    world.refusal = 'no room';
    const refused = assert.rejects(
      guard.admit(one, ['10.244.0.2'], signal),
      /^Error: cannot enforce network policies: no room$/,
    );
    await advance('3s');
    await refused;
    world.refusal = undefined;
    await advance('3s');
    await guard.admit(one, ['10.244.0.2'], signal);
    assert.deepEqual([passes('10.9.9.9', '10.244.0.2'), passes('10.244.0.2', '10.9.9.9')], [false, true]);
  });
});

test('PolicyGuard makes its rules anew when someone threw them away', async () => {
  await withGuard(async ({ api, kernel, passes, advance }) => {
    await addPod(api, 'one', '10.244.0.2');
    await api.of(networkPolicy).create(closing('close'));
    await advance('1s');
    const ways: readonly (() => void)[] = [
      () => kernel.apply('delete table inet navarch-policy\n'),
      () => kernel.flush(),
    ];
    for (const throwAway of ways) {
      throwAway();
      assert.equal(passes('10.9.9.9', '10.244.0.2'), true);
      await advance('6s');
      assert.equal(passes('10.9.9.9', '10.244.0.2'), false);
    }
  });
});

test('PolicyGuard has nothing to do with pods of the network of their node', async () => {
  await withGuard(async ({ api, guard, scripts, signal, advance }) => {
    await api.of(networkPolicy).create(closing('close'));
    await advance('1s');
    const before = scripts.length;
    const one = await addPod(api, 'one', '');
    await guard.admit({ ...one, spec: { ...one.spec, hostNetwork: true } }, ['10.95.0.1'], signal);
    await advance('2s');
    assert.equal(scripts.length, before);
  });
});
