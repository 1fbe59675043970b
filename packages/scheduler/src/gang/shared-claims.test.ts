import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceClass, pod, podGroup, resourceClaim, resourceClaimTemplate, resourceSlice } from '@navarch/api';
import { SimCluster } from '@navarch/sim';
import type { Claim } from '../dynamic-resources/devices.ts';
import { claimOf, classOf, deviceOf, one, sliceOf } from '../dynamic-resources/testing/builders.ts';

// Pods of a group that share devices, on the real API server with the scheduler and all controllers.

/** Two nodes with one device each. */
async function started(): Promise<SimCluster> {
  const cluster = await SimCluster.start({ nodes: 2, hasGroups: true });
  await cluster.settled();
  await cluster.api.of(deviceClass).create(classOf('gpu') as never);
  for (const name of ['node-1', 'node-2'])
    await cluster.api.of(resourceSlice).create(sliceOf(name, { devices: [deviceOf('card')] }) as never);
  await cluster.api.of(resourceClaimTemplate).create({
    metadata: { name: 'one', namespace: 'default' },
    spec: { spec: { devices: { requests: [one('gpu')] } } },
  } as never);
  await cluster.settled();
  return cluster;
}

const group = (cluster: SimCluster, name: string, minCount: number, resourceClaims: readonly object[] = []) =>
  cluster.api.of(podGroup).create({
    metadata: { name, namespace: 'default' },
    spec: { schedulingPolicy: { gang: { minCount } }, ...(resourceClaims.length > 0 ? { resourceClaims } : {}) },
  } as never);

const member = (cluster: SimCluster, of: string, i: number, claim: object) =>
  cluster.api.of(pod).create({
    metadata: { name: `${of}-${i}`, namespace: 'default' },
    spec: {
      containers: [{ name: 'c', image: 'i', resources: { claims: [{ name: 'gpu' }] } }],
      resourceClaims: [{ name: 'gpu', ...claim }],
      schedulingGroup: { podGroupName: of },
      terminationGracePeriodSeconds: 1,
    },
  } as never);

const homes = async (cluster: SimCluster): Promise<Readonly<Record<string, string | undefined>>> =>
  Object.fromEntries(
    (await cluster.api.of(pod).list()).items.map(({ metadata, spec }) => [metadata.name, spec.nodeName]),
  );
const claims = async (cluster: SimCluster): Promise<readonly Claim[]> =>
  (await cluster.api.of(resourceClaim).list()).items;
const consumers = ({ status }: Claim): readonly string[] =>
  (status.reservedFor ?? []).map(({ resource, name }) => `${resource}/${name}`).toSorted();

test('pods that are placed together share a claim that none of them had allocated', async () => {
  await using cluster = await started();
  await cluster.api
    .of(resourceClaim)
    .create({ ...claimOf('shared'), metadata: { name: 'shared', namespace: 'default' } } as never);
  await group(cluster, 'g', 3);
  for (let i = 0; i < 3; i++) await member(cluster, 'g', i, { resourceClaimName: 'shared' });
  await cluster.settled();
  const nodes = new Set(Object.values(await homes(cluster)));
  assert.equal(nodes.size, 1);
  assert.ok(!nodes.has(undefined));
  const [claim] = await claims(cluster);
  assert.deepEqual(claim && consumers(claim), ['pods/g-0', 'pods/g-1', 'pods/g-2']);
  assert.equal(claim?.status.allocation?.devices?.results?.length, 1);
});

const GROUP_CLAIM = { name: 'gpu', resourceClaimTemplateName: 'one' };
const FROM_TEMPLATE = { resourceClaimTemplateName: 'one' };

test('each group gets one claim of the template it names, which is reserved for it and goes with it', async () => {
  await using cluster = await started();
  for (const name of ['red', 'blue']) {
    await group(cluster, name, 2, [GROUP_CLAIM]);
    for (let i = 0; i < 2; i++) await member(cluster, name, i, FROM_TEMPLATE);
  }
  await cluster.settled();
  const made = await claims(cluster);
  assert.deepEqual(made.map(consumers).toSorted(), [['podgroups/blue'], ['podgroups/red']]);
  for (const claim of made) {
    assert.equal(claim.metadata.annotations?.['resource.kubernetes.io/podgroup-claim-name'], 'gpu');
    const [owner] = claim.metadata.ownerReferences ?? [];
    assert.equal(owner?.kind, 'PodGroup');
    assert.match(claim.metadata.name, new RegExp(`^${owner?.name}-gpu-[a-z0-9]{5}$`));
    const { status } = await cluster.api.of(podGroup).get(`default/${owner?.name}`);
    const told = [{ name: 'gpu', resourceClaimName: claim.metadata.name }];
    assert.deepEqual(status.resourceClaimStatuses, told);
    const one = await cluster.api.of(pod).get(`default/${owner?.name}-0`);
    assert.deepEqual(one.status.resourceClaimStatuses, told);
    assert.deepEqual(claim.status.reservedFor?.[0], {
      apiGroup: 'scheduling.k8s.io',
      resource: 'podgroups',
      name: owner?.name,
      uid: owner?.uid,
    });
  }
  const at = await homes(cluster);
  assert.equal(at['red-0'], at['red-1']);
  assert.equal(at['blue-0'], at['blue-1']);
  assert.notEqual(at['red-0'], at['blue-0']);

  // Pods that are over take nothing with them: others of the group may come.
  for (let i = 0; i < 2; i++) await cluster.api.of(pod).delete(`default/red-${i}`);
  await cluster.clock.advance(5000);
  assert.deepEqual((await claims(cluster)).map(consumers).toSorted(), [['podgroups/blue'], ['podgroups/red']]);
  await cluster.api.of(podGroup).delete('default/red');
  await cluster.clock.advance(60_000);
  assert.deepEqual((await claims(cluster)).map(consumers), [['podgroups/blue']]);
});

test('a pod of a group has a claim of its own where its group names another', async () => {
  await using cluster = await started();
  await group(cluster, 'g', 2, [{ ...GROUP_CLAIM, name: 'card' }]);
  for (let i = 0; i < 2; i++) await member(cluster, 'g', i, FROM_TEMPLATE);
  await cluster.settled();
  const used = (await claims(cluster)).filter(({ status }) => status.allocation).map(consumers);
  assert.deepEqual(used.toSorted(), [['pods/g-0'], ['pods/g-1']]);
});
