import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  builtinKinds,
  configMap,
  deployment,
  lease,
  namespace,
  node,
  type Node,
  pod,
  replicaSet,
  serviceAccount,
} from '@navarch/api';
import {
  deploymentController,
  garbageCollectorController,
  namespaceController,
  nodeIpamController,
  nodeLifecycleController,
  podGcController,
  replicaSetController,
  rootCaController,
  serviceAccountController,
  taintEvictionController,
} from '@navarch/controllers';
import { hasReason, type OwnerReference } from '@navarch/machinery';
import { ControlPlane, quickPods } from '../testing/control-plane.ts';

const gc = garbageCollectorController(builtinKinds);
const reference = (
  kind: string,
  apiVersion: string,
  { metadata }: { readonly metadata: { readonly name: string; readonly uid: string } },
  more: Partial<OwnerReference> = {},
): OwnerReference => ({ apiVersion, kind, name: metadata.name, uid: metadata.uid, ...more });
const map = (plane: ControlPlane, name: string, ownerReferences: readonly OwnerReference[] = [], more = {}) =>
  plane.api.of(configMap).create({ metadata: { name, namespace: 'default', ownerReferences, ...more } });
const names = async (plane: ControlPlane, inNamespace = 'default') =>
  (await plane.list(configMap, inNamespace)).map((c) => c.metadata.name);
const isGone = async (get: Promise<unknown>): Promise<boolean> =>
  get.then(
    () => false,
    (error: unknown) => hasReason(error, 'NotFound'),
  );

test('serviceAccountController and rootCaController furnish every namespace, again if need be', async () => {
  await using plane = await ControlPlane.start({ controllers: [serviceAccountController, rootCaController('PEM')] });
  await plane.api.of(namespace).create({ metadata: { name: 'fresh' } });
  await plane.clock.advance(1000);
  assert.deepEqual(
    (await plane.list(serviceAccount, 'fresh')).map((a) => a.metadata.name),
    ['default'],
  );
  assert.deepEqual((await plane.api.of(configMap).get('fresh/kube-root-ca.crt')).data, { 'ca.crt': 'PEM' });
  await plane.api.of(serviceAccount).delete('fresh/default');
  await plane.api.of(configMap).update('fresh/kube-root-ca.crt', (c) => ({ ...c, data: { 'ca.crt': 'forged' } }));
  await plane.clock.advance(1000);
  assert.equal((await plane.list(serviceAccount, 'fresh')).length, 1);
  assert.deepEqual((await plane.api.of(configMap).get('fresh/kube-root-ca.crt')).data, { 'ca.crt': 'PEM' });
});

test('garbageCollectorController deletes what lost its only owner, and what that owned', async () => {
  await using plane = await ControlPlane.start({ controllers: [gc] });
  const top = await map(plane, 'top');
  const middle = await map(plane, 'middle', [reference('ConfigMap', 'v1', top)]);
  await map(plane, 'leaf', [reference('ConfigMap', 'v1', middle)]);
  await map(plane, 'other');
  await plane.clock.advance(1000);
  assert.equal((await names(plane)).length, 4);
  await plane.api.of(configMap).delete('default/top', { propagationPolicy: 'Background' });
  await plane.clock.advance(1000);
  assert.deepEqual(await names(plane), ['other']);
});

test('garbageCollectorController keeps what has another owner, without the lost reference', async () => {
  await using plane = await ControlPlane.start({ controllers: [gc] });
  const [one, two] = [await map(plane, 'one'), await map(plane, 'two')];
  await map(plane, 'shared', [reference('ConfigMap', 'v1', one), reference('ConfigMap', 'v1', two)]);
  await plane.api.of(configMap).delete('default/one');
  await plane.clock.advance(1000);
  assert.deepEqual(
    (await plane.api.of(configMap).get('default/shared')).metadata.ownerReferences?.map((r) => r.name),
    ['two'],
  );
});

test('garbageCollectorController deletes what refers to an owner that never was, but asks the server first', async () => {
  await using plane = await ControlPlane.start({ controllers: [gc], faults: { watchLagMs: 5000 } });
  const owner = await map(plane, 'owner');
  await map(plane, 'owned', [reference('ConfigMap', 'v1', owner)]);
  await map(plane, 'stray', [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: 'no-such-uid' }]);
  await map(plane, 'foreign', [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'w' }]);
  await plane.clock.advance(60_000);
  assert.deepEqual((await names(plane)).sort(), ['foreign', 'owned', 'owner']);
});

