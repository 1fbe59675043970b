import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployment, type Deployment, isActive, isReady, pod, replicaSet } from '@navarch/api';
import { deploymentController, replicaSetController } from '@navarch/controllers';
import type { Draft } from '@navarch/machinery';
import { ControlPlane, type ControlPlaneOptions, quickPods } from '../testing/control-plane.ts';

type Spec = Partial<NonNullable<Draft<Deployment>['spec']>>;

const web = (replicas: number, more: Spec = {}, image = 'nginx:1'): Draft<Deployment> => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } },
    ...more,
  },
});

async function start(options: Partial<ControlPlaneOptions> = {}): Promise<ControlPlane> {
  const plane = await ControlPlane.start({
    controllers: [deploymentController, replicaSetController],
    pods: quickPods,
    ...options,
  });
  return plane.withServiceAccount();
}
const change = (plane: ControlPlane, spec: (current: Deployment['spec']) => Deployment['spec']) =>
  plane.api.of(deployment).update('default/web', (d) => ({ ...d, spec: spec(d.spec) }));
const setImage = (plane: ControlPlane, image: string) =>
  change(plane, (spec) => ({
    ...spec,
    template: {
      ...spec.template,
      spec: { ...spec.template.spec, containers: spec.template.spec.containers.map((c) => ({ ...c, image })) },
    },
  }));
const get = (plane: ControlPlane) => plane.api.of(deployment).get('default/web');
const conditions = async (plane: ControlPlane) =>
  Object.fromEntries(
    ((await get(plane)).status.conditions ?? []).map((c) => [c.type, `${c.status} ${c.reason}: ${c.message}`]),
  );
const sizes = async (plane: ControlPlane) =>
  (await plane.list(replicaSet))
    .map(
      (s) =>
        [
          Number(s.metadata.annotations?.['deployment.kubernetes.io/revision']),
          s.spec.replicas,
          s.spec.template?.spec.containers[0]?.image,
        ] as const,
    )
    .sort((a, b) => a[0] - b[0]);

test('deploymentController rolls out and reports as upstream does', async () => {
  await using plane = await start();
  await plane.api.of(deployment).create(web(3));
  await plane.clock.advance(5000);
  const [set] = await plane.list(replicaSet);
  const hash = set?.metadata.labels?.['pod-template-hash'] ?? '';
  assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  assert.equal(set?.metadata.name, `web-${hash}`);
  assert.equal(set?.spec.selector.matchLabels?.['pod-template-hash'], hash);
  assert.deepEqual(set?.metadata.annotations, {
    'deployment.kubernetes.io/desired-replicas': '3',
    'deployment.kubernetes.io/max-replicas': '4',
    'deployment.kubernetes.io/revision': '1',
  });
  const found = await get(plane);
  assert.equal(found.metadata.annotations?.['deployment.kubernetes.io/revision'], '1');
  const { conditions: _, ...numbers } = found.status;
  assert.deepEqual(numbers, {
    observedGeneration: found.metadata.generation,
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    terminatingReplicas: 0,
  });
  assert.deepEqual(await conditions(plane), {
    Available: 'True MinimumReplicasAvailable: Deployment has minimum availability.',
    Progressing: `True NewReplicaSetAvailable: ReplicaSet "web-${hash}" has successfully progressed.`,
  });
  assert.deepEqual(await plane.events('Deployment'), [
    `ScalingReplicaSet: Scaled up replica set web-${hash} from 0 to 3`,
  ]);
});

test('deploymentController keeps revisions, and rolling back makes an old one the newest', async () => {
  await using plane = await start();
  await plane.api.of(deployment).create(web(2));
  await plane.clock.advance(5000);
  await setImage(plane, 'nginx:2');
  await plane.clock.advance(10_000);
  assert.deepEqual(await sizes(plane), [
    [1, 0, 'nginx:1'],
    [2, 2, 'nginx:2'],
  ]);
  await setImage(plane, 'nginx:1');
  await plane.clock.advance(10_000);
  assert.deepEqual(await sizes(plane), [
    [2, 0, 'nginx:2'],
    [3, 2, 'nginx:1'],
  ]);
  const newest = (await plane.list(replicaSet)).find((s) => (s.spec.replicas ?? 0) > 0);
  assert.equal(newest?.metadata.annotations?.['deployment.kubernetes.io/revision-history'], '1');
  assert.equal((await get(plane)).metadata.annotations?.['deployment.kubernetes.io/revision'], '3');
});

