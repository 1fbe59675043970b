import assert from 'node:assert/strict';
import { deviceClass, node, pod, type Pod, resourceClaim, resourceClaimTemplate, resourceSlice } from '@navarch/api';
import { claimReleaseController, generatedClaimsController } from '@navarch/controllers';
import type { ObjectOf } from '@navarch/machinery';
import { named, ownedBy } from '../drafts.ts';
import { invariantOf, type Property } from '../property.ts';
import type { Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';
import { addNode, homeless, homes, scheduling } from './rules.ts';

type Claim = ObjectOf<typeof resourceClaim>;

const DRIVER = 'gpu.example.com';
const GPU = 'example.com/gpu';

const resultsOf = ({ status }: Claim) => status.allocation?.devices?.results ?? [];

const givenOnce: Property = invariantOf('no device is given to two claims', [resourceClaim], (view) => {
  const given = view.list(resourceClaim).flatMap((claim) => resultsOf(claim).map((r) => `${r.pool}/${r.device}`));
  return given.find((device, i) => given.indexOf(device) !== i);
});

const hasDevices = (p: Pod): boolean => (p.spec.resourceClaims?.length ?? 0) > 0 || wantsGpu(p);
const wantsGpu = (p: Pod): boolean =>
  p.spec.containers.some(({ resources }) => resources?.requests?.[GPU] !== undefined);

/** The kubelet runs no pod whose claim is not reserved for it. */
const boundWithDevices: Property = invariantOf('no pod is bound without its devices', [pod], (view) => {
  const claims = view.list(resourceClaim);
  const without = view.list(pod).find((p) => {
    if (!p.spec.nodeName || p.metadata.deletionTimestamp || !hasDevices(p)) return false;
    const home = view.get(node, p.spec.nodeName);
    if (wantsGpu(p) && home?.status.allocatable?.[GPU] !== undefined) return false;
    return !claims.some(
      (claim) =>
        claim.status.reservedFor?.some(({ uid }) => uid === p.metadata.uid) &&
        resultsOf(claim).every(({ pool }) => pool === p.spec.nodeName),
    );
  });
  return without?.metadata.name;
});

async function publish(world: World, name: string, devices: readonly object[], spec: object = {}): Promise<void> {
  await world.create(resourceSlice, {
    metadata: { name: `${name}-slice` },
    spec: {
      driver: DRIVER,
      pool: { name, generation: 1, resourceSliceCount: 1 },
      nodeName: name,
      devices,
      ...spec,
    },
  } as never);
}

const makeClass = (world: World) =>
  world.create(deviceClass, {
    metadata: { name: 'gpu' },
    spec: {
      extendedResourceName: GPU,
      selectors: [{ cel: { expression: `device.driver == "${DRIVER}"` } }],
    },
  } as never);

const devices = (...all: readonly string[]): readonly object[] => all.map((name) => ({ name }));

const addUser = (world: World, name: string, spec: object, resources: object = {}): Promise<Pod> =>
  world.create(pod, {
    metadata: named(name),
    spec: { containers: [{ name: 'c', image: 'i', resources }], terminationGracePeriodSeconds: 1, ...spec },
  } as never);

const addGpuPod = (world: World, name: string, count = 1): Promise<Pod> =>
  addUser(world, name, {}, { limits: { [GPU]: `${count}` } });

const withDevices = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'> & Partial<Scenario>): Scenario =>
  scheduling({
    controllers: () => [generatedClaimsController, claimReleaseController],
    ofEveryKind: ['garbage-collector-controller'],
    always: [givenOnce, boundWithDevices],
    ...scenario,
  });

/** Bound pods whose devices are claimed, each with how many claims it owns. */
const ownClaims = (view: View): readonly number[] =>
  view
    .list(pod)
    .filter(({ spec }) => spec.nodeName)
    .map((p) => ownedBy(view.list(resourceClaim), p).length);

export const deviceScenarios: readonly Scenario[] = [
  withDevices({
    name: 'scheduler/claims',
    says: 'Devices that claims want are each given once, and again when they are given back.',
    async act(world) {
      await makeClass(world);
      const spec = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] } };
      await world.create(resourceClaimTemplate, { metadata: named('one'), spec: { spec } } as never);
      for (const name of ['a', 'b']) {
        await addNode(world, name, '8');
        await publish(world, name, devices('x', 'y'));
      }
      const claims = [{ name: 'gpu', resourceClaimTemplateName: 'one' }];
      for (let i = 0; i < 6; i++) {
        await addUser(world, `p-${i}`, { resourceClaims: claims });
        await world.pass(world.random.uint32() % 1500);
      }
      await world.until('all devices are given', (view) => homeless(view).length === 2);
      for (const name of Object.entries(homes(world.view))
        .flatMap(([p, home]) => (home === 'none' ? [] : [p]))
        .slice(0, 2))
        await world.remove(pod, `default/${name}`);
    },
    end: (view) => assert.deepEqual([homeless(view), view.list(pod).length], [[], 4]),
  }),
  withDevices({
    name: 'scheduler/cards-in-parts',
    says: 'Parts of one card are given as far as the card goes, whatever combination they are asked for in.',
    async act(world) {
      await makeClass(world);
      await addNode(world, 'a', '8');
      const part = (name: string, memory: string): object => ({
        name,
        capacity: { memory: { value: memory } },
        consumesCounters: [{ counterSet: 'card', counters: { memory: { value: memory } } }],
      });
      await publish(
        world,
        'a',
        ['1', '2', '3', '4'].map((i) => part(`small-${i}`, '10Gi')).concat(part('whole', '40Gi')),
        {
          pool: { name: 'a', generation: 1, resourceSliceCount: 2 },
        },
      );
      await world.create(resourceSlice, {
        metadata: { name: 'a-card' },
        spec: {
          driver: DRIVER,
          pool: { name: 'a', generation: 1, resourceSliceCount: 2 },
          nodeName: 'a',
          sharedCounters: [{ name: 'card', counters: { memory: { value: '40Gi' } } }],
        },
      } as never);
      const template = (name: string, expression: string) =>
        world.create(resourceClaimTemplate, {
          metadata: named(name),
          spec: {
            spec: {
              devices: {
                requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu', selectors: [{ cel: { expression } }] } }],
              },
            },
          },
        } as never);
      const memory = `device.capacity["${DRIVER}"].memory`;
      await template('small', `${memory}.compareTo(quantity("10Gi")) == 0`);
      await template('whole', `${memory}.compareTo(quantity("40Gi")) == 0`);
      const wants = (name: string) => ({ resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: name }] });
      for (let i = 0; i < 2; i++) await addUser(world, `small-${i}`, wants('small'));
      await world.until('the small ones run', (view) => homeless(view).length === 0);
      await addUser(world, 'whole', wants('whole'));
      await world.pass('10s');
      assert.deepEqual(homeless(world.view), ['whole']);
      for (let i = 0; i < 2; i++) await world.remove(pod, `default/small-${i}`);
      await world.until('the whole card is given', (view) => homeless(view).length === 0);
      await addUser(world, 'late', wants('small'));
    },
    end: (view) => assert.deepEqual(homeless(view), ['late']),
  }),
  withDevices({
    name: 'scheduler/extended-resources',
    says: 'Devices are given to pods that ask for them as for CPU, where the node does not have the resource itself; each has one claim, which goes with it.',
    async act(world) {
      await makeClass(world);
      for (const name of ['a', 'b']) {
        await addNode(world, name, '8');
        await publish(world, name, devices('x', 'y'));
      }
      await addNode(world, 'own', '8');
      const room = (allocatable: Readonly<Record<string, string>>) => ({ ...allocatable, [GPU]: '1' });
      await world.setStatus(node, 'own', (n) => ({
        ...n,
        status: { ...n.status, allocatable: room(n.status.allocatable ?? {}), capacity: room(n.status.capacity ?? {}) },
      }));
      for (let i = 0; i < 7; i++) {
        await addGpuPod(world, `p-${i}`);
        await world.pass(world.random.uint32() % 1500);
      }
      await world.until('all are given', (view) => homeless(view).length === 2);
      for (const name of Object.entries(homes(world.view)).flatMap(([p, home]) => (home === 'a' ? [p] : [])))
        await world.remove(pod, `default/${name}`);
      await world.until('two more run', (view) => homeless(view).length === 0);
      await addGpuPod(world, 'both', 2);
    },
    end(view) {
      assert.deepEqual(homeless(view), ['both']);
      assert.deepEqual(ownClaims(view).toSorted(), [0, 1, 1, 1, 1]);
      assert.equal(view.list(resourceClaim).length, 4);
      for (const p of view.list(pod).filter(({ spec }) => spec.nodeName && spec.nodeName !== 'own'))
        assert.equal(
          p.status.extendedResourceClaimStatus?.resourceClaimName,
          ownedBy(view.list(resourceClaim), p)[0]?.metadata.name,
        );
    },
  }),
  withDevices({
    name: 'scheduler/slow-devices',
    says: 'A pod is bound when its devices are ready, and gets others where they cannot be.',
    async act(world) {
      await makeClass(world);
      const slow = {
        bindsToNode: true,
        bindingConditions: ['example.com/ready'],
        bindingFailureConditions: ['example.com/broken'],
      };
      for (const name of ['a', 'b']) {
        await addNode(world, name, '8');
        await publish(world, name, [{ name: 'x', ...slow }]);
      }
      await addGpuPod(world, 'p');
      const allocated = (view: View): Claim | undefined =>
        view.list(resourceClaim).find((claim) => resultsOf(claim).length > 0);
      const say = async (type: string): Promise<void> => {
        const claim = allocated(world.view);
        const [result] = claim ? resultsOf(claim) : [];
        if (!claim || !result) return;
        const condition = {
          type,
          status: 'True',
          reason: 'R',
          message: '',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        };
        const { driver, pool, device } = result;
        const told = { driver, pool, device, conditions: [condition] };
        await world
          .setStatus(
            resourceClaim,
            `default/${claim.metadata.name}`,
            (c) =>
              ({
                ...c,
                status: { ...c.status, ...(c.status.allocation ? { devices: [told] } : {}) },
              }) as unknown as Claim,
          )
          .catch(() => undefined);
      };
      await world.until('it is given', (view) => allocated(view) !== undefined);
      assert.deepEqual(homeless(world.view), ['p']);
      const first = allocated(world.view)?.metadata.uid;
      const isFirst = (view: View): boolean => allocated(view)?.metadata.uid === first;
      for (let i = 0; i < 40 && isFirst(world.view); i++) {
        await say('example.com/broken');
        await world.pass('30s');
      }
      assert.ok(!isFirst(world.view), 'it is given another');
      for (let i = 0; i < 40 && homeless(world.view).length > 0; i++) {
        await say('example.com/ready');
        await world.pass('30s');
      }
    },
    end: (view) => assert.deepEqual([homeless(view), view.list(resourceClaim).length], [[], 1]),
  }),
];