test('garbageCollectorController with Foreground removes blocking dependents before the owner', async () => {
  await using plane = await ControlPlane.start({ controllers: [gc] });
  const owner = await map(plane, 'owner');
  await map(plane, 'held', [reference('ConfigMap', 'v1', owner, { blockOwnerDeletion: true })], {
    finalizers: ['example.com/hold'],
  });
  await map(plane, 'loose', [reference('ConfigMap', 'v1', owner)]);
  await plane.clock.advance(1000);
  await plane.api.of(configMap).delete('default/owner', { propagationPolicy: 'Foreground' });
  await plane.clock.advance(1000);
  assert.deepEqual((await names(plane)).sort(), ['held', 'owner']);
  assert.deepEqual((await plane.api.of(configMap).get('default/owner')).metadata.finalizers, ['foregroundDeletion']);
  await plane.api.of(configMap).update('default/held', (c) => ({ ...c, metadata: { ...c.metadata, finalizers: [] } }));
  await plane.clock.advance(1000);
  assert.deepEqual(await names(plane), []);
});

test('garbageCollectorController with Orphan lets the dependents live', async () => {
  await using plane = await ControlPlane.start({ controllers: [gc] });
  const owner = await map(plane, 'owner');
  await map(plane, 'child', [reference('ConfigMap', 'v1', owner)]);
  await plane.clock.advance(1000);
  await plane.api.of(configMap).delete('default/owner', { propagationPolicy: 'Orphan' });
  await plane.clock.advance(1000);
  assert.deepEqual(await names(plane), ['child']);
  assert.equal((await plane.api.of(configMap).get('default/child')).metadata.ownerReferences, undefined);
});

test('a deleted deployment takes its replica sets and pods with it', async () => {
  await using plane = await ControlPlane.start({
    controllers: [deploymentController, replicaSetController, gc],
    pods: quickPods,
  });
  await plane.withServiceAccount();
  await plane.api.of(deployment).create({
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  });
  await plane.clock.advance(5000);
  assert.equal((await plane.list(pod)).length, 3);
  await plane.api.of(deployment).delete('default/web', { propagationPolicy: 'Foreground' });
  await plane.clock.advance(10_000);
  assert.deepEqual(
    [(await plane.list(deployment)).length, (await plane.list(replicaSet)).length, (await plane.list(pod)).length],
    [0, 0, 0],
  );
});

