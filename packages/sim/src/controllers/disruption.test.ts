import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployment, job, pod, podDisruptionBudget, replicaSet, statefulSet } from '@navarch/api';
import {
  deploymentController,
  disruptionController,
  replicaSetController,
  staleDisruptionController,
} from '@navarch/controllers';
import { type Draft, hasReason, type ObjectOf } from '@navarch/machinery';
import { ControlPlane, type ControlPlaneOptions, quickPods } from '../testing/control-plane.ts';

type Budget = ObjectOf<typeof podDisruptionBudget>;
const KINDS = [deployment, replicaSet, statefulSet, job];

async function start(options: Partial<ControlPlaneOptions> = {}): Promise<ControlPlane> {
  const controllers = [
    disruptionController(KINDS),
    deploymentController,
    replicaSetController,
    staleDisruptionController,
  ];
  const plane = await ControlPlane.start({ controllers, pods: quickPods, ...options });
  return plane.withServiceAccount();
}

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } };
const web = (replicas: number): Draft<ObjectOf<typeof deployment>> => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template },
});
const budget = (spec: Partial<Budget['spec']>): Draft<Budget> => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
});

async function create(
  replicas: number,
  spec: Partial<Budget['spec']>,
  options: Partial<ControlPlaneOptions> = {},
): Promise<ControlPlane> {
  const plane = await start(options);
  await plane.api.of(deployment).create(web(replicas));
  await plane.api.of(podDisruptionBudget).create(budget(spec));
  await plane.clock.advance(10_000);
  return plane;
}

const statusOf = async (plane: ControlPlane): Promise<Budget['status']> =>
  (await plane.api.of(podDisruptionBudget).get('default/web')).status;
const numbers = ({
  expectedPods,
  desiredHealthy,
  currentHealthy,
  disruptionsAllowed,
}: Budget['status']): readonly number[] => [expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed];
const evict = (plane: ControlPlane, name: string): Promise<unknown> =>
  plane.api.of(pod).post(`default/${name}`, 'eviction', {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace: 'default' },
  });

// Of ten replicas: expected, desired, healthy, allowed.
const shares: readonly (readonly [Partial<Budget['spec']>, readonly number[]])[] = [
  [{ minAvailable: 7 }, [10, 7, 10, 3]],
  [{ minAvailable: '65%' }, [10, 7, 10, 3]],
  [{ maxUnavailable: 1 }, [10, 9, 10, 1]],
  [{ maxUnavailable: '25%' }, [10, 7, 10, 3]],
  [{ minAvailable: 12 }, [10, 12, 10, 0]],
  [{}, [0, 0, 10, 0]],
];
for (const [spec, expected] of shares) {
  test(`disruptionController counts ${JSON.stringify(spec)} of ten pods`, async () => {
    await using plane = await create(10, spec);
    const status = await statusOf(plane);
    assert.deepEqual(numbers(status), expected);
    const isOpen = (expected[3] ?? 0) > 0;
    const [condition] = status.conditions ?? [];
    assert.deepEqual(
      [condition?.type, condition?.status, condition?.reason, status.observedGeneration],
      ['DisruptionAllowed', isOpen ? 'True' : 'False', isOpen ? 'SufficientPods' : 'InsufficientPods', 1],
    );
  });
}

test('disruptionController follows what the owner wants', async () => {
  await using plane = await create(4, { maxUnavailable: '50%' });
  assert.deepEqual(numbers(await statusOf(plane)), [4, 2, 4, 2]);
  await plane.api.of(deployment).update('default/web', (d) => ({ ...d, spec: { ...d.spec, replicas: 8 } }));
  await plane.clock.advance(10_000);
  assert.deepEqual(numbers(await statusOf(plane)), [8, 4, 8, 4]);
});

test('disruptionController allows nothing where an owner says no number, and says why', async () => {
  await using plane = await start();
  const owner = await plane.api.of(job).create({
    metadata: { name: 'j', namespace: 'default' },
    spec: { template: { metadata: {}, spec: { ...template.spec, restartPolicy: 'Never' as const } } },
  });
  const ownerReferences = [
    { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: owner.metadata.uid, controller: true },
  ];
  await plane.api.of(pod).create({
    metadata: { name: 'p', namespace: 'default', labels: { app: 'web' }, ownerReferences },
    spec: template.spec,
  });
  await plane.api.of(podDisruptionBudget).create(budget({ maxUnavailable: 1 }));
  await plane.clock.advance(5000);
  const [condition] = (await statusOf(plane)).conditions ?? [];
  const text = 'jobs.batch does not implement the scale subresource';
  assert.deepEqual([condition?.status, condition?.reason, condition?.message], ['False', 'SyncFailed', text]);
  assert.ok(
    (await plane.events('PodDisruptionBudget')).includes(
      `CalculateExpectedPodCountFailed: Failed to calculate the number of expected pods: ${text}`,
    ),
  );
});

