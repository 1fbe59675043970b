import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, lease, node, pod, runtimeClass } from '@navarch/api';
import { KubeletWorld, NODE } from '../testing/kubelet-world.ts';

test('kubelet: a node says that it is alive, and its lease goes with it', async () => {
  await using world = await KubeletWorld.start();
  const read = () => world.api.of(lease).get(`kube-node-lease/${NODE}`);
  const first = await read();
  assert.deepEqual(
    first.metadata.ownerReferences?.map((o) => `${o.kind} ${o.name} ${o.uid}`),
    [`Node ${NODE} ${(await world.api.of(node).get(NODE)).metadata.uid}`],
  );
  await world.advance(10_000);
  assert.equal(Date.parse((await read()).spec.renewTime ?? '') - Date.parse(first.spec.renewTime ?? ''), 10_000);
});

test('kubelet: a node that is known already gets the labels of its machine, and keeps others', async () => {
  await using world = await KubeletWorld.start();
  await world.api.of(node).update(NODE, (n) => ({
    ...n,
    metadata: { ...n.metadata, labels: { mine: 'yes', 'kubernetes.io/hostname': 'wrong' } },
  }));
  world.machine.crash();
  world.machine.start();
  await world.advance(1000);
  const { labels } = (await world.api.of(node).get(NODE)).metadata;
  assert.deepEqual(
    [labels?.['mine'], labels?.['kubernetes.io/hostname'], labels?.['kubernetes.io/os']],
    ['yes', NODE, 'linux'],
  );
});

test('kubelet: a node tells its own version, and none of a proxy that it does not know', async () => {
  await using world = await KubeletWorld.start();
  const { kubeletVersion, kubeProxyVersion } = (await world.api.of(node).get(NODE)).status.nodeInfo;
  assert.match(kubeletVersion, /^v1\./);
  assert.equal(kubeProxyVersion, '');
});

test('kubelet: a node that begins is told of once', async () => {
  await using world = await KubeletWorld.start();
  await world.advance(30_000);
  const told = await world.events(NODE);
  assert.equal(told[0], 'Starting: Starting kubelet.');
  assert.deepEqual(told.filter((e) => e.startsWith('NodeHas')).toSorted(), [
    `NodeHasNoDiskPressure: Node ${NODE} status is now: NodeHasNoDiskPressure`,
    `NodeHasSufficientMemory: Node ${NODE} status is now: NodeHasSufficientMemory`,
    `NodeHasSufficientPID: Node ${NODE} status is now: NodeHasSufficientPID`,
  ]);
});

test('kubelet: a sandbox is made by the handler of its class', async () => {
  await using world = await KubeletWorld.start();
  await world.api.of(runtimeClass).create({ metadata: { name: 'safe' }, handler: 'kata' } as never);
  await world.run('web', { runtimeClassName: 'safe' });
  await world.advance(2000);
  assert.deepEqual(
    [...world.machine.runtime.sandboxes.values()].map((s) => s.runtimeHandler),
    ['kata'],
  );
  await world.api.of(runtimeClass).delete('safe');
  const [id = ''] = world.machine.runtime.sandboxes.keys();
  world.machine.runtime.killSandbox(id);
  await world.advance(3000);
  assert.ok(
    (await world.events('web')).some((e) =>
      /^FailedCreatePodSandBox: Failed to create pod sandbox: .*"safe" not found/.test(e),
    ),
  );
});

test('kubelet: a pod that wants users of its own is told that the runtime has none, by the name of its handler', async () => {
  await using world = await KubeletWorld.start();
  await world.api.of(runtimeClass).create({ metadata: { name: 'safe' }, handler: 'kata' } as never);
  await world.run('plain', { hostUsers: false });
  await world.run('kata', { hostUsers: false, runtimeClassName: 'safe' });
  await world.advance(2000);
  const about = async (name: string): Promise<readonly string[]> =>
    (await world.events(name)).filter((told) => told.startsWith('FailedCreatePodSandBox'));
  const words = "FailedCreatePodSandBox: Failed to create pod sandbox: can't set `spec.hostUsers: false`,";
  assert.equal((await about('plain'))[0], `${words} runtime does not support user namespaces`);
  assert.equal((await about('kata'))[0], `${words} RuntimeClass handler "kata" does not support user namespaces`);
  assert.equal(world.machine.runtime.sandboxes.size, 0);
});

