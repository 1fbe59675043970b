import assert from 'node:assert/strict';
import { node, poolRange, service, type Service } from '@navarch/api';
import { addressPool, serviceLoadBalancerController } from '@navarch/controllers';
import { named } from '../drafts.ts';
import { invariantOf, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

const CLEANUP = 'service.kubernetes.io/load-balancer-cleanup';

const makeService = (world: World, name: string, spec: Partial<Service['spec']> = {}): Promise<Service> =>
  world.create(service, { metadata: named(name), spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec } });
const typed = (world: World, name: string, type: Service['spec']['type']) =>
  world.change(service, `default/${name}`, (s) => ({ ...s, spec: { ...s.spec, type } }) as Service);
const addressesOf = ({ status }: Service): readonly string[] =>
  (status.loadBalancer.ingress ?? []).flatMap(({ ip }) => ip ?? []);
const given = (view: View, name: string): readonly string[] => {
  const found = view.get(service, `default/${name}`);
  return found ? addressesOf(found) : ['gone'];
};
const isHeld = (view: View, name: string): boolean =>
  view.get(service, `default/${name}`)?.metadata.finalizers?.includes(CLEANUP) ?? false;

/** What an address leads to must be one service. */
const ownAddresses: Property = invariantOf('no address is given twice', [service], (view) => {
  const all = view.list(service).flatMap(addressesOf);
  return new Set(all).size < all.length ? all.join(', ') : undefined;
});
/** Or nobody would take the address back. */
const heldFirst: Property = invariantOf('no address without the finalizer that takes it back', [service], (view) => {
  const loose = view
    .list(service)
    .find((one) => addressesOf(one).length > 0 && !one.metadata.finalizers?.includes(CLEANUP));
  return loose && `${loose.metadata.name} has none`;
});

const about = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'>): Scenario =>
  defineScenario({
    controllers() {
      const range = poolRange('203.0.113.1-203.0.113.2');
      assert.ok(range);
      return [serviceLoadBalancerController(addressPool([range]))];
    },
    pods: 'none',
    always: [ownAddresses, heldFirst],
    ...scenario,
  });

export const loadBalancerScenarios: readonly Scenario[] = [
  about({
    name: 'service-load-balancer/given-and-taken-back',
    says: 'A service of the type has an address of the pool for as long as it is of the type.',
    async act(world) {
      await world.create(node, { metadata: { name: 'a' } });
      await makeService(world, 'web');
      await world.until('it has one', (view) => given(view, 'web').length === 1);
      await typed(world, 'web', 'ClusterIP');
      await world.until('it has none', (view) => !isHeld(view, 'web') && given(view, 'web').length === 0);
      await typed(world, 'web', 'LoadBalancer');
    },
    end: (view) => assert.deepEqual([given(view, 'web'), isHeld(view, 'web')], [['203.0.113.1'], true]),
  }),
  about({
    name: 'service-load-balancer/exhausted',
    says: 'When no address is left a service waits, and gets the next that is free.',
    async act(world) {
      for (const name of ['a', 'b']) await makeService(world, name);
      await world.until('both have one', (view) => ['a', 'b'].every((name) => given(view, name).length === 1));
      await makeService(world, 'late');
      await world.pass('30s');
      assert.deepEqual(given(world.view, 'late'), []);
      await world.remove(service, 'default/a');
    },
    end: (view) => assert.deepEqual([given(view, 'a'), given(view, 'late').length], [['gone'], 1]),
  }),
  about({
    name: 'service-load-balancer/other-class',
    says: 'A service of a class is left to whoever serves the class.',
    async act(world) {
      await makeService(world, 'other', { loadBalancerClass: 'example.com/l' });
      await makeService(world, 'ours');
      await world.until('ours has one', (view) => given(view, 'ours').length === 1);
      await world.remove(service, 'default/other');
    },
    end: (view) => assert.deepEqual([given(view, 'other'), given(view, 'ours').length], [['gone'], 1]),
  }),
  about({
    name: 'service-load-balancer/many-at-once',
    says: 'Of services that come and go at once each has an address of its own in the end.',
    async act(world) {
      for (let n = 0; n < 6; n++) {
        await makeService(world, `s${n}`);
        if (n >= 2) await world.remove(service, `default/s${n - 2}`);
      }
    },
    end: (view) =>
      assert.deepEqual([...given(view, 's4'), ...given(view, 's5')].toSorted(), ['203.0.113.1', '203.0.113.2']),
  }),
];
