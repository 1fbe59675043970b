import assert from 'node:assert/strict';
import { deviceTaintRule, isTerminal, pod, type Pod, resourceClaim, resourceClaimTemplate } from '@navarch/api';
import { claimReleaseController, deviceTaintEvictionController, generatedClaimsController } from '@navarch/controllers';
import { type Draft, equalJson, type ObjectOf } from '@navarch/machinery';
import { conditionOf, named, names, ownedBy } from '../drafts.ts';
import { invariantOf, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

type Claim = ObjectOf<typeof resourceClaim>;
type Rule = ObjectOf<typeof deviceTaintRule>;

const FINALIZER = 'resource.kubernetes.io/delete-protection';
const DRIVER = 'gpu.example.com';
const CLAIM_SPEC = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: DRIVER } }] } };
const FROM_TEMPLATE = { resourceClaimTemplateName: 'one-gpu' };

const makeTemplate = (world: World) =>
  world.create(resourceClaimTemplate, {
    metadata: named('one-gpu'),
    spec: { metadata: { labels: { team: 'a' } }, spec: CLAIM_SPEC },
  });
const makePod = (world: World, name: string, claim: object): Promise<Pod> =>
  world.create(pod, {
    metadata: named(name),
    spec: {
      containers: [{ name: 'c', image: 'v1', resources: { claims: [{ name: 'gpu' }] } }],
      resourceClaims: [{ name: 'gpu', ...claim }],
    },
  });
const makeClaim = (world: World, name: string): Promise<Claim> =>
  world.create(resourceClaim, { metadata: named(name), spec: CLAIM_SPEC } as Draft<Claim>);

/** As the scheduler does: the devices, and what gives them back. */
async function allocate(world: World, key: string, tolerations: readonly object[] = []): Promise<void> {
  const results = [{ request: 'gpu', driver: DRIVER, pool: 'p', device: 'gpu-0', tolerations }];
  await world.change(resourceClaim, key, (claim) => ({
    ...claim,
    metadata: { ...claim.metadata, finalizers: [FINALIZER] },
  }));
  await world.setStatus(
    resourceClaim,
    key,
    (claim) => ({ ...claim, status: { ...claim.status, allocation: { devices: { results } } } }) as unknown as Claim,
  );
}

const claimsOf = (view: View, owner: string): readonly Claim[] =>
  ownedBy(view.list(resourceClaim), view.get(pod, `default/${owner}`));
const reservedFor = (view: View, name: string): readonly string[] =>
  (view.get(resourceClaim, `default/${name}`)?.status.reservedFor ?? []).map((one) => one.name).toSorted();
const isRunning = (view: View, name: string): boolean => view.get(pod, `default/${name}`)?.status.phase === 'Running';
const ends = (world: World, name: string, phase: 'Succeeded' | 'Failed') =>
  world.setStatus(pod, `default/${name}`, (p) => ({ ...p, status: { ...p.status, phase } }));

/** What is told to a pod is what its containers get. */
const toldIsThere: Property = invariantOf('no pod is told of two claims for one entry', [pod], (view) => {
  const told = view.list(pod).find(({ status }) => (status.resourceClaimStatuses ?? []).length > 1);
  return told && told.metadata.name;
});

/** Devices go back when nobody uses them: somebody else may have them then. */
const keptWhileUsed: Property = invariantOf('no devices are given back under a pod', [resourceClaim], (view) => {
  const shared = view.get(resourceClaim, 'default/shared');
  const wasAllocated = shared?.metadata.annotations?.['allocated'] === 'yes';
  const users = view
    .list(pod)
    .filter((p) => p.status.phase === 'Running' && !isTerminal(p) && !p.metadata.deletionTimestamp);
  return wasAllocated && !shared?.status.allocation && users.length > 0 ? names(users).join(', ') : undefined;
});

const about = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({
    controllers: () => [generatedClaimsController, claimReleaseController],
    always: [toldIsThere, keptWhileUsed],
    ...scenario,
  });

