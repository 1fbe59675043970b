import assert from 'node:assert/strict';
import { endpoints, type Endpoints, endpointSlice, service, type Service } from '@navarch/api';
import { endpointsController, endpointSliceController, endpointSliceMirroringController } from '@navarch/controllers';
import type { Draft } from '@navarch/machinery';
import { named } from '../drafts.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

const NAME = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const SKIP = 'endpointslice.kubernetes.io/skip-mirror';
const KEY = 'default/web';

type Subsets = NonNullable<Draft<Endpoints>['subsets']>;

const makeService = (world: World, spec: Draft<Service>['spec'] = {}): Promise<Service> =>
  world.create(service, { metadata: named('web'), spec: { ports: [{ port: 80 }], ...spec } });
const write = (world: World, subsets: Subsets, metadata: object = {}): Promise<Endpoints> =>
  world.create(endpoints, { metadata: { ...named('web'), ...metadata }, subsets });
const one = (ip: string): Subsets => [{ addresses: [{ ip }], ports: [{ port: 80 }] }];
const label = (world: World, labels: Readonly<Record<string, string>>): Promise<Endpoints> =>
  world.change(endpoints, KEY, (e) => ({ ...e, metadata: { ...e.metadata, labels } }));

const slicesOf = (view: View) =>
  view.list(endpointSlice, 'default').filter(({ metadata }) => metadata.labels?.[NAME] === 'web');
/** `FAMILY PORTS: ready addresses / others` of every slice. */
const shown = (view: View): readonly string[] =>
  slicesOf(view)
    .map(({ addressType, ports, endpoints: all }) => {
      const those = (ready: boolean): string =>
        (all ?? [])
          .flatMap(({ addresses, conditions }) => (conditions?.ready === ready ? addresses : []))
          .toSorted()
          .join();
      const offered = (ports ?? []).map((port) => `${port.name}:${port.port}`).toSorted();
      return `${addressType} ${offered.join()}: ${those(true)} / ${those(false)}`;
    })
    .toSorted();
const isMirrored = (view: View): boolean => slicesOf(view).length > 0;
const isGone = (view: View): boolean => !isMirrored(view);

