import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  controllerRevision,
  daemonSet,
  isActive,
  isReady,
  limitRange,
  node,
  type Node,
  pod,
  type Pod,
} from '@navarch/api';
import { daemonSetController } from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { ControlPlane, quickPods } from '../testing/control-plane.ts';

type DaemonSet = ObjectOf<typeof daemonSet>;
const KEY = 'default/agent';

async function start(
  names: readonly string[],
  more: Partial<Parameters<typeof ControlPlane.start>[0]> = {},
): Promise<ControlPlane> {
  // The stand-in for the scheduler binds to where the pod's affinity leads.
  const plane = await ControlPlane.start({
    controllers: [daemonSetController()],
    pods: { ...quickPods, nodeOf: wantedNode },
    ...more,
  });
  await plane.withServiceAccount();
  for (const name of names) await addNode(plane, name);
  return plane;
}
const wantedNode = (p: Pod): string | undefined =>
  p.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]
    ?.values?.[0];
const addNode = async (plane: ControlPlane, name: string, spec: Node['spec'] = {}) => {
  await plane.api.of(node).create({ metadata: { name, labels: { disk: name } }, spec });
  await plane.api.of(node).update(name, (n) => ({ ...n, spec: { ...n.spec, ...spec, taints: spec.taints ?? [] } }));
};
const make = (
  plane: ControlPlane,
  spec: Draft<DaemonSet>['spec'] = {},
  image = 'v1',
  podSpec: Draft<Pod>['spec'] = {},
) =>
  plane.api.of(daemonSet).create({
    metadata: { name: 'agent', namespace: 'default' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image }], ...podSpec } },
      ...spec,
    },
  });
const setImage = (plane: ControlPlane, image: string) =>
  plane.api.of(daemonSet).update(KEY, (d) => ({
    ...d,
    spec: {
      ...d.spec,
      template: {
        ...d.spec.template,
        spec: { ...d.spec.template.spec, containers: d.spec.template.spec.containers.map((c) => ({ ...c, image })) },
      },
    },
  }));
const active = async (plane: ControlPlane) => (await plane.list(pod)).filter(isActive);
const where = async (plane: ControlPlane) => (await active(plane)).map((p) => p.spec.nodeName).sort();

test('daemonSetController runs one pod on every node, also on those that come later, and reports them', async () => {
  await using plane = await start(['a', 'b']);
  await make(plane);
  await plane.clock.advance(3000);
  await addNode(plane, 'c');
  await plane.clock.advance(3000);
  assert.deepEqual(await where(plane), ['a', 'b', 'c']);
  const { status, metadata } = await plane.api.of(daemonSet).get(KEY);
  assert.deepEqual(status, {
    currentNumberScheduled: 3,
    numberMisscheduled: 0,
    desiredNumberScheduled: 3,
    numberReady: 3,
    observedGeneration: metadata.generation,
    updatedNumberScheduled: 3,
    numberAvailable: 3,
  });
});

test('daemonSetController reports the pods that are missing, also where they may not be made', async () => {
  await using plane = await start(['a', 'b']);
  const limits = { limits: [{ type: 'Pod', min: { cpu: '1' } }] };
  await plane.api.of(limitRange).create({ metadata: { name: 'none', namespace: 'default' }, spec: limits });
  await make(plane);
  await plane.clock.advance(3000);
  assert.deepEqual(await where(plane), []);
  const { status } = await plane.api.of(daemonSet).get(KEY);
  assert.deepEqual([status.desiredNumberScheduled, status.currentNumberScheduled, status.numberUnavailable], [2, 0, 2]);
});

test('daemonSetController keeps to selectors and taints, and endures what befalls a node', async () => {
  await using plane = await start(['a', 'b']);
  await addNode(plane, 'tainted', { taints: [{ key: 'k', effect: 'NoSchedule' }] });
  await addNode(plane, 'cordoned', {
    unschedulable: true,
    taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }],
  });
  await make(plane, {}, 'v1', {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'NotIn', values: ['b'] }] }],
        },
      },
    },
  });
  await plane.clock.advance(3000);
  assert.deepEqual(await where(plane), ['a', 'cordoned']);
  await plane.api
    .of(node)
    .update('a', (n) => ({ ...n, spec: { ...n.spec, taints: [{ key: 'k', effect: 'NoExecute' }] } }));
  await plane.clock.advance(3000);
  assert.deepEqual(await where(plane), ['cordoned']);
});

test('daemonSetController rolls a new template out within maxUnavailable and keeps revisions', async () => {
  await using plane = await start(['a', 'b', 'c', 'd', 'e'], {
    seed: 3,
    faults: { latencyMs: 100, watchLagMs: 800, loseAnswer: 0.05, breakWatch: 0.02 },
  });
  await make(plane, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } } });
  await plane.clock.advance(30_000);
  await setImage(plane, 'v2');
  for (let i = 0; i < 150; i++) {
    await plane.clock.advance(200);
    assert.ok((await active(plane)).filter(isReady).length >= 3, 'more than two are missing');
    assert.ok((await active(plane)).length <= 5, 'two on a node');
  }
  assert.deepEqual(new Set((await active(plane)).map((p) => p.spec.containers[0]?.image)), new Set(['v2']));
  const revisions = (await plane.list(controllerRevision)).map((r) => [
    r.revision,
    r.metadata.labels?.['controller-revision-hash'],
    r.metadata.ownerReferences?.[0]?.kind,
  ]);
  assert.deepEqual(revisions.map(([n, , kind]) => [n, kind]).sort(), [
    [1, 'DaemonSet'],
    [2, 'DaemonSet'],
  ]);
});

