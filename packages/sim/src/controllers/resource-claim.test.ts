import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod, resourceClaim, resourceClaimTemplate } from '@navarch/api';
import { claimReleaseController, generatedClaimsController, generateNameOf } from '@navarch/controllers';
import type { ObjectOf } from '@navarch/machinery';
import { ControlPlane, type ControlPlaneOptions, quickPods } from '../testing/control-plane.ts';

type Claim = ObjectOf<typeof resourceClaim>;

const SEEDS = 20;
const FINALIZER = 'resource.kubernetes.io/delete-protection';
const spec = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com' } }] } };
const template = {
  metadata: { name: 'one-gpu', namespace: 'default' },
  spec: { metadata: { labels: { team: 'a' }, annotations: { note: 'n' } }, spec },
};
const allocation = {
  devices: { results: [{ request: 'gpu', driver: 'gpu.example.com', pool: 'p', device: 'gpu-0' }] },
};

async function start(options: Partial<ControlPlaneOptions> = {}): Promise<ControlPlane> {
  const plane = await ControlPlane.start({
    controllers: [generatedClaimsController, claimReleaseController],
    ...options,
  });
  await plane.withServiceAccount();
  return plane;
}

const createPod = (plane: ControlPlane, name: string, claim: object): Promise<unknown> =>
  plane.api.of(pod).create({
    metadata: { name, namespace: 'default' },
    spec: {
      containers: [{ name: 'c', image: 'i', resources: { claims: [{ name: 'gpu' }] } }],
      resourceClaims: [{ name: 'gpu', ...claim }],
    },
  });
const fromTemplate = { resourceClaimTemplateName: 'one-gpu' };

const claims = async (plane: ControlPlane): Promise<readonly Claim[]> =>
  (await plane.api.of(resourceClaim).list()).items;

/** As the scheduler does: the devices, and what gives them back. */
async function allocate(plane: ControlPlane, key: string): Promise<void> {
  const api = plane.api.of(resourceClaim);
  await api.update(key, (claim) => ({ ...claim, metadata: { ...claim.metadata, finalizers: [FINALIZER] } }));
  await api.update(key, (claim) => ({ ...claim, status: { allocation } }), { subresource: 'status' });
}

test('a pod gets a claim from its template, which is told of, and again when that one is deleted', async () => {
  await using plane = await start();
  await plane.api.of(resourceClaimTemplate).create(template);
  await createPod(plane, 'p', fromTemplate);
  await plane.clock.advance(1000);
  const [made] = await claims(plane);
  assert.match(made?.metadata.name ?? '', /^p-gpu-[a-z0-9]{5}$/);
  assert.deepEqual(made?.metadata.labels, { team: 'a' });
  assert.deepEqual(made?.metadata.annotations, { note: 'n', 'resource.kubernetes.io/pod-claim-name': 'gpu' });
  const { uid, name, controller, blockOwnerDeletion } = made?.metadata.ownerReferences?.[0] ?? {};
  const owner = await plane.api.of(pod).get('default/p');
  assert.deepEqual([uid, name, controller, blockOwnerDeletion], [owner.metadata.uid, 'p', true, true]);
  assert.equal(made?.spec.devices?.requests?.[0]?.name, 'gpu');
  assert.deepEqual(owner.status.resourceClaimStatuses, [{ name: 'gpu', resourceClaimName: made?.metadata.name }]);
  const entry = owner.metadata.managedFields?.find(({ manager }) => manager === 'ResourceClaimController');
  assert.deepEqual([entry?.operation, entry?.subresource], ['Apply', 'status']);

  await plane.api.of(resourceClaim).delete(`default/${made?.metadata.name}`);
  await plane.clock.advance(1000);
  const [second, ...more] = await claims(plane);
  assert.notEqual(second?.metadata.uid, made?.metadata.uid);
  const told = (await plane.api.of(pod).get('default/p')).status.resourceClaimStatuses;
  assert.deepEqual([told?.[0]?.resourceClaimName, more], [second?.metadata.name, []]);
});

