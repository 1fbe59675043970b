import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isActive, pod, type ReplicaSet, replicaSet } from '@navarch/api';
import { replicaSetController } from '@navarch/controllers';
import type { Draft } from '@navarch/machinery';
import { ControlPlane, type ControlPlaneOptions, quickPods } from '../testing/control-plane.ts';

const set = (replicas: number): Draft<ReplicaSet> => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
  },
});

async function start(options: Partial<ControlPlaneOptions> = {}): Promise<ControlPlane> {
  const plane = await ControlPlane.start({ controllers: [replicaSetController], pods: quickPods, ...options });
  return plane.withServiceAccount();
}
const active = async (plane: ControlPlane) => (await plane.list(pod)).filter(isActive);
const scale = (plane: ControlPlane, replicas: number) =>
  plane.api.of(replicaSet).update('default/web', (s) => ({ ...s, spec: { ...s.spec, replicas } }));

test('replicaSetController makes the pods, says so, and reports them', async () => {
  await using plane = await start();
  await plane.api.of(replicaSet).create(set(3));
  await plane.clock.advance(5000);
  const pods = await active(plane);
  assert.equal(pods.length, 3);
  assert.ok(
    pods.every(
      (p) =>
        p.metadata.name.startsWith('web-') &&
        p.metadata.ownerReferences?.[0]?.controller &&
        p.metadata.ownerReferences[0].blockOwnerDeletion,
    ),
  );
  assert.deepEqual((await plane.list(replicaSet))[0]?.status, {
    replicas: 3,
    fullyLabeledReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    terminatingReplicas: 0,
    observedGeneration: 1,
  });
  assert.deepEqual(
    [...(await plane.events('ReplicaSet'))].sort(),
    pods.map((p) => `SuccessfulCreate: Created pod: ${p.metadata.name}`).sort(),
  );
});

test('replicaSetController takes away the pods whose loss costs least', async () => {
  await using plane = await start({
    pods: { ...quickPods, startMs: (p) => (p.metadata.labels?.['slow'] ? undefined : 500) },
  });
  await plane.api.of(replicaSet).create(set(4));
  await plane.clock.advance(2000);
  const [cheap, ...others] = await active(plane);
  await plane.api.of(pod).update(`default/${cheap?.metadata.name}`, (p) => ({
    ...p,
    metadata: { ...p.metadata, annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-5' } },
  }));
  await scale(plane, 3);
  await plane.clock.advance(2000);
  assert.deepEqual((await active(plane)).map((p) => p.metadata.name).sort(), others.map((p) => p.metadata.name).sort());
  assert.equal((await plane.events('ReplicaSet')).at(-1), `SuccessfulDelete: Deleted pod: ${cheap?.metadata.name}`);
});

test('replicaSetController adopts matching orphans and releases what no longer matches', async () => {
  await using plane = await start();
  await plane.api.of(pod).create({
    metadata: { name: 'stray', namespace: 'default', labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'nginx' }] },
  });
  await plane.api.of(replicaSet).create(set(2));
  await plane.clock.advance(3000);
  assert.equal((await active(plane)).length, 2);
  assert.equal((await plane.api.of(pod).get('default/stray')).metadata.ownerReferences?.[0]?.name, 'web');
  await plane.api
    .of(pod)
    .update('default/stray', (p) => ({ ...p, metadata: { ...p.metadata, labels: { app: 'debug' } } }));
  await plane.clock.advance(3000);
  assert.equal((await plane.api.of(pod).get('default/stray')).metadata.ownerReferences, undefined);
  assert.equal((await active(plane)).length, 3);
});

test('replicaSetController asks once when it is refused, says why, and recovers', async () => {
  await using plane = await ControlPlane.start({ controllers: [replicaSetController], pods: quickPods });
  await plane.api.of(replicaSet).create(set(100));
  await plane.clock.advance(2_000);
  const text = 'error looking up service account default/default: serviceaccount "default" not found';
  assert.match(
    (await plane.events('ReplicaSet'))[0] ?? '',
    new RegExp(`^FailedCreate: Error creating: pods .* is forbidden: ${text}$`),
  );
  const failed = (await plane.list(replicaSet))[0]?.status.conditions?.[0];
  assert.deepEqual([failed?.type, failed?.status, failed?.reason], ['ReplicaFailure', 'True', 'FailedCreate']);
  assert.ok((await plane.events('ReplicaSet')).length <= 2, 'one try, not a hundred');
  await plane.withServiceAccount();
  await plane.clock.advance(60_000);
  assert.equal((await active(plane)).length, 100);
  assert.equal((await plane.list(replicaSet))[0]?.status.conditions, undefined);
});

test('replicaSetController counts a pod as available after minReadySeconds, without any other change', async () => {
  await using plane = await start();
  const { spec, ...rest } = set(1);
  await plane.api.of(replicaSet).create({ ...rest, spec: { ...spec, minReadySeconds: 30 } } as Draft<ReplicaSet>);
  await plane.clock.advance(10_000);
  assert.equal((await plane.list(replicaSet))[0]?.status.availableReplicas, undefined);
  await plane.clock.advance(25_000);
  assert.equal((await plane.list(replicaSet))[0]?.status.availableReplicas, 1);
});

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`replicaSetController never makes a pod too many on a slow cache with lost answers, seed ${seed}`, async () => {
    await using plane = await start({
      seed,
      faults: { latencyMs: 200, watchLagMs: 3000, loseAnswer: 0.15, refuse: 0.1, breakWatch: 0.05 },
    });
    await plane.api.of(replicaSet).create(set(7));
    for (let i = 0; i < 200; i++) {
      await plane.clock.advance(200);
      assert.ok((await active(plane)).length <= 7, `${(await active(plane)).length} pods`);
    }
    await plane.clock.advance(300_000);
    assert.equal((await active(plane)).length, 7);
    await scale(plane, 3);
    for (let i = 0; i < 100; i++) {
      await plane.clock.advance(200);
      assert.ok((await active(plane)).length >= 3, 'a pod too few');
    }
    await plane.clock.advance(300_000);
    assert.equal((await active(plane)).length, 3);
  });
}
