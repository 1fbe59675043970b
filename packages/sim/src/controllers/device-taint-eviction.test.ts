import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceTaintRule, pod, resourceClaim, resourceSlice } from '@navarch/api';
import { deviceTaintEvictionController } from '@navarch/controllers';
import type { ObjectOf } from '@navarch/machinery';
import { ControlPlane } from '../testing/control-plane.ts';

type Claim = ObjectOf<typeof resourceClaim>;
type Tolerations = NonNullable<
  NonNullable<NonNullable<NonNullable<Claim['status']['allocation']>['devices']>['results']>[number]['tolerations']
>;
type Rule = ObjectOf<typeof deviceTaintRule>;
type Taint = Rule['spec']['taint'];

const DRIVER = 'gpu.example.com';

/** Pods of the default namespace, each on a node with a device of its own: the first has gpu-0, and so on. */
async function start(tolerations: Readonly<Record<string, Tolerations>>, count = 2): Promise<ControlPlane> {
  const plane = await ControlPlane.start({ controllers: [deviceTaintEvictionController()] });
  await plane.withServiceAccount();
  await plane.api.of(resourceSlice).create(slice([]));
  for (let i = 0; i < count; i++) await addPod(plane, i, tolerations[`gpu-${i}`] ?? []);
  await plane.clock.advance(1000);
  return plane;
}

const slice = (taints: readonly Taint[], generation = 1): ObjectOf<typeof resourceSlice> =>
  ({
    metadata: { name: `slice-${generation}` },
    spec: {
      driver: DRIVER,
      pool: { name: 'pool', generation, resourceSliceCount: 1 },
      allNodes: true,
      devices: [{ name: 'gpu-0', taints }, { name: 'gpu-1' }],
    },
  }) as unknown as ObjectOf<typeof resourceSlice>;

async function addPod(plane: ControlPlane, i: number, tolerations: Tolerations): Promise<void> {
  const [name, device] = [`p${i}`, `gpu-${i}`];
  const metadata = { namespace: 'default', name };
  const claims = plane.api.of(resourceClaim);
  await claims.create({
    metadata,
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } },
  });
  const { metadata: made } = await plane.api.of(pod).create({
    metadata,
    spec: {
      nodeName: 'n',
      containers: [{ name: 'c', image: 'i' }],
      resourceClaims: [{ name: 'r', resourceClaimName: name }],
    },
  });
  const results = [{ request: 'r', driver: DRIVER, pool: 'pool', device, tolerations }];
  const reservedFor = [{ resource: 'pods', name, uid: made.uid }];
  await claims.update(
    `default/${name}`,
    (claim) => ({ ...claim, status: { allocation: { devices: { results } }, reservedFor } }),
    { subresource: 'status' },
  );
}

const addRule = (plane: ControlPlane, effect: Taint['effect'], device?: string): Promise<unknown> =>
  plane.api.of(deviceTaintRule).create({
    metadata: { name: 'rule' },
    spec: {
      deviceSelector: { driver: DRIVER, ...(device ? { device } : {}) },
      taint: { key: 'example.com/broken', value: 'yes', effect },
    },
  });

const names = async (plane: ControlPlane): Promise<readonly string[]> =>
  (await plane.list(pod)).filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.name);
const told = async (plane: ControlPlane): Promise<string> => {
  const [condition] = (await plane.api.of(deviceTaintRule).get('rule')).status.conditions ?? [];
  return `${condition?.type} ${condition?.status} ${condition?.reason} ${condition?.message}`;
};
const tolerating = (tolerationSeconds?: number): Tolerations => [
  {
    key: 'example.com/broken',
    operator: 'Exists',
    effect: 'NoExecute',
    ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
  },
];

test('device taint eviction: a pod goes whose device its driver taints, says why, and no other does', async () => {
  await using plane = await start({});
  const taint = { key: 'example.com/broken', effect: 'NoExecute' } as const;
  // A new generation: what the older slice says of the pool is void.
  await plane.api.of(resourceSlice).create(slice([taint], 2));
  const seen = plane.api.of(pod).watch({ namespace: 'default', after: '0' }, new AbortController().signal);
  await plane.clock.advance(2000);
  assert.deepEqual(await names(plane), ['p1']);
  assert.deepEqual(await plane.events('Pod'), ['DeviceTaintManagerEviction: Marking for deletion']);
  for await (const batch of seen) {
    const reasons = batch.flatMap((e) =>
      e.type === 'BOOKMARK' ? [] : (e.object.status.conditions ?? []).map(({ type, reason }) => `${type} ${reason}`),
    );
    if (reasons.length === 0) continue;
    assert.deepEqual([...new Set(reasons)], ['DisruptionTarget DeletionByDeviceTaintManager']);
    break;
  }
});

test('device taint eviction: NoSchedule evicts nobody, NoExecute when the tolerated time is over, and the rule tells of it', async () => {
  await using plane = await start({ 'gpu-0': tolerating(60), 'gpu-1': tolerating() });
  await addRule(plane, 'NoSchedule');
  await plane.clock.advance(120_000);
  assert.deepEqual(await names(plane), ['p0', 'p1']);
  assert.equal(
    await told(plane),
    'EvictionInProgress False OtherEffect Eviction only happens for the NoExecute effect.',
  );
  await plane.api.of(deviceTaintRule).delete('rule');
  await addRule(plane, 'NoExecute');
  await plane.clock.advance(55_000);
  assert.deepEqual(await names(plane), ['p0', 'p1']);
  assert.equal(
    await told(plane),
    'EvictionInProgress True PodsPendingEviction 1 pod needs to be evicted in 1 namespace.',
  );
  await plane.clock.advance(6000);
  assert.deepEqual(await names(plane), ['p1']);
  await plane.clock.advance(20_000);
  assert.equal(await told(plane), 'EvictionInProgress False Completed 1 pod evicted since starting the controller.');
});

test('device taint eviction: a rule that goes in time lets the pod stay', async () => {
  await using plane = await start({ 'gpu-0': tolerating(60) }, 1);
  await addRule(plane, 'NoExecute', 'gpu-0');
  await plane.clock.advance(30_000);
  await plane.api.of(deviceTaintRule).delete('rule');
  await plane.clock.advance(120_000);
  assert.deepEqual(await names(plane), ['p0']);
  assert.deepEqual(await plane.events('Pod'), ['DeviceTaintManagerEviction: Cancelling deletion']);
});

test('device taint eviction: a rule without effect says what it would do', async () => {
  await using plane = await start({ 'gpu-1': tolerating() });
  await addRule(plane, 'None');
  await plane.clock.advance(20_000);
  assert.deepEqual(await names(plane), ['p0', 'p1']);
  assert.equal(
    await told(plane),
    'EvictionInProgress False NoEffect 2 published devices selected. 2 allocated devices selected. 1 pod would be evicted in 1 namespace if the effect was NoExecute. This information will not be updated again. Recreate the DeviceTaintRule to trigger an update.',
  );
});
