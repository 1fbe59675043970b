import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isActive, isReady, persistentVolumeClaim, pod, statefulSet } from '@navarch/api';
import { statefulSetController } from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { ControlPlane, type ControlPlaneOptions, quickPods } from '../testing/control-plane.ts';

type StatefulSet = ObjectOf<typeof statefulSet>;
const KEY = 'default/db';

async function start(options: Partial<ControlPlaneOptions> = {}): Promise<ControlPlane> {
  return (
    await ControlPlane.start({ controllers: [statefulSetController], pods: quickPods, ...options })
  ).withServiceAccount();
}
const make = (plane: ControlPlane, spec: Draft<StatefulSet>['spec'] = {}) =>
  plane.api.of(statefulSet).create({
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      serviceName: 'db',
      replicas: 3,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'v1' }] } },
      ...spec,
    },
  });
const change = (plane: ControlPlane, spec: (current: StatefulSet['spec']) => StatefulSet['spec']) =>
  plane.api.of(statefulSet).update(KEY, (s) => ({ ...s, spec: spec(s.spec) }));
const setImage = (plane: ControlPlane, image: string) =>
  change(plane, (spec) => ({
    ...spec,
    template: {
      ...spec.template,
      spec: { ...spec.template.spec, containers: spec.template.spec.containers.map((c) => ({ ...c, image })) },
    },
  }));
const images = async (plane: ControlPlane) =>
  Object.fromEntries(
    (await plane.list(pod)).filter(isActive).map((p) => [p.metadata.name, p.spec.containers[0]?.image]),
  );

test('statefulSetController makes its pods in order, each after the one before is up, with names and claims that last', async () => {
  await using plane = await start();
  await make(plane, {
    volumeClaimTemplates: [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    ],
  });
  let most = 0;
  for (let i = 0; i < 40; i++) {
    await plane.clock.advance(100);
    most = Math.max(most, (await plane.list(pod)).filter((p) => !isReady(p)).length);
  }
  assert.equal(most, 1);
  const pods = await plane.list(pod);
  assert.deepEqual(pods.map((p) => p.metadata.name).sort(), ['db-0', 'db-1', 'db-2']);
  const [first] = pods.filter((p) => p.metadata.name === 'db-0');
  assert.deepEqual(
    [
      first?.spec.hostname,
      first?.spec.subdomain,
      first?.metadata.labels?.['apps.kubernetes.io/pod-index'],
      first?.metadata.labels?.['statefulset.kubernetes.io/pod-name'],
    ],
    ['db-0', 'db', '0', 'db-0'],
  );
  assert.equal(first?.spec.volumes?.find((v) => v.name === 'data')?.persistentVolumeClaim?.claimName, 'data-db-0');
  assert.deepEqual((await plane.list(persistentVolumeClaim)).map((c) => c.metadata.name).sort(), [
    'data-db-0',
    'data-db-1',
    'data-db-2',
  ]);
  const { status } = await plane.api.of(statefulSet).get(KEY);
  assert.deepEqual(
    [status.replicas, status.readyReplicas, status.availableReplicas, status.currentReplicas, status.updatedReplicas],
    [3, 3, 3, 3, 3],
  );
  assert.equal(status.currentRevision, first?.metadata.labels?.['controller-revision-hash']);
  assert.ok(
    (await plane.events('StatefulSet')).includes('SuccessfulCreate: create Pod db-0 in StatefulSet db successful'),
  );
  assert.ok(
    (await plane.events('StatefulSet')).includes(
      'SuccessfulCreate: create Claim data-db-0 Pod db-0 in StatefulSet db success',
    ),
  );
});

test('statefulSetController shrinks from the top, one pod at a time, and keeps the claims', async () => {
  await using plane = await start();
  await make(plane);
  await plane.clock.advance(5000);
  await change(plane, (spec) => ({ ...spec, replicas: 1 }));
  await plane.clock.advance(300);
  assert.deepEqual(
    (await plane.list(pod)).filter((p) => p.metadata.deletionTimestamp).map((p) => p.metadata.name),
    ['db-2'],
  );
  await plane.clock.advance(5000);
  assert.deepEqual(Object.keys(await images(plane)), ['db-0']);
});

test('statefulSetController rolls from the top down to the partition, and brings back old pods below it', async () => {
  await using plane = await start();
  await make(plane, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } });
  await plane.clock.advance(5000);
  await setImage(plane, 'v2');
  await plane.clock.advance(10_000);
  assert.deepEqual(await images(plane), { 'db-0': 'v1', 'db-1': 'v2', 'db-2': 'v2' });
  await plane.api.of(pod).delete('default/db-0');
  await plane.clock.advance(5000);
  assert.deepEqual(await images(plane), { 'db-0': 'v1', 'db-1': 'v2', 'db-2': 'v2' });
  const before = (await plane.api.of(statefulSet).get(KEY)).status;
  assert.notEqual(before.currentRevision, before.updateRevision);
  await change(plane, (spec) => ({
    ...spec,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
  }));
  await plane.clock.advance(5000);
  const after = (await plane.api.of(statefulSet).get(KEY)).status;
  assert.equal(after.currentRevision, after.updateRevision);
  assert.deepEqual(await images(plane), { 'db-0': 'v2', 'db-1': 'v2', 'db-2': 'v2' });
});