const about = (name: string, says: string, rest: Pick<Scenario, 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({
    name: `endpoint-slice-mirroring/${name}`,
    says,
    // All that write of services: none takes what another wrote.
    controllers: () => [endpointSliceMirroringController, endpointSliceController, endpointsController],
    pods: 'none',
    ...rest,
  });

export const mirroringScenarios: readonly Scenario[] = [
  about('follows', 'Endpoints that somebody writes by hand are mirrored in slices, and follow them.', {
    async act(world) {
      await makeService(world);
      await write(world, one('192.0.2.1'));
      await world.until('it is mirrored', isMirrored);
      await world.change(endpoints, KEY, (e) => ({
        ...e,
        subsets: one('192.0.2.2') as NonNullable<Endpoints['subsets']>,
      }));
    },
    end: (view) => assert.deepEqual(shown(view), ['IPv4 :80: 192.0.2.2 / ']),
  }),
  about('subsets', 'Each set of ports has a slice of each family; what is in two subsets is there once.', {
    async act(world) {
      await makeService(world);
      const [http, https] = [
        { name: 'http', port: 80 },
        { name: 'https', port: 443 },
      ];
      await write(world, [
        { addresses: [{ ip: '192.0.2.1' }, { ip: 'fd00::1' }], ports: [http] },
        { addresses: [{ ip: '192.0.2.1' }, { ip: 'fd00::1' }], ports: [https] },
        { addresses: [{ ip: '192.0.2.3' }], notReadyAddresses: [{ ip: '192.0.2.4' }], ports: [{ name: 'x', port: 9 }] },
        { addresses: [{ ip: '192.0.2.4' }], ports: [{ name: 'x', port: 9 }] },
      ]);
    },
    end: (view) =>
      assert.deepEqual(shown(view), [
        'IPv4 http:80,https:443: 192.0.2.1 / ',
        'IPv4 x:9: 192.0.2.3 / 192.0.2.4',
        'IPv6 http:80,https:443: fd00::1 / ',
      ]),
  }),
  about(
    'labels-and-annotations',
    'Slices have what the Endpoints say of themselves, but for what is of that object alone.',
    {
      async act(world) {
        await makeService(world);
        await write(world, one('192.0.2.1'), {
          labels: { team: 'blue', [MANAGED_BY]: 'me', [NAME]: 'other' },
          annotations: { note: 'old', 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z' },
        });
        await world.until('it is mirrored', isMirrored);
        await world.change(endpoints, KEY, (e) => ({
          ...e,
          metadata: { ...e.metadata, annotations: { ...e.metadata.annotations, note: 'new' } },
        }));
      },
      end(view) {
        const { labels, annotations, ownerReferences } = slicesOf(view)[0]?.metadata ?? {};
        assert.deepEqual(labels, {
          team: 'blue',
          [MANAGED_BY]: 'endpointslicemirroring-controller.k8s.io',
          [NAME]: 'web',
        });
        assert.deepEqual(annotations, { note: 'new' });
        assert.deepEqual(
          ownerReferences?.map(({ kind, name, controller }) => [kind, name, controller]),
          [['Endpoints', 'web', true]],
        );
      },
    },
  ),
  about(
    'skip',
    'Endpoints that ask to be left alone have no slice: from when they ask for it, for as long as they do.',
    {
      async act(world) {
        await makeService(world);
        await write(world, one('192.0.2.1'), { labels: { [SKIP]: 'true' } });
        await world.pass('20s');
        assert.ok(isGone(world.view));
        await label(world, {});
        await world.until('it is mirrored', isMirrored);
        await label(world, { [SKIP]: 'true' });
        await world.until('it is not', isGone);
        await label(world, { [SKIP]: 'false' });
      },
      end: (view) => assert.deepEqual(shown(view), ['IPv4 :80: 192.0.2.1 / ']),
    },
  ),
  about('election', 'Endpoints that are the lock of an election lead nowhere.', {
    async act(world) {
      await makeService(world);
      await write(world, one('192.0.2.1'), { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } });
      await world.pass('1m');
    },
    end: (view) => assert.deepEqual(shown(view), []),
  }),
  about('deleted', 'With the Endpoints, or their service, the slices go; with another service they come again.', {
    async act(world) {
      await makeService(world);
      await write(world, one('192.0.2.1'));
      await world.until('it is mirrored', isMirrored);
      await world.remove(endpoints, KEY);
      await world.until('it is gone', isGone);
      await write(world, one('192.0.2.2'));
      await world.until('it is mirrored again', isMirrored);
      await world.remove(service, KEY);
      await world.until('it is gone with the service', isGone);
      await makeService(world);
    },
    end: (view) => assert.deepEqual(shown(view), ['IPv4 :80: 192.0.2.2 / ']),
  }),
  about(
    'selector',
    'A service that begins to select pods is served by what is written of them, no more by what was mirrored.',
    {
      async act(world) {
        await makeService(world);
        await write(world, one('192.0.2.1'));
        await world.until('it is mirrored', isMirrored);
        await world.change(service, KEY, (s) => ({ ...s, spec: { ...s.spec, selector: { app: 'web' } } }));
      },
      end(view) {
        assert.deepEqual(
          slicesOf(view).map(({ metadata, endpoints: all }) => [metadata.labels?.[MANAGED_BY], all?.length ?? 0]),
          [['endpointslice-controller.k8s.io', 0]],
        );
      },
    },
  ),
  about(
    'too-many',
    'Of a set of ports a thousand addresses are mirrored, those that are ready first, and the rest is told.',
    {
      async act(world) {
        await makeService(world);
        const many = (third: number, count: number) =>
          Array.from({ length: count }, (_, i) => ({ ip: `198.18.${third + (i >> 8)}.${i & 255}` }));
        await write(world, [
          { notReadyAddresses: many(0, 700), ports: [{ port: 80 }] },
          { addresses: many(8, 500), ports: [{ port: 80 }] },
        ]);
        await world.until('it is told', (view) =>
          view
            .events('Endpoints')
            .includes(
              'TooManyAddressesToMirror: A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 200 addresses were skipped',
            ),
        );
      },
      end(view) {
        const all = slicesOf(view).flatMap((slice) => slice.endpoints ?? []);
        assert.deepEqual([slicesOf(view).length, all.length], [1, 1000]);
        assert.equal(all.filter(({ conditions }) => conditions?.ready).length, 500);
      },
    },
  ),
];
