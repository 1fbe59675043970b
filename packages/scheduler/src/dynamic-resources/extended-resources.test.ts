import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceClass, event, pod, type Pod, resourceClaim, resourceSlice } from '@navarch/api';
import { SimCluster } from '@navarch/sim';
import { nodeOf, objectsOf, podOf, snapshotOf, verdict } from '../testing/builders.ts';
import type { Claim } from './devices.ts';
import { classOf, deviceOf, DRIVER, one, sliceOf } from './testing/builders.ts';

// Devices behind resources that containers ask for as for CPU (KEP-5004).

const GPU = 'example.com/gpu';
const IMPLICIT = 'deviceclass.resource.kubernetes.io/gpu';
const gpu = classOf('gpu', {
  extendedResourceName: GPU,
  selectors: [{ cel: { expression: `device.driver == "${DRIVER}"` } }],
});
const wanting = (amounts: Readonly<Record<string, string>>, spec: object = {}): Pod =>
  podOf('p', {
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1', ...amounts } } }], ...spec },
  } as never);
const two = sliceOf('a', { devices: [deviceOf('x'), deviceOf('y')] });

interface Shape {
  readonly allocatable?: Readonly<Record<string, string>>;
  readonly slices?: readonly object[];
  readonly classes?: readonly object[];
  readonly claims?: readonly object[];
}
const goes = (wants: Pod, { allocatable = {}, slices = [two], classes = [gpu], claims = [] }: Shape = {}): string =>
  verdict(
    wants,
    snapshotOf(
      [nodeOf('a'), nodeOf('b', { allocatable })],
      {},
      objectsOf([resourceClaim, claims], [resourceSlice, slices], [deviceClass, classes]),
    ),
  );

test('a pod goes where there are devices behind what it asks for', () => {
  assert.equal(goes(wanting({ [GPU]: '2' })), 'a');
  assert.equal(goes(wanting({ [IMPLICIT]: '2' })), 'a');
  assert.match(goes(wanting({ [GPU]: '3' })), /^0\/2 nodes are available: 2 cannot allocate all claims\./);
  assert.match(goes(wanting({ [GPU]: '1' }), { classes: [] }), /: 2 Insufficient example\.com\/gpu\./);
  assert.match(goes(wanting({ [GPU]: '1000000000' })), /^0\/2 nodes are available: /);
});

test('a node that has the resource itself is asked for no devices', () => {
  const allocatable = { [GPU]: '4' };
  assert.equal(goes(wanting({ [GPU]: '3' }), { allocatable }), 'b');
  assert.match(
    goes(wanting({ [GPU]: '5' }), { allocatable }),
    /1 Insufficient example\.com\/gpu, 1 cannot allocate all claims\./,
  );
  assert.equal(goes(wanting({ [GPU]: '2' }), { allocatable: { [GPU]: '0' } }), 'a');
});

test('devices that claims have are not given to extended resources', () => {
  const claim = { name: 'own', resourceClaimName: 'own' };
  const own = {
    metadata: { name: 'own', namespace: 'default', uid: 'u', resourceVersion: '1' },
    spec: { devices: { requests: [one('gpu')] } },
    status: {},
  };
  assert.equal(goes(wanting({ [GPU]: '1' }, { resourceClaims: [claim] }), { claims: [own] }), 'a');
  assert.match(
    goes(wanting({ [GPU]: '2' }, { resourceClaims: [claim] }), { claims: [own] }),
    /2 cannot allocate all claims/,
  );
});

async function started(): Promise<SimCluster> {
  const cluster = await SimCluster.start({ nodes: 2 });
  await cluster.settled();
  await cluster.api.of(deviceClass).create(gpu as never);
  await cluster.api.of(resourceSlice).create(sliceOf('node-1', { devices: [deviceOf('x'), deviceOf('y')] }) as never);
  await cluster.settled();
  return cluster;
}

const create = (cluster: SimCluster, name: string, amounts: Readonly<Record<string, string>>): Promise<Pod> =>
  cluster.api.of(pod).create({
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'i', resources: { limits: amounts } }], terminationGracePeriodSeconds: 1 },
  } as never);
const get = (cluster: SimCluster, name: string): Promise<Pod> => cluster.api.of(pod).get(`default/${name}`);
const claims = async (cluster: SimCluster): Promise<readonly Claim[]> =>
  (await cluster.api.of(resourceClaim).list()).items;