/** A claim that two pods share, allocated and reserved for both. */
async function share(world: World): Promise<void> {
  await makeClaim(world, 'shared');
  for (const name of ['p', 'q']) await makePod(world, name, { resourceClaimName: 'shared' });
  await allocate(world, 'default/shared');
  await world.until('it is reserved for both', (view) => reservedFor(view, 'shared').join() === 'p,q');
  await world.until('both run', (view) => isRunning(view, 'p') && isRunning(view, 'q'));
  await world.change(resourceClaim, 'default/shared', (claim) => ({
    ...claim,
    metadata: { ...claim.metadata, annotations: { allocated: 'yes' } },
  }));
}

const claims: readonly Scenario[] = [
  about({
    name: 'resource-claim/from-template',
    says: 'Each pod gets one claim from its template, which it owns and is told of.',
    async act(world) {
      await makeTemplate(world);
      for (const name of ['p', 'q', 'r']) await makePod(world, name, FROM_TEMPLATE);
    },
    end(view) {
      assert.equal(view.list(resourceClaim).length, 3);
      for (const name of ['p', 'q', 'r']) {
        const [claim] = claimsOf(view, name);
        assert.match(claim?.metadata.name ?? '', new RegExp(`^${name}-gpu-[a-z0-9]{5}$`));
        assert.deepEqual(claim?.metadata.labels, { team: 'a' });
        assert.deepEqual(view.get(pod, `default/${name}`)?.status.resourceClaimStatuses, [
          { name: 'gpu', resourceClaimName: claim?.metadata.name },
        ]);
      }
    },
  }),
  about({
    name: 'resource-claim/template-later',
    says: 'A pod waits for its template.',
    pods: 'none',
    async act(world) {
      await makePod(world, 'p', FROM_TEMPLATE);
      await world.pass('30s');
      assert.deepEqual(world.view.list(resourceClaim), []);
      await makeTemplate(world);
    },
    end: (view) => assert.equal(claimsOf(view, 'p').length, 1),
  }),
  about({
    name: 'resource-claim/deleted',
    says: 'A claim that somebody deletes before the pod runs is made again, and the pod is told.',
    pods: 'none',
    async act(world) {
      await makeTemplate(world);
      await makePod(world, 'p', FROM_TEMPLATE);
      await world.until('it is made', (view) => claimsOf(view, 'p').length === 1);
      await world.pass('10s');
      await world.remove(resourceClaim, `default/${claimsOf(world.view, 'p')[0]?.metadata.name}`);
    },
    end(view) {
      const [claim, ...more] = claimsOf(view, 'p');
      assert.deepEqual(more, []);
      assert.equal(
        view.get(pod, 'default/p')?.status.resourceClaimStatuses?.[0]?.resourceClaimName,
        claim?.metadata.name ?? 'none',
      );
    },
  }),
  about({
    name: 'resource-claim/shared',
    says: 'A claim is reserved for the pods that use it, freed of each when that is done, and given back after the last.',
    async act(world) {
      await share(world);
      await world.remove(pod, 'default/p');
      await world.until('it is reserved for the other alone', (view) => reservedFor(view, 'shared').join() === 'q');
      assert.ok(world.view.get(resourceClaim, 'default/shared')?.status.allocation);
      await ends(world, 'q', 'Succeeded');
      await world.until('it is given back', (view) => equalJson(view.get(resourceClaim, 'default/shared')?.status, {}));
      // As upstream: a finalizer whose removal was refused stays, for the next who has it allocated or deletes it.
      await world.remove(resourceClaim, 'default/shared');
    },
    end: (view) => assert.equal(view.get(resourceClaim, 'default/shared'), undefined),
  }),
  about({
    name: 'resource-claim/deleted-in-use',
    says: 'A claim that is deleted while pods use it goes when they are done.',
    async act(world) {
      await share(world);
      await world.remove(resourceClaim, 'default/shared');
      await world.pass('20s');
      assert.ok(world.view.get(resourceClaim, 'default/shared')?.metadata.deletionTimestamp);
      for (const name of ['p', 'q']) await ends(world, name, 'Failed');
    },
    end: (view) => assert.equal(view.get(resourceClaim, 'default/shared'), undefined),
  }),
  about({
    name: 'resource-claim/pod-done',
    says: 'A claim that was made for a pod goes when the pod is done, though the pod stays.',
    async act(world) {
      await makeTemplate(world);
      await makePod(world, 'p', FROM_TEMPLATE);
      await world.until('it is made', (view) => claimsOf(view, 'p').length === 1);
      const [claim] = claimsOf(world.view, 'p');
      await allocate(world, `default/${claim?.metadata.name}`);
      await world.until('it is reserved', (view) => reservedFor(view, claim?.metadata.name ?? '').join() === 'p');
      await world.until('it runs', (view) => isRunning(view, 'p'));
      await ends(world, 'p', 'Succeeded');
    },
    end: (view) => assert.deepEqual([names(view.list(pod)), view.list(resourceClaim)], [['p'], []]),
  }),
];