test('deploymentController forgets revisions beyond the limit', async () => {
  await using plane = await start();
  await plane.api.of(deployment).create(web(1, { revisionHistoryLimit: 2 }));
  for (let i = 2; i <= 6; i++) {
    await plane.clock.advance(10_000);
    await setImage(plane, `nginx:${i}`);
  }
  await plane.clock.advance(10_000);
  assert.deepEqual(await sizes(plane), [
    [4, 0, 'nginx:4'],
    [5, 0, 'nginx:5'],
    [6, 1, 'nginx:6'],
  ]);
});

test('deploymentController with Recreate never runs two versions at once', async () => {
  await using plane = await start();
  await plane.api.of(deployment).create(web(3, { strategy: { type: 'Recreate' } }));
  await plane.clock.advance(5000);
  await setImage(plane, 'nginx:2');
  for (let i = 0; i < 100; i++) {
    await plane.clock.advance(50);
    assert.ok(new Set((await plane.list(pod)).map((p) => p.spec.containers[0]?.image)).size <= 1);
  }
  assert.deepEqual(await sizes(plane), [
    [1, 0, 'nginx:1'],
    [2, 3, 'nginx:2'],
  ]);
});

test('deploymentController does not roll while paused, but scales', async () => {
  await using plane = await start();
  await plane.api.of(deployment).create(web(2));
  await plane.clock.advance(5000);
  await change(plane, (spec) => ({ ...spec, paused: true }));
  await plane.clock.advance(1000);
  assert.equal((await conditions(plane))['Progressing'], 'Unknown DeploymentPaused: Deployment is paused');
  await setImage(plane, 'nginx:2');
  await change(plane, (spec) => ({ ...spec, replicas: 5 }));
  await plane.clock.advance(5000);
  assert.deepEqual(await sizes(plane), [[1, 5, 'nginx:1']]);
  await change(plane, (spec) => ({ ...spec, paused: false }));
  await plane.clock.advance(10_000);
  assert.deepEqual(await sizes(plane), [
    [1, 0, 'nginx:1'],
    [2, 5, 'nginx:2'],
  ]);
});

test('deploymentController says when a rollout takes too long, and when it gets on after all', async () => {
  await using plane = await start({
    pods: { ...quickPods, startMs: (p) => (p.spec.containers[0]?.image === 'broken' ? undefined : 500) },
  });
  await plane.api.of(deployment).create(web(4, { progressDeadlineSeconds: 60 }));
  await plane.clock.advance(5000);
  await setImage(plane, 'broken');
  await plane.clock.advance(55_000);
  const set = (await plane.list(replicaSet)).find((s) => s.spec.template?.spec.containers[0]?.image === 'broken');
  assert.equal(
    (await conditions(plane))['Progressing'],
    `True ReplicaSetUpdated: ReplicaSet "${set?.metadata.name}" is progressing.`,
  );
  await plane.clock.advance(10_000);
  assert.equal(
    (await conditions(plane))['Progressing'],
    `False ProgressDeadlineExceeded: ReplicaSet "${set?.metadata.name}" has timed out progressing.`,
  );
  assert.equal(
    (await conditions(plane))['Available'],
    'True MinimumReplicasAvailable: Deployment has minimum availability.',
  );
  await setImage(plane, 'nginx:3');
  await plane.clock.advance(20_000);
  assert.match((await conditions(plane))['Progressing'] ?? '', /^True NewReplicaSetAvailable/);
});

test('deploymentController shares a change of size out in proportion in the middle of a rollout', async () => {
  await using plane = await start({
    pods: { ...quickPods, startMs: (p) => (p.spec.containers[0]?.image === 'broken' ? undefined : 500) },
  });
  await plane.api
    .of(deployment)
    .create(web(10, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } }));
  await plane.clock.advance(5000);
  await setImage(plane, 'broken');
  await plane.clock.advance(5000);
  assert.deepEqual(await sizes(plane), [
    [1, 8, 'nginx:1'],
    [2, 5, 'broken'],
  ]);
  await change(plane, (spec) => ({ ...spec, replicas: 15 }));
  await plane.clock.advance(5000);
  // The example of the Deployment documentation.
  assert.deepEqual(await sizes(plane), [
    [1, 11, 'nginx:1'],
    [2, 7, 'broken'],
  ]);
});