test('the scheduler makes the claim, and tells the pod which containers have what of it', async () => {
  await using cluster = await started();
  await create(cluster, 'p', { [GPU]: '2' });
  await cluster.settled();
  const owner = await get(cluster, 'p');
  const [claim, ...others] = await claims(cluster);
  assert.ok(claim);
  assert.deepEqual([owner.spec.nodeName, owner.status.phase, others], ['node-1', 'Running', []]);
  assert.match(claim.metadata.name, /^p-extended-resources-[a-z0-9]{5}$/);
  assert.deepEqual(claim.metadata.annotations, { 'resource.kubernetes.io/extended-resource-claim': 'true' });
  assert.deepEqual(claim.metadata.finalizers, ['resource.kubernetes.io/delete-protection']);
  const [reference] = claim.metadata.ownerReferences ?? [];
  assert.deepEqual(
    [reference?.uid, reference?.controller, reference?.blockOwnerDeletion],
    [owner.metadata.uid, true, true],
  );
  assert.deepEqual(claim.spec.devices.requests, [
    {
      name: 'container-0-request-0',
      exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2 },
    },
  ]);
  assert.deepEqual(claim.status.reservedFor, [{ resource: 'pods', name: 'p', uid: owner.metadata.uid }]);
  assert.deepEqual(
    claim.status.allocation?.devices?.results?.map(({ request, device }) => `${request} ${device}`),
    ['container-0-request-0 x', 'container-0-request-0 y'],
  );
  assert.deepEqual(owner.status.extendedResourceClaimStatus, {
    resourceClaimName: claim.metadata.name,
    requestMappings: [{ containerName: 'c', resourceName: GPU, requestName: 'container-0-request-0' }],
  });
});

test('the claim goes with its pod, or when the pod is over, and who waits for the devices gets them', async () => {
  await using cluster = await started();
  for (const name of ['p', 'q', 'r']) {
    await create(cluster, name, { [GPU]: '2' });
    await cluster.settled();
  }
  const { items: events } = await cluster.api.of(event).list({ namespace: 'default' });
  assert.match(
    events.find(({ involvedObject }) => involvedObject.name === 'q')?.message ?? '',
    /^0\/2 nodes are available: 2 cannot allocate all claims\./,
  );
  await cluster.api.of(pod).delete('default/p');
  await cluster.settled();
  const holder = (await get(cluster, 'q')).spec.nodeName ? 'q' : 'r';
  const done = (current: Pod): Pod => ({ ...current, status: { ...current.status, phase: 'Succeeded' } });
  await cluster.api.of(pod).update(`default/${holder}`, done, { subresource: 'status' });
  await cluster.settled();
  const last = await get(cluster, holder === 'q' ? 'r' : 'q');
  assert.equal(last.spec.nodeName, 'node-1');
  assert.deepEqual(
    (await claims(cluster)).map(({ metadata }) => metadata.name),
    [last.status.extendedResourceClaimStatus?.resourceClaimName],
  );
});

test('a class that is named later lets the pods in that wait for the resource', async () => {
  await using cluster = await started();
  await create(cluster, 'p', { 'example.com/later': '1' });
  await cluster.settled();
  assert.equal((await get(cluster, 'p')).spec.nodeName, undefined);
  await cluster.api.of(deviceClass).create(classOf('later', { extendedResourceName: 'example.com/later' }) as never);
  await cluster.advance('30s');
  assert.equal((await get(cluster, 'p')).spec.nodeName, 'node-1');
});

test('what is left of a try that a crash ended is used where it does, and gone where it does not', async () => {
  await using cluster = await started();
  const gated = async (name: string): Promise<Pod> =>
    cluster.api.of(pod).create({
      metadata: { name, namespace: 'default' },
      spec: {
        schedulingGates: [{ name: 'example.com/wait' }],
        containers: [{ name: 'c', image: 'i', resources: { limits: { [GPU]: '1' } } }],
      },
    } as never);
  const leave = async (owner: Pod, count: number): Promise<Claim> =>
    cluster.api.of(resourceClaim).create({
      metadata: {
        namespace: 'default',
        name: `${owner.metadata.name}-left`,
        finalizers: ['resource.kubernetes.io/delete-protection'],
        annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Pod', name: owner.metadata.name, uid: owner.metadata.uid, controller: true },
        ],
      },
      spec: {
        devices: { requests: [{ name: 'container-0-request-0', exactly: { deviceClassName: 'gpu', count } }] },
      },
    } as never);
  const allocate = (claim: Claim, device: string): Promise<Claim> =>
    cluster.api.of(resourceClaim).update(
      `default/${claim.metadata.name}`,
      (current) =>
        ({
          ...current,
          status: {
            allocation: {
              devices: { results: [{ request: 'container-0-request-0', driver: DRIVER, pool: 'node-1', device }] },
            },
          },
        }) as unknown as Claim,
      { subresource: 'status' },
    );
  const [fits, other] = [await gated('fits'), await gated('other')];
  await allocate(await leave(fits, 1), 'y');
  await leave(other, 2);
  await cluster.settled();
  for (const name of ['fits', 'other'])
    await cluster.api
      .of(pod)
      .update(`default/${name}`, (current) => ({ ...current, spec: { ...current.spec, schedulingGates: [] } }));
  await cluster.advance('60s');
  const named = async (name: string): Promise<string | undefined> =>
    (await get(cluster, name)).status.extendedResourceClaimStatus?.resourceClaimName;
  assert.equal(await named('fits'), 'fits-left');
  assert.match((await named('other')) ?? '', /^other-extended-resources-/);
  assert.deepEqual(
    (await claims(cluster)).map(({ metadata }) => metadata.name).toSorted(),
    ['fits-left', await named('other')].toSorted(),
  );
});