test('kubelet: a pod has users of its own where the handler of its class can map them, and the node says which can', async () => {
  await using world = await KubeletWorld.start();
  const handler = { name: '', hasRecursiveReadOnlyMounts: true, hasUserNamespaces: true };
  const { runtime } = world.machine;
  runtime.abilities = {
    ...runtime.abilities,
    handlers: [{ ...handler, name: 'kata', hasUserNamespaces: false }, handler],
  };
  await world.api.of(runtimeClass).create({ metadata: { name: 'safe' }, handler: 'kata' } as never);
  await world.run('plain', { hostUsers: false });
  await world.run('kata', { hostUsers: false, runtimeClassName: 'safe' });
  await world.advance(20_000);
  assert.equal((await world.api.of(pod).get('default/plain')).status.phase, 'Running');
  assert.equal((await world.api.of(pod).get('default/kata')).status.phase, 'Pending');
  assert.deepEqual((await world.api.of(node).get(NODE)).status.runtimeHandlers, [
    { name: '', features: { recursiveReadOnlyMounts: true, userNamespaces: true } },
    { name: 'kata', features: { recursiveReadOnlyMounts: true, userNamespaces: false } },
  ]);
});

test('kubelet: a node is ready where its runtime and network are, whatever else the runtime says of itself', async () => {
  await using world = await KubeletWorld.start();
  const ready = async (): Promise<string> => {
    await world.advance(15_000);
    const { conditions } = (await world.api.of(node).get(NODE)).status;
    const found = conditions?.find(({ type }) => type === 'Ready');
    return `${found?.status} ${found?.message}`;
  };
  const { runtime } = world.machine;
  runtime.conditions.say('ContainerdHasNoDeprecationWarnings', false, 'ContainerdHasDeprecationWarnings', '{}');
  assert.equal(await ready(), 'True kubelet is posting ready status');
  runtime.conditions.say('NetworkReady', false, 'NetworkPluginNotReady', 'cni plugin not initialized');
  const network =
    'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized';
  assert.equal(await ready(), `False ${network}`);
  runtime.conditions.say('RuntimeReady', false, 'Broken', 'no shim');
  assert.equal(
    await ready(),
    `False [container runtime not ready: RuntimeReady=false reason:Broken message:no shim, ${network}]`,
  );
});

test('kubelet: a sandbox that the runtime goes on refusing is asked for every ten seconds and a little', async () => {
  await using world = await KubeletWorld.start();
  const safe = { metadata: { name: 'safe' }, handler: 'kata' } as never;
  await world.api.of(runtimeClass).create(safe);
  await world.run('web', { runtimeClassName: 'safe' });
  await world.api.of(runtimeClass).delete('safe');
  await world.advance(5_000);
  const refusals = async (): Promise<number> => {
    const told = await world.api.of(event).list({ namespace: 'default' });
    const about = told.items.filter(({ reason }) => reason === 'FailedCreatePodSandBox');
    return about.reduce((sum, { count = 1 }) => sum + Number(count), 0);
  };
  assert.equal(await refusals(), 2, 'the first one may have been a passing trouble');
  await world.advance(60_000);
  const later = (await refusals()) - 2;
  assert.ok(later >= 4 && later <= 6, `${later} in a minute`);
  await world.api.of(runtimeClass).create(safe);
  await world.advance(16_000);
  assert.equal((await world.api.of(pod).get('default/web')).status.phase, 'Running');
});

test('kubelet: a resource that somebody says the node has is offered to pods, as long as it is there', async () => {
  await using world = await KubeletWorld.start();
  const api = world.api.of(node);
  const say = (amount: string | null) =>
    api.patch(
      NODE,
      { type: 'merge', body: { status: { capacity: { 'example.com/foo': amount } } } },
      { subresource: 'status' },
    );
  const offered = async () => {
    const { capacity, allocatable } = (await api.get(NODE)).status;
    return [capacity?.['example.com/foo'], allocatable?.['example.com/foo']];
  };
  await say('5');
  await world.advance(11_000);
  assert.deepEqual(await offered(), ['5', '5']);
  const { resourceVersion } = (await api.get(NODE)).metadata;
  await world.advance(60_000);
  assert.equal(
    (await api.get(NODE)).metadata.resourceVersion,
    resourceVersion,
    'nothing is written when nothing changes',
  );
  await say(null);
  await world.advance(11_000);
  assert.deepEqual(await offered(), [undefined, undefined]);
  assert.ok((await api.get(NODE)).status.allocatable?.['cpu']);
});