test('daemonSetController with maxSurge starts the new pod before the old one goes', async () => {
  await using plane = await start(['a', 'b', 'c']);
  await make(plane, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
  await plane.clock.advance(5000);
  await setImage(plane, 'v2');
  for (let i = 0; i < 100; i++) {
    await plane.clock.advance(100);
    const perNode = Map.groupBy((await active(plane)).filter(isReady), (p) => p.spec.nodeName);
    assert.equal(perNode.size, 3, 'every node always has one that serves');
  }
  assert.deepEqual(
    (await active(plane)).map((p) => p.spec.containers[0]?.image),
    ['v2', 'v2', 'v2'],
  );
});

test('daemonSetController with OnDelete waits for someone to delete the old pods', async () => {
  await using plane = await start(['a']);
  await make(plane, { updateStrategy: { type: 'OnDelete' } });
  await plane.clock.advance(3000);
  await setImage(plane, 'v2');
  await plane.clock.advance(10_000);
  const [old] = await active(plane);
  assert.equal(old?.spec.containers[0]?.image, 'v1');
  await plane.api.of(pod).delete(`default/${old?.metadata.name}`);
  await plane.clock.advance(5000);
  assert.equal((await active(plane))[0]?.spec.containers[0]?.image, 'v2');
});

test('daemonSetController replaces failed pods, each time a little later', async () => {
  await using plane = await start(['a'], { pods: { ...quickPods, stopMs: 0, nodeOf: wantedNode } });
  await make(plane);
  let made = 0;
  const seen = new Set<string>();
  for (let i = 0; i < 600; i++) {
    await plane.clock.advance(100);
    for (const p of await active(plane)) {
      if (!seen.has(p.metadata.uid)) made += 1;
      seen.add(p.metadata.uid);
      await plane.api
        .of(pod)
        .update(`default/${p.metadata.name}`, (c) => ({ ...c, status: { ...c.status, phase: 'Failed' } }), {
          subresource: 'status',
        });
    }
  }
  assert.ok(made >= 5 && made <= 9, `${made} pods in a minute`);
  assert.ok(
    (await plane.events('DaemonSet')).some((e) =>
      /^FailedDaemonPod: Found failed daemon pod default\/agent-\w+ on node a, will try to kill it$/.test(e),
    ),
  );
});

const failNow = async (plane: ControlPlane, phase: 'Failed' | 'Succeeded') => {
  for (const p of await active(plane))
    await plane.api.of(pod).update(`default/${p.metadata.name}`, (c) => ({ ...c, status: { ...c.status, phase } }), {
      subresource: 'status',
    });
};

test('daemonSetController tries a new template at once, however long the one before has failed', async () => {
  await using plane = await start(['a'], { pods: { ...quickPods, stopMs: 0, nodeOf: wantedNode } });
  await make(plane);
  for (let i = 0; i < 600; i++) {
    await plane.clock.advance(100);
    await failNow(plane, 'Failed');
  }
  // By now it waits for longer than half a minute.
  assert.deepEqual(await active(plane), []);
  await setImage(plane, 'v2');
  await plane.clock.advance(2000);
  assert.deepEqual(
    (await active(plane)).map((p) => p.spec.containers[0]?.image),
    ['v2'],
  );
});

test('daemonSetController replaces at once what has ended well', async () => {
  await using plane = await start(['a'], { pods: { ...quickPods, stopMs: 0, nodeOf: wantedNode } });
  await make(plane);
  for (let n = 0; n < 8; n++) {
    await plane.clock.advance(1000);
    assert.equal((await active(plane)).length, 1);
    await failNow(plane, 'Succeeded');
  }
  assert.ok((await plane.events('DaemonSet')).some((e) => e.startsWith('SucceededDaemonPod: ')));
});

test('daemonSetController keeps the newest of two revisions of one template, and its pods with it', async () => {
  await using plane = await start(['a', 'b']);
  await make(plane);
  await plane.clock.advance(5000);
  const before = (await active(plane)).map((p) => p.metadata.uid).sort();
  const [first] = await plane.list(controllerRevision);
  assert.ok(first);
  const revisions = plane.api.of(controllerRevision);
  const {
    name: _,
    uid: __,
    resourceVersion: ___,
    creationTimestamp: ____,
    managedFields: _____,
    ...metadata
  } = first.metadata;
  await revisions.create({
    ...first,
    metadata: {
      ...metadata,
      name: 'second',
      labels: { ...first.metadata.labels, 'controller-revision-hash': 'second' },
    },
    revision: 2,
  });
  await plane.clock.advance(5000);
  assert.equal((await plane.list(controllerRevision)).length, 2, 'a revision that somebody adds wakes nobody');
  await plane.api.of(daemonSet).patch(KEY, { type: 'merge', body: { spec: { minReadySeconds: 1 } } });
  await plane.clock.advance(5000);
  assert.deepEqual(
    (await plane.list(controllerRevision)).map((r) => [r.metadata.name, r.revision]),
    [['second', 2]],
  );
  assert.deepEqual((await active(plane)).map((p) => p.metadata.uid).sort(), before);
  assert.deepEqual(
    (await active(plane)).map((p) => p.metadata.labels?.['controller-revision-hash']),
    ['second', 'second'],
  );
  await setImage(plane, 'v2');
  await plane.clock.advance(5000);
  assert.deepEqual((await plane.list(controllerRevision)).map((r) => r.revision).sort(), [2, 3]);
});