test('disruptionController says that nothing matches, and warns of pods that nobody manages', async () => {
  await using plane = await start();
  await plane.api.of(podDisruptionBudget).create(budget({ maxUnavailable: 1 }));
  await plane.clock.advance(2000);
  assert.ok((await plane.events('PodDisruptionBudget')).includes('NoPods: No matching pods found'));
  await plane.api
    .of(pod)
    .create({ metadata: { name: 'p', namespace: 'default', labels: { app: 'web' } }, spec: template.spec });
  await plane.clock.advance(5000);
  assert.ok(
    (await plane.events('PodDisruptionBudget')).some((text) =>
      text.startsWith(
        'UnmanagedPods: Pods selected by this PodDisruptionBudget (selector: app=web) were found to be unmanaged.',
      ),
    ),
  );
  assert.deepEqual(numbers(await statusOf(plane)), [0, 0, 1, 0]);
});

// With 114 and 184 the controller sees that a pod was evicted before it sees that there is one.
for (const seed of [1, 2, 3, 4, 114, 184]) {
  test(`evictions never take a budget below what it keeps, whatever the network does, seed ${seed}`, async () => {
    await using plane = await create(
      6,
      { minAvailable: 4 },
      { seed, faults: { latencyMs: 200, watchLagMs: 2000, loseAnswer: 0.15, refuse: 0.1, breakWatch: 0.05 } },
    );
    await plane.clock.advance(60_000);
    let [evicted, refused] = [0, 0];
    for (let i = 0; i < 120; i++) {
      const pods = (await plane.list(pod)).filter((p) => !p.metadata.deletionTimestamp && p.status.phase === 'Running');
      const target = pods[i % Math.max(1, pods.length)];
      try {
        if (target) await evict(plane, target.metadata.name);
        evicted++;
      } catch (error) {
        if (!hasReason(error, 'TooManyRequests')) throw error;
        refused++;
      }
      const healthy = (await plane.list(pod)).filter(
        (p) => !p.metadata.deletionTimestamp && p.status.phase === 'Running',
      ).length;
      assert.ok(healthy >= 4, `${healthy} healthy pods`);
      await plane.clock.advance(1000);
    }
    assert.ok(evicted > 5 && refused > 5, `${evicted} evicted, ${refused} refused`);
    await plane.clock.advance(180_000);
    assert.deepEqual(numbers(await statusOf(plane)), [6, 4, 6, 2]);
    assert.equal((await statusOf(plane)).disruptedPods, undefined);
  });
}

test('disruptionController gives back what was allowed for pods that stayed', async () => {
  await using plane = await create(3, { minAvailable: 2 });
  const name = (await plane.list(pod))[0]?.metadata.name ?? '';
  const now = new Date(plane.clock.now()).toISOString().slice(0, 19);
  await plane.api
    .of(podDisruptionBudget)
    .update(
      'default/web',
      (b) => ({ ...b, status: { ...b.status, disruptionsAllowed: 0, disruptedPods: { [name]: `${now}Z` } } }),
      { subresource: 'status' },
    );
  await plane.clock.advance(60_000);
  assert.deepEqual(numbers(await statusOf(plane)), [3, 2, 2, 0]);
  await plane.clock.advance(62_000);
  assert.deepEqual([...numbers(await statusOf(plane)), (await statusOf(plane)).disruptedPods], [3, 2, 3, 1, undefined]);
  assert.ok(
    (await plane.events('Pod')).includes("NotDeleted: Pod was expected by PDB default/web to be deleted but it wasn't"),
  );
});

test('staleDisruptionController takes back a word that nobody acted upon', async () => {
  await using plane = await create(1, { minAvailable: 1 });
  const name = (await plane.list(pod))[0]?.metadata.name ?? '';
  const lastTransitionTime = `${new Date(plane.clock.now()).toISOString().slice(0, 19)}Z`;
  await plane.api.of(pod).update(
    `default/${name}`,
    (p) => ({
      ...p,
      status: {
        ...p.status,
        conditions: [
          ...(p.status.conditions ?? []),
          { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', lastTransitionTime },
        ],
      },
    }),
    { subresource: 'status' },
  );
  const target = async () =>
    (await plane.api.of(pod).get(`default/${name}`)).status.conditions?.find(({ type }) => type === 'DisruptionTarget')
      ?.status;
  await plane.clock.advance(110_000);
  assert.equal(await target(), 'True');
  await plane.clock.advance(15_000);
  assert.equal(await target(), 'False');
});
