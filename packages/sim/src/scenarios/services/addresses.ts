import assert from 'node:assert/strict';
import { ipAddress, service, type Service, serviceAddressDraft, serviceAddresses, serviceCIDR } from '@navarch/api';
import { serviceAddressRepairController, serviceCidrsController } from '@navarch/controllers';
import { conditionOf, named, names } from '../drafts.ts';
import { invariantOf, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

const makeService = (world: World, name: string, spec: Partial<Service['spec']> = {}): Promise<Service> =>
  world.create(service, { metadata: named(name), spec: { ports: [{ port: 80 }], ...spec } });
const held = (view: View): readonly string[] =>
  view
    .list(ipAddress)
    .map(({ metadata, spec }) => `${metadata.name} ${spec.parentRef?.name}`)
    .toSorted();
const wanted = (view: View): readonly string[] =>
  view
    .list(service)
    .flatMap((one) => serviceAddresses(one).map((address) => `${address} ${one.metadata.name}`))
    .toSorted();
const makeRange = (world: World, name: string, ...cidrs: readonly string[]) =>
  world.create(serviceCIDR, { metadata: { name }, spec: { cidrs } });
const readyOf = (view: View, name: string): string => {
  const { status, reason } = conditionOf(view.get(serviceCIDR, name), 'Ready') ?? {};
  return `${status} ${reason}`;
};

/** Two services with one address would answer for each other. */
const ownAddresses: Property = invariantOf('no address has two services', [service], (view) => {
  const all = view.list(service).flatMap((one) => serviceAddresses(one));
  return new Set(all).size < all.length ? all.join(', ') : undefined;
});

const about = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({
    controllers: () => [serviceAddressRepairController, serviceCidrsController],
    pods: 'none',
    always: [ownAddresses],
    ...scenario,
  });

const repair: readonly Scenario[] = [
  about({
    name: 'service-addresses/follow-services',
    says: 'Services and the objects of their addresses come and go together.',
    async act(world) {
      for (const name of ['a', 'b', 'c']) await makeService(world, name);
      await world.remove(service, 'default/b');
      await world.change(service, 'default/c', (s) => ({
        ...s,
        spec: { ...s.spec, type: 'ExternalName' as const, externalName: 'example.com' },
      }));
      await makeService(world, 'd', { clusterIP: '10.96.9.9' });
    },
    end(view) {
      assert.deepEqual(held(view), wanted(view));
      assert.equal(view.get(service, 'default/d')?.spec.clusterIP, '10.96.9.9');
    },
  }),
  about({
    name: 'service-addresses/deleted',
    says: 'The object of an address that somebody deletes is written again.',
    async act(world) {
      await makeService(world, 'web', { clusterIP: '10.96.9.9' });
      await world.remove(ipAddress, '10.96.9.9');
    },
    end(view) {
      assert.deepEqual(held(view), wanted(view));
      assert.equal(
        view.get(ipAddress, '10.96.9.9')?.metadata.labels?.['ipaddress.kubernetes.io/managed-by'],
        'ipallocator.k8s.io',
      );
    },
  }),
  about({
    name: 'service-addresses/leaked',
    says: 'An address of ours that belongs to no service goes after a minute; those that others wrote stay.',
    spares: ['clock jumps'],
    async act(world) {
      const web = await makeService(world, 'web');
      const nobody = { ...web, metadata: { ...web.metadata, name: 'nobody' } };
      const leaked = serviceAddressDraft('10.96.9.9', nobody);
      await world.create(ipAddress, leaked);
      await world.create(ipAddress, { metadata: { name: '10.96.9.8' }, spec: leaked.spec });
      await world.pass('40s');
      assert.ok(world.view.get(ipAddress, '10.96.9.9'), 'too early');
    },
    end: (view) =>
      assert.deepEqual(
        held(view).filter((one) => one.endsWith('nobody')),
        ['10.96.9.8 nobody'],
      ),
  }),
];

const ranges: readonly Scenario[] = [
  about({
    name: 'service-cidr/ready',
    says: 'Each range is held and said to be ready; services may have addresses of all of them.',
    async act(world) {
      await makeRange(world, 'more', '203.0.113.0/24');
      await world.until('it is ready', (view) => readyOf(view, 'more') === 'True ');
      await makeService(world, 'web', { clusterIP: '203.0.113.10' });
    },
    end(view) {
      assert.deepEqual(names(view.list(serviceCIDR)), ['kubernetes', 'more']);
      for (const { metadata } of view.list(serviceCIDR))
        assert.deepEqual(metadata.finalizers, ['networking.k8s.io/service-cidr-finalizer']);
      assert.ok(held(view).includes('203.0.113.10 web'));
    },
  }),
  about({
    name: 'service-cidr/in-use',
    says: 'A range that is deleted stays while a service has an address of it, and says so; then it goes.',
    always: [
      ownAddresses,
      invariantOf('no address without its range', [serviceCIDR], (view) =>
        view.get(ipAddress, '203.0.113.10') && !view.get(serviceCIDR, 'more') ? 'there is' : undefined,
      ),
    ],
    async act(world) {
      await makeRange(world, 'more', '203.0.113.0/24');
      await world.until('it is ready', (view) => readyOf(view, 'more') === 'True ');
      await makeService(world, 'web', { clusterIP: '203.0.113.10' });
      await world.pass('20s');
      await world.remove(serviceCIDR, 'more');
      await world.until('it is said', (view) => readyOf(view, 'more') === 'False Terminating');
      await world.pass('1m');
      await world.remove(service, 'default/web');
    },
    end: (view) => assert.deepEqual(names(view.list(serviceCIDR)), ['kubernetes']),
  }),
  about({
    name: 'service-cidr/covered',
    says: 'A range whose addresses another range has too goes at once.',
    async act(world) {
      await makeRange(world, 'small', '203.0.113.0/28');
      await makeRange(world, 'large', '203.0.113.0/24');
      await world.until('both are ready', (view) =>
        ['small', 'large'].every((name) => readyOf(view, name) === 'True '),
      );
      await makeService(world, 'web', { clusterIP: '203.0.113.10' });
      await world.pass('10s');
      await world.remove(serviceCIDR, 'small');
    },
    end(view) {
      assert.deepEqual(names(view.list(serviceCIDR)), ['kubernetes', 'large']);
      assert.ok(held(view).includes('203.0.113.10 web'));
    },
  }),
];

export const serviceAddressScenarios: readonly Scenario[] = [...repair, ...ranges];