/** A pod that uses the device which the rule taints. */
async function onDevice(world: World, tolerations: readonly object[] = []): Promise<void> {
  await makeClaim(world, 'mine');
  const made = await makePod(world, 'p', { resourceClaimName: 'mine' });
  await allocate(world, 'default/mine', tolerations);
  await world.setStatus(
    resourceClaim,
    'default/mine',
    (claim) =>
      ({
        ...claim,
        status: { ...claim.status, reservedFor: [{ resource: 'pods', name: 'p', uid: made.metadata.uid }] },
      }) as unknown as Claim,
  );
  await world.until('it runs', (view) => isRunning(view, 'p'));
}
const breakDevice = (world: World, effect: 'NoExecute' | 'NoSchedule' | 'None' = 'NoExecute'): Promise<Rule> =>
  world.create(deviceTaintRule, {
    metadata: { name: 'rule' },
    spec: { deviceSelector: { driver: DRIVER }, taint: { key: 'example.com/broken', effect } },
  } as Draft<Rule>);
const tolerating = (tolerationSeconds: number) => [
  { key: 'example.com/broken', operator: 'Exists', effect: 'NoExecute', tolerationSeconds },
];
const toldByRule = (view: View): string | undefined =>
  conditionOf(view.get(deviceTaintRule, 'rule') as never, 'EvictionInProgress')?.reason;

const evicting = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({ controllers: () => [deviceTaintEvictionController()], ...scenario });

const taints: readonly Scenario[] = [
  evicting({
    name: 'device-taint-eviction/evicts',
    says: 'A pod whose device is tainted goes, and the rule tells that none is left.',
    async act(world) {
      await onDevice(world);
      await world.create(pod, { metadata: named('other'), spec: { containers: [{ name: 'c', image: 'v1' }] } });
      await breakDevice(world);
    },
    end(view) {
      assert.deepEqual(names(view.list(pod)), ['other']);
      // It counts what it did itself, since it began, and heard the answer to.
      assert.match(toldByRule(view) ?? '', /^(Completed|NotStarted)$/);
    },
  }),
  evicting({
    name: 'device-taint-eviction/toleration-seconds',
    says: 'A pod that tolerates the taint for a while goes when that is over, not before, and the rule tells that it waits.',
    spares: ['clock jumps'],
    async act(world) {
      await onDevice(world, tolerating(120));
      await breakDevice(world);
      await world.until('it is told', (view) => toldByRule(view) === 'PodsPendingEviction');
      await world.pass('90s');
      assert.ok(!world.view.get(pod, 'default/p')?.metadata.deletionTimestamp, 'too early');
    },
    end: (view) => assert.deepEqual(view.list(pod), []),
  }),
  evicting({
    name: 'device-taint-eviction/taint-gone',
    says: 'When the rule goes before, the pod stays.',
    spares: ['clock jumps'],
    async act(world) {
      await onDevice(world, tolerating(60));
      await breakDevice(world);
      await world.pass('30s');
      await world.remove(deviceTaintRule, 'rule');
      await world.pass('3m');
    },
    end: (view) => assert.ok(isRunning(view, 'p')),
  }),
  evicting({
    name: 'device-taint-eviction/other-effect',
    says: 'A taint that is only for scheduling evicts nobody.',
    async act(world) {
      await onDevice(world);
      await breakDevice(world, 'NoSchedule');
      await world.pass('2m');
    },
    end: (view) => assert.deepEqual([isRunning(view, 'p'), toldByRule(view)], [true, 'OtherEffect']),
  }),
];

export const resourceClaimScenarios: readonly Scenario[] = [...claims, ...taints];