test('statefulSetController with Parallel does not wait, with OnDelete does not roll, and starts where it is told', async () => {
  await using plane = await start({ pods: { ...quickPods, startMs: () => undefined } });
  await make(plane, { podManagementPolicy: 'Parallel', updateStrategy: { type: 'OnDelete' }, ordinals: { start: 5 } });
  await plane.clock.advance(1000);
  assert.deepEqual(Object.keys(await images(plane)).sort(), ['db-5', 'db-6', 'db-7']);
  await setImage(plane, 'v2');
  await plane.clock.advance(5000);
  assert.deepEqual(new Set(Object.values(await images(plane))), new Set(['v1']));
});

for (const seed of [1, 2, 3, 4]) {
  test(`statefulSetController never has more than one member down in a rollout on a bad network, seed ${seed}`, async () => {
    await using plane = await start({
      seed,
      faults: { latencyMs: 100, watchLagMs: 1500, loseAnswer: 0.1, refuse: 0.05, breakWatch: 0.03 },
    });
    await make(plane);
    await plane.clock.advance(120_000);
    await setImage(plane, 'v2');
    for (let i = 0; i < 200; i++) {
      await plane.clock.advance(300);
      const up = (await plane.list(pod)).filter((p) => isActive(p) && isReady(p)).length;
      assert.ok(up >= 2, `${up} of 3 are up`);
    }
    await plane.clock.advance(120_000);
    assert.deepEqual(await images(plane), { 'db-0': 'v2', 'db-1': 'v2', 'db-2': 'v2' });
  });
}

test('statefulSetController does not shrink while another pod is not ready, but takes away the one that is not', async () => {
  await using plane = await start();
  await make(plane);
  await plane.clock.advance(10_000);
  const setReady = (ordinal: number, status: 'True' | 'False') =>
    plane.api.of(pod).update(
      `${KEY}-${ordinal}`,
      (p) => ({
        ...p,
        status: {
          ...p.status,
          conditions: p.status.conditions?.map((c) => (c.type === 'Ready' ? { ...c, status } : c)) ?? [],
        },
      }),
      { subresource: 'status' },
    );
  const names = async () =>
    (await plane.list(pod))
      .filter(isActive)
      .map((p) => p.metadata.name)
      .sort()
      .join();
  for (const ordinal of [0, 1, 2]) await setReady(ordinal, 'False');
  await change(plane, (spec) => ({ ...spec, replicas: 0 }));
  await plane.clock.advance(30_000);
  assert.equal(await names(), 'db-0,db-1,db-2');
  for (const ordinal of [0, 1]) await setReady(ordinal, 'True');
  await plane.clock.advance(30_000);
  assert.equal(await names(), '');
});

test('statefulSetController without a partition rolls out to pods that are gone at once', async () => {
  await using plane = await start();
  await make(plane, {
    updateStrategy: { type: 'RollingUpdate' },
    template: {
      metadata: { labels: { a: 'b' } },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'v1' }] },
    },
  });
  await plane.clock.advance(5000);
  await setImage(plane, 'v2');
  await plane.clock.advance(10_000);
  assert.deepEqual(await images(plane), { 'db-0': 'v2', 'db-1': 'v2', 'db-2': 'v2' });
});

test('statefulSetController replaces as many pods at a time as may be unavailable, from the top', async () => {
  await using plane = await start();
  await make(plane, {
    replicas: 5,
    podManagementPolicy: 'Parallel',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '40%' } },
  });
  await plane.clock.advance(5000);
  await setImage(plane, 'v2');
  let most = 0;
  for (let i = 0; i < 100; i++) {
    await plane.clock.advance(100);
    const ready = (await plane.list(pod)).filter((p) => isReady(p) && !p.metadata.deletionTimestamp).length;
    most = Math.max(most, 5 - ready);
  }
  assert.equal(most, 2);
  assert.deepEqual(new Set(Object.values(await images(plane))), new Set(['v2']));
  const { status } = await plane.api.of(statefulSet).get(KEY);
  assert.deepEqual([status.currentReplicas, status.currentRevision === status.updateRevision], [5, true]);
});

test('statefulSetController lets claims go with whom the retention policy says', async () => {
  await using plane = await start();
  const volumeClaimTemplates = [
    {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
  ] as const;
  const owners = async () =>
    Object.fromEntries(
      (await plane.list(persistentVolumeClaim)).map((c) => [
        c.metadata.name,
        (c.metadata.ownerReferences ?? []).map(({ kind, name }) => `${kind}/${name}`).join(),
      ]),
    );
  await make(plane, {
    volumeClaimTemplates: [...volumeClaimTemplates],
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
  });
  await plane.clock.advance(5000);
  assert.deepEqual(await owners(), {
    'data-db-0': 'StatefulSet/db',
    'data-db-1': 'StatefulSet/db',
    'data-db-2': 'StatefulSet/db',
  });
  await change(plane, (spec) => ({ ...spec, replicas: 1 }));
  await plane.clock.advance(5000);
  assert.deepEqual(await owners(), { 'data-db-0': 'StatefulSet/db', 'data-db-1': 'Pod/db-1', 'data-db-2': 'Pod/db-2' });
  await change(plane, (spec) => ({
    ...spec,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  }));
  await plane.clock.advance(5000);
  assert.equal((await owners())['data-db-0'], '');
});