test('deploymentController copies why pods cannot be made', async () => {
  await using plane = await ControlPlane.start({ controllers: [deploymentController, replicaSetController] });
  await plane.api.of(deployment).create(web(1));
  await plane.clock.advance(2000);
  assert.match(
    (await conditions(plane))['ReplicaFailure'] ?? '',
    /^True FailedCreate: pods .*serviceaccount "default" not found$/,
  );
});

for (const [seed, maxSurge, maxUnavailable] of [
  [1, 1, 0],
  [2, 0, 1],
  [3, '25%', '25%'],
  [4, 3, 2],
  [5, '50%', 0],
  [6, 0, '40%'],
] as const) {
  test(`deploymentController stays within maxSurge ${maxSurge} and maxUnavailable ${maxUnavailable} on a bad network, seed ${seed}`, async () => {
    const replicas = 8;
    const share = (value: number | string, round: (n: number) => number) =>
      typeof value === 'number' ? value : round((Number.parseInt(value, 10) * replicas) / 100);
    const most = replicas + share(maxSurge, Math.ceil);
    const least = replicas - share(maxUnavailable, Math.floor);
    await using plane = await start({
      seed,
      faults: { latencyMs: 100, watchLagMs: 1000, loseAnswer: 0.05, refuse: 0.05, breakWatch: 0.02 },
      pods: { ...quickPods, startMs: () => 1500 },
    });
    await plane.api
      .of(deployment)
      .create(web(replicas, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } }));
    await plane.clock.advance(60_000);
    await setImage(plane, 'nginx:2');
    for (let i = 0; i < 600; i++) {
      if (i === 40) await setImage(plane, 'nginx:3');
      await plane.clock.advance(200);
      const pods = (await plane.list(pod)).filter(isActive);
      assert.ok(pods.length <= most, `${pods.length} pods, at most ${most} are allowed`);
      assert.ok(
        pods.filter(isReady).length >= least,
        `${pods.filter(isReady).length} ready pods, at least ${least} are wanted`,
      );
    }
    await plane.clock.advance(300_000);
    const pods = (await plane.list(pod)).filter(isActive);
    assert.deepEqual(
      pods.map((p) => p.spec.containers[0]?.image),
      Array.from({ length: replicas }, () => 'nginx:3'),
    );
  });
}

test('deploymentController counts revisions on from those of a set it takes over, however large', async () => {
  await using plane = await start();
  await plane.api.of(replicaSet).create({
    metadata: {
      name: 'orphan',
      namespace: 'default',
      labels: { app: 'web', old: 'yes' },
      annotations: { 'deployment.kubernetes.io/revision': '3546343826724305832' },
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web', old: 'yes' } },
      template: {
        metadata: { labels: { app: 'web', old: 'yes' } },
        spec: { containers: [{ name: 'c', image: 'v0' }] },
      },
    },
  });
  await plane.api.of(deployment).create(web(1));
  await plane.clock.advance(5000);
  const found = await plane.api.of(deployment).get('default/web');
  assert.equal(found.metadata.annotations?.['deployment.kubernetes.io/revision'], '3546343826724305833');
});

test('deploymentController goes back to the revision that an annotation of old asks for, or says why not', async () => {
  await using plane = await start();
  await plane.api.of(deployment).create(web(1));
  await plane.clock.advance(5000);
  await setImage(plane, 'nginx:2');
  await plane.clock.advance(5000);
  const ROLLBACK = 'deprecated.deployment.rollback.to';
  const ask = async (revision: string): Promise<string | undefined> => {
    await plane.api.of(deployment).update('default/web', (d) => ({
      ...d,
      metadata: { ...d.metadata, annotations: { ...d.metadata.annotations, [ROLLBACK]: revision } },
    }));
    await plane.clock.advance(5000);
    const { metadata, spec } = await get(plane);
    assert.equal(metadata.annotations?.[ROLLBACK], undefined);
    return spec.template.spec.containers[0]?.image;
  };
  assert.deepEqual([await ask('0'), await ask('7'), await ask('3')], ['nginx:1', 'nginx:1', 'nginx:1']);
  const said = (await plane.events('Deployment')).filter((line) => line.startsWith('DeploymentRollback'));
  assert.deepEqual(said, [
    'DeploymentRollback: Rolled back deployment "web" to revision 1',
    'DeploymentRollbackRevisionNotFound: Unable to find the revision to rollback to.',
    'DeploymentRollbackTemplateUnchanged: The rollback revision contains the same template as current deployment "web"',
  ]);
});