test('namespaceController deletes pods first, says what remains, and lets the namespace go', async () => {
  await using plane = await ControlPlane.start({
    controllers: [namespaceController(() => builtinKinds)],
    pods: { ...quickPods, stopMs: 8000 },
  });
  await plane.api.of(namespace).create({ metadata: { name: 'doomed' } });
  await plane.withServiceAccount('doomed');
  await plane.api
    .of(pod)
    .create({ metadata: { name: 'p', namespace: 'doomed' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  await plane.api
    .of(configMap)
    .create({ metadata: { name: 'c', namespace: 'doomed', finalizers: ['example.com/hold'] } });
  await plane.clock.advance(2000);
  await plane.api.of(namespace).delete('doomed');
  await plane.clock.advance(2000);
  const status = async () =>
    Object.fromEntries(
      ((await plane.api.of(namespace).get('doomed')).status.conditions ?? []).map((c) => [
        c.type,
        `${c.status} ${c.reason}: ${c.message}`,
      ]),
    );
  assert.equal(
    (await status())['NamespaceContentRemaining'],
    'True SomeResourcesRemain: Some resources are remaining: pods. has 1 resource instances',
  );
  assert.equal(
    (await plane.list(configMap, 'doomed'))[0]?.metadata.deletionTimestamp,
    undefined,
    'the policies outlive the pods',
  );
  await plane.clock.advance(20_000);
  assert.equal(
    (await status())['NamespaceFinalizersRemaining'],
    'True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  );
  await plane.api.of(configMap).update('doomed/c', (c) => ({ ...c, metadata: { ...c.metadata, finalizers: [] } }));
  await plane.clock.advance(30_000);
  assert.ok(await isGone(plane.api.of(namespace).get('doomed')));
});

test('nodeIpamController gives every node a block of its own and gives none out twice', async () => {
  await using plane = await ControlPlane.start({
    controllers: [nodeIpamController({ clusterCidr: '10.244.0.0/22' })],
    faults: { latencyMs: 50, watchLagMs: 500, loseAnswer: 0.2 },
  });
  for (const name of ['a', 'b', 'c', 'd', 'e']) await plane.api.of(node).create({ metadata: { name } });
  await plane.clock.advance(60_000);
  const cidrs = (await plane.api.of(node).list()).items
    .map((n) => n.spec.podCIDR)
    .filter((cidr) => cidr !== undefined)
    .sort();
  assert.deepEqual(cidrs, ['10.244.0.0/24', '10.244.1.0/24', '10.244.2.0/24', '10.244.3.0/24']);
  assert.deepEqual(await plane.events('Node'), ['CIDRNotAvailable: Node e status is now: CIDRNotAvailable']);
  await plane.api.of(node).delete('b');
  await plane.clock.advance(60_000);
  assert.equal((await plane.api.of(node).get('e')).spec.podCIDR, '10.244.1.0/24');
});

test('nodeIpamController gives every node a block of each of two families, or none', async () => {
  await using plane = await ControlPlane.start({
    controllers: [nodeIpamController({ clusterCidr: '10.244.0.0/16,fd00:10:244::/63' })],
  });
  for (const name of ['a', 'b', 'c']) await plane.api.of(node).create({ metadata: { name } });
  await plane.clock.advance(10_000);
  const given = (await plane.api.of(node).list()).items.map(({ spec }) => [spec.podCIDR, spec.podCIDRs]);
  assert.deepEqual(given, [
    ['10.244.0.0/24', ['10.244.0.0/24', 'fd00:10:244::/64']],
    ['10.244.1.0/24', ['10.244.1.0/24', 'fd00:10:244:1::/64']],
    [undefined, undefined],
  ]);
  await plane.api.of(node).delete('a');
  await plane.clock.advance(10_000);
  assert.equal((await plane.api.of(node).get('c')).spec.podCIDRs?.[1], 'fd00:10:244::/64');
});

const ready = (plane: ControlPlane): Node['status'] =>
  ({
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'kubelet is posting ready status',
        lastHeartbeatTime: new Date(plane.clock.now()).toISOString(),
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
  }) as unknown as Node['status'];

async function beat(plane: ControlPlane, nodes: readonly string[], seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i += 10) {
    for (const name of nodes) {
      const leases = plane.api.of(lease);
      const held = await leases.get(`kube-node-lease/${name}`).catch(() => undefined);
      await leases.replace({
        metadata: held?.metadata ?? { name, namespace: 'kube-node-lease' },
        spec: { renewTime: new Date(plane.clock.now()).toISOString() },
      } as never);
    }
    await plane.clock.advance(10_000);
  }
}

async function withNodes(plane: ControlPlane, count: number): Promise<readonly string[]> {
  const all = Array.from({ length: count }, (_, i) => `n${i}`);
  for (const name of all) {
    await plane.api.of(node).create({ metadata: { name } });
    await plane.api
      .of(node)
      .update(name, (n) => ({ ...n, status: { ...n.status, ...ready(plane) } }), { subresource: 'status' });
  }
  await beat(plane, all, 10);
  return all;
}
const taints = async (plane: ControlPlane, name: string) =>
  ((await plane.api.of(node).get(name)).spec.taints ?? []).map((t) => `${t.key}:${t.effect}`).sort();

test('nodeLifecycleController marks a silent node after 50 s, its pods at once, and takes it all back', async () => {
  await using plane = await ControlPlane.start({ controllers: [nodeLifecycleController()] });
  await plane.withServiceAccount();
  const all = await withNodes(plane, 3);
  assert.deepEqual(await taints(plane, 'n0'), [], 'the taint of its creation is taken away');
  await plane.api.of(pod).create({
    metadata: { name: 'p', namespace: 'default' },
    spec: { nodeName: 'n0', containers: [{ name: 'c', image: 'i' }] },
  });
  await plane.api
    .of(pod)
    .update(
      'default/p',
      (p) => ({ ...p, status: { ...p.status, phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }),
      { subresource: 'status' },
    );
  const others = all.slice(1);
  await beat(plane, others, 30);
  assert.equal((await plane.api.of(node).get('n0')).status.conditions?.[0]?.status, 'True');
  await beat(plane, others, 20);
  const lost = await plane.api.of(node).get('n0');
  const shown = lost.status.conditions?.map((c) => [c.type, c.status, c.reason, c.message]);
  assert.deepEqual(shown?.[0], ['Ready', 'Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.']);
  assert.deepEqual(shown?.[1], [
    'MemoryPressure',
    'Unknown',
    'NodeStatusNeverUpdated',
    'Kubelet never posted node status.',
  ]);
  assert.deepEqual(await taints(plane, 'n0'), [
    'node.kubernetes.io/unreachable:NoExecute',
    'node.kubernetes.io/unreachable:NoSchedule',
  ]);
  assert.equal((await plane.api.of(pod).get('default/p')).status.conditions?.[0]?.status, 'False');
  assert.ok((await plane.events('Node')).includes('NodeNotReady: Node n0 status is now: NodeNotReady'));
  assert.ok((await plane.events('Pod')).includes('NodeNotReady: Node is not ready'));
  await plane.api
    .of(node)
    .update('n0', (n) => ({ ...n, status: { ...n.status, ...ready(plane) } }), { subresource: 'status' });
  await beat(plane, all, 10);
  assert.deepEqual(await taints(plane, 'n0'), []);
});

test('nodeLifecycleController evicts nobody when every node is silent: it is blind itself', async () => {
  await using plane = await ControlPlane.start({ controllers: [nodeLifecycleController()] });
  await withNodes(plane, 2);
  await plane.clock.advance(120_000);
  assert.deepEqual(await taints(plane, 'n1'), ['node.kubernetes.io/unreachable:NoSchedule']);
});

test('taintEvictionController deletes a pod when what it tolerates is over, and not when the taint goes before', async () => {
  await using plane = await ControlPlane.start({ controllers: [taintEvictionController()] });
  await plane.withServiceAccount();
  await plane.api.of(node).create({ metadata: { name: 'a' } });
  const make = (name: string, tolerations: readonly object[]) =>
    plane.api.of(pod).create({
      metadata: { name, namespace: 'default' },
      spec: { nodeName: 'a', containers: [{ name: 'c', image: 'i' }], tolerations },
    });
  await make('none', []);
  await make('some', [{ key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 }]);
  await make('all', [{ operator: 'Exists' }]);
  const taint = (on: boolean) =>
    plane.api.of(node).update('a', (n) => ({
      ...n,
      spec: { ...n.spec, taints: on ? [{ key: 'k', effect: 'NoExecute' as const }] : [] },
    }));
  const going = async () =>
    (await plane.list(pod)).filter((p) => p.metadata.deletionTimestamp).map((p) => p.metadata.name);
  await taint(true);
  await plane.clock.advance(20_000);
  assert.deepEqual(await going(), ['none']);
  await taint(false);
  await plane.clock.advance(60_000);
  assert.deepEqual(await going(), ['none']);
  await taint(true);
  await plane.clock.advance(40_000);
  assert.deepEqual((await going()).sort(), ['none', 'some']);
  const some = await plane.api.of(pod).get('default/some');
  assert.deepEqual(
    some.status.conditions?.map((c) => [c.type, c.status, c.reason]),
    [['DisruptionTarget', 'True', 'DeletionByTaintManager']],
  );
  const said = (await plane.events('Pod')).filter((e) => e.includes('default/some'));
  assert.deepEqual(said, [
    'TaintManagerEviction: Cancelling deletion of Pod default/some',
    'TaintManagerEviction: Marking for deletion Pod default/some',
  ]);
});

test('podGcController removes pods of nodes that are gone, and the oldest finished ones beyond the limit', async () => {
  await using plane = await ControlPlane.start({ controllers: [podGcController({ terminatedMax: 2 })] });
  await plane.withServiceAccount();
  await plane.api.of(node).create({ metadata: { name: 'a' } });
  const make = (name: string, nodeName: string) =>
    plane.api.of(pod).create({
      metadata: { name, namespace: 'default' },
      spec: { nodeName, containers: [{ name: 'c', image: 'i' }] },
    });
  await make('lost', 'gone');
  await make('fine', 'a');
  for (let i = 0; i < 4; i++) {
    await make(`done-${i}`, 'a');
    await plane.api
      .of(pod)
      .update(`default/done-${i}`, (p) => ({ ...p, status: { ...p.status, phase: 'Succeeded' } }), {
        subresource: 'status',
      });
    await plane.clock.advance(2000);
  }
  await plane.clock.advance(30_000);
  assert.deepEqual(
    (await plane.list(pod)).map((p) => p.metadata.name).sort(),
    ['done-2', 'done-3', 'fine', 'lost'],
    'a missing node may only be late',
  );
  await plane.clock.advance(60_000);
  assert.deepEqual((await plane.list(pod)).map((p) => p.metadata.name).sort(), ['done-2', 'done-3', 'fine']);
});

test('nodeLifecycleController says of no node that it was lost before it was ready once', async () => {
  await using plane = await ControlPlane.start({ controllers: [nodeLifecycleController()] });
  const say = (status: string): Promise<unknown> =>
    plane.api.of(node).update(
      'n0',
      (n) => ({
        ...n,
        status: { ...n.status, conditions: [{ ...(ready(plane).conditions?.[0] as object), status }] as never },
      }),
      { subresource: 'status' },
    );
  const lost = async (): Promise<number> =>
    (await plane.events('Node')).filter((e) => e.startsWith('NodeNotReady')).length;
  await plane.api.of(node).create({ metadata: { name: 'n0' } });
  await say('False');
  await beat(plane, ['n0'], 10);
  assert.equal(await lost(), 0);
  await say('True');
  await beat(plane, ['n0'], 10);
  await say('False');
  await beat(plane, ['n0'], 10);
  assert.equal(await lost(), 1);
});