test('a pod whose template is not there is told so, and served once it is', async () => {
  await using plane = await start();
  await createPod(plane, 'p', fromTemplate);
  await plane.clock.advance(1000);
  const missing = 'resource claim template "one-gpu": resourceclaimtemplate.resource.k8s.io "one-gpu" not found';
  assert.deepEqual((await plane.events('Pod')).slice(0, 1), [
    `FailedResourceClaimCreation: PodResourceClaim gpu: ${missing}`,
  ]);
  assert.deepEqual(await claims(plane), []);
  await plane.api.of(resourceClaimTemplate).create(template);
  await plane.clock.advance(1000);
  assert.equal((await claims(plane)).length, 1);
});

test('a claim is reserved for a pod that is bound, and freed when its last pod is done', async () => {
  await using plane = await start({ pods: quickPods });
  await plane.api.of(resourceClaim).create({ metadata: { name: 'shared', namespace: 'default' }, spec });
  for (const name of ['p', 'q']) await createPod(plane, name, { resourceClaimName: 'shared' });
  await allocate(plane, 'default/shared');
  await plane.clock.advance(5000);
  const reservedFor = async (): Promise<readonly string[]> =>
    ((await plane.api.of(resourceClaim).get('default/shared')).status.reservedFor ?? []).map(({ name }) => name).sort();
  assert.deepEqual(await reservedFor(), ['p', 'q']);

  await plane.api.of(pod).delete('default/p');
  await plane.clock.advance(5000);
  assert.deepEqual(await reservedFor(), ['q']);
  await plane.api
    .of(pod)
    .update('default/q', (q) => ({ ...q, status: { ...q.status, phase: 'Succeeded' } }), { subresource: 'status' });
  await plane.clock.advance(5000);
  const shared = await plane.api.of(resourceClaim).get('default/shared');
  assert.deepEqual([shared.status, shared.metadata.finalizers], [{}, undefined]);
});

test('a claim made for a pod goes when the pod is done, though the pod stays', async () => {
  await using plane = await start({ pods: quickPods });
  await plane.api.of(resourceClaimTemplate).create(template);
  await createPod(plane, 'p', fromTemplate);
  await plane.clock.advance(1000);
  const [made] = await claims(plane);
  await allocate(plane, `default/${made?.metadata.name}`);
  await plane.clock.advance(5000);
  const [reserved] = await claims(plane);
  assert.deepEqual(
    reserved?.status.reservedFor?.map(({ resource, name }) => [resource, name]),
    [['pods', 'p']],
  );
  await plane.api
    .of(pod)
    .update('default/p', (p) => ({ ...p, status: { ...p.status, phase: 'Failed' } }), { subresource: 'status' });
  await plane.clock.advance(5000);
  assert.deepEqual(await claims(plane), []);
  assert.equal((await plane.api.of(pod).list()).items.length, 1);
});

test('each pod has one claim, whatever is lost on the way', async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const faults = { latencyMs: 100, watchLagMs: 2000, loseAnswer: 0.2, refuse: 0.1, breakWatch: 0.1 };
    await using plane = await start({ seed, faults });
    await plane.api.of(resourceClaimTemplate).create(template);
    for (let i = 0; i < 5; i += 1) await createPod(plane, `p${i}`, fromTemplate);
    await plane.clock.advance(120_000);
    const made = await claims(plane);
    const owners = made.map(({ metadata }) => metadata.ownerReferences?.[0]?.name).sort();
    const told = (await plane.api.of(pod).list()).items.map(
      ({ status }) => status.resourceClaimStatuses?.[0]?.resourceClaimName,
    );
    assert.ok(
      told.every((name) => made.some(({ metadata }) => metadata.name === name)),
      `seed ${seed}`,
    );
    assert.deepEqual(owners, ['p0', 'p1', 'p2', 'p3', 'p4'], `seed ${seed}`);
  }
});

test('generateNameOf() leaves something of both names', () => {
  assert.equal(generateNameOf('web', 'gpu'), 'web-gpu-');
  const long = generateNameOf('p'.repeat(100), 'c'.repeat(50));
  assert.match(long, /^p+-c+-$/);
  assert.ok(long.length <= 60, long);
});
