import assert from 'node:assert/strict';
import { endpoints, endpointSlice, isActive, isReady, node, type Pod, pod, service, type Service } from '@navarch/api';
import {
  deploymentController,
  endpointsController,
  endpointSliceController,
  replicaSetController,
} from '@navarch/controllers';
import type { Draft } from '@navarch/machinery';
import { deployment } from '@navarch/api';
import { named, readyPods, resize, setImage, web } from '../drafts.ts';
import { invariantOf, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

const controllers = () => [endpointSliceController, endpointsController];
const NAME = 'kubernetes.io/service-name';

const makeService = (world: World, spec: Draft<Service>['spec'] = {}): Promise<Service> =>
  world.create(service, {
    metadata: named('web'),
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }], ...spec },
  });

const makePod = (world: World, name: string, more: object = {}): Promise<Pod> =>
  world.create(pod, {
    metadata: { ...named(name), labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'v1', ports: [{ name: 'http', containerPort: 8080 }] }], ...more },
  });

const slicesOf = (view: View) =>
  view.list(endpointSlice, 'default').filter((slice) => slice.metadata.labels?.[NAME] === 'web');
const published = (view: View) => slicesOf(view).flatMap((slice) => slice.endpoints ?? []);
/** Names of the pods that are published as ready, in slices and in endpoints. */
const readyIn = (view: View): readonly (readonly string[])[] => [
  published(view)
    .filter(({ conditions }) => conditions?.ready)
    .map(({ targetRef }) => targetRef?.name ?? '')
    .toSorted(),
  (view.get(endpoints, 'default/web')?.subsets ?? [])
    .flatMap(({ addresses }) => addresses ?? [])
    .map(({ targetRef }) => targetRef?.name ?? '')
    .toSorted(),
];
/** Each pod that is published, the zones it is for, the nodes. */
const hintsOf = (view: View): readonly string[] =>
  published(view)
    .map(({ targetRef, hints }) =>
      [targetRef, ...(hints?.forZones ?? []), ...(hints?.forNodes ?? [])].map((one) => one?.name).join(' '),
    )
    .toSorted();
const distribute = (world: World, trafficDistribution: string | undefined): Promise<Service> =>
  world.change(service, 'default/web', ({ spec: { trafficDistribution: _, ...spec }, ...s }) => ({
    ...s,
    spec: { ...spec, ...(trafficDistribution ? { trafficDistribution } : {}) },
  }));
const servesExactly =
  (...names: readonly string[]) =>
  (view: View): void =>
    assert.deepEqual(readyIn(view), [names, names]);

/** A pod that is in two slices would get twice the load. */
const eachOnce: Property = invariantOf('no pod is published twice', [endpointSlice], (view) => {
  const uids = published(view).map(({ targetRef }) => targetRef?.uid ?? '');
  return new Set(uids).size < uids.length ? 'one is' : undefined;
});

const about = (scenario: Partial<Scenario> & Pick<Scenario, 'name' | 'says' | 'act' | 'end'>): Scenario =>
  defineScenario({ controllers, ...scenario });

export const endpointScenarios: readonly Scenario[] = [
  about({
    name: 'endpoints/follow-pods',
    says: 'Pods that match and are ready are published, and those that go are not any more.',
    async act(world) {
      await makeService(world);
      for (const name of ['a', 'b', 'c']) await makePod(world, name);
      await world.until('all are ready', (view) => readyPods(view).length === 3);
      await world.remove(pod, 'default/b');
    },
    end: servesExactly('a', 'c'),
  }),
  about({
    name: 'endpoints/not-ready',
    says: 'A pod that is not ready is published as such, and gets nothing.',
    pods: { startMs: (p) => (p.metadata.name === 'slow' ? undefined : 500) },
    async act(world) {
      await makeService(world);
      await makePod(world, 'quick');
      await makePod(world, 'slow');
    },
    end: servesExactly('quick'),
  }),
  about({
    name: 'endpoints/publish-not-ready',
    says: 'With publishNotReadyAddresses pods are published as soon as they have an address.',
    pods: {},
    async act(world) {
      await makeService(world, { publishNotReadyAddresses: true, clusterIP: 'None' });
      await makePod(world, 'a');
      await world.until('it is ready', (view) => readyPods(view).length === 1);
      await world.setStatus(pod, 'default/a', (p) => ({
        ...p,
        status: { ...p.status, conditions: [{ type: 'Ready', status: 'False' }] } as Pod['status'],
      }));
    },
    end: servesExactly('a'),
  }),
  about({
    name: 'endpoints/traffic-distribution',
    says: 'Endpoints that are ready say whom they are for, as the service asks: the zone, or the node too (KEP-4444, KEP-3015).',
    pods: { nodeOf: (p) => `node-${p.metadata.name}` },
    async act(world) {
      for (const [name, zone] of Object.entries({ 'node-a': 'east', 'node-b': 'west' }))
        await world.create(node, { metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } } });
      await makeService(world, { trafficDistribution: 'PreferSameNode' });
      for (const name of ['a', 'b']) await makePod(world, name);
      await world.until('it is near', (view) => hintsOf(view).join() === 'a east node-a,b west node-b');
      await distribute(world, undefined);
      await world.until('it is for all', (view) => hintsOf(view).join() === 'a,b');
      await distribute(world, 'PreferClose');
    },
    end: (view) => assert.deepEqual(hintsOf(view), ['a east', 'b west']),
  }),
  about({
    name: 'endpoints/terminating',
    says: 'A pod on its way out serves until it has gone, but is not ready (KEP-1672).',
    pods: { stopMs: () => 120_000 },
    async act(world) {
      await makeService(world);
      await makePod(world, 'a');
      await world.until('it is published', (view) => readyIn(view)[0]?.length === 1);
      await world.remove(pod, 'default/a');
      await world.until('it is said', (view) =>
        published(view).some(({ conditions }) => conditions?.terminating && conditions.serving && !conditions.ready),
      );
    },
    end: (view) => assert.deepEqual(published(view), []),
  }),
  about({
    name: 'endpoints/selector-changed',
    says: 'A service that selects others publishes those.',
    async act(world) {
      await makeService(world);
      await makePod(world, 'a');
      await world.create(pod, {
        metadata: { ...named('b'), labels: { app: 'api' } },
        spec: { containers: [{ name: 'c', image: 'v1', ports: [{ name: 'http', containerPort: 8080 }] }] },
      });
      await world.until('it is published', (view) => readyIn(view)[0]?.length === 1);
      await world.change(service, 'default/web', (s) => ({ ...s, spec: { ...s.spec, selector: { app: 'api' } } }));
    },
    end: servesExactly('b'),
  }),
  about({
    name: 'endpoints/labels-changed',
    says: 'A pod that gets another label is in the service or not as its label says.',
    always: [eachOnce],
    async act(world) {
      await makeService(world);
      for (const name of ['a', 'b']) await makePod(world, name);
      for (let n = 0; n < 5; n++) {
        await world.pass(world.random.uint32() % 2000);
        await world.change(pod, 'default/a', (p) => ({
          ...p,
          metadata: { ...p.metadata, labels: { app: n % 2 === 0 ? 'other' : 'web' } },
        }));
      }
    },
    end: servesExactly('b'),
  }),
  about({
    name: 'endpoints/service-deleted',
    says: 'With the service its endpoints go.',
    async act(world) {
      await makeService(world);
      await makePod(world, 'a');
      await world.until('it is published', (view) => readyIn(view)[1]?.length === 1);
      await world.remove(service, 'default/web');
    },
    end: (view) => assert.ok(!view.get(endpoints, 'default/web')),
  }),
  about({
    name: 'endpoints/rollout',
    says: 'In a rollout that keeps all pods up the service always has somebody ready.',
    controllers: () => [...controllers(), deploymentController, replicaSetController],
    async act(world) {
      await makeService(world, { ports: [{ port: 80 }] });
      const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } as const;
      await world.create(deployment, web(2, { strategy }));
      await world.until('two are published', (view) => readyIn(view)[0]?.length === 2);
      await setImage(world, 'v2');
      await world.pass('10s');
      await resize(world, 3);
    },
    end(view) {
      const names = view
        .list(pod)
        .filter((p) => isActive(p) && isReady(p))
        .map((p) => p.metadata.name)
        .toSorted();
      assert.equal(names.length, 3);
      servesExactly(...names)(view);
    },
  }),
  about({
    name: 'endpoints/many-in-slices',
    says: 'A slice holds a hundred; each pod is in one of them.',
    always: [eachOnce],
    pods: { startMs: () => 200 },
    spares: ['network'],
    controllers: () => [endpointSliceController, replicaSetController, deploymentController],
    async act(world) {
      await makeService(world, { ports: [{ port: 80 }] });
      await world.create(deployment, web(105));
      await world.until('all are ready', (view) => readyPods(view).length === 105);
    },
    end(view) {
      assert.equal(published(view).length, 105);
      for (const slice of slicesOf(view)) assert.ok((slice.endpoints ?? []).length <= 100);
    },
  }),
  about({
    name: 'endpoints/ports-by-name',
    says: 'Ports that not all pods have under one number are published for those that do, and what all have for all.',
    async act(world) {
      await makeService(world, {
        ports: [
          { name: 'http', port: 80, targetPort: 'http' },
          { name: 'metrics', port: 9100 },
        ],
      });
      await makePod(world, 'old');
      const ports = [{ name: 'http', containerPort: 9090 }];
      await makePod(world, 'new', { containers: [{ name: 'c', image: 'v2', ports }] });
    },
    end: (view) =>
      assert.deepEqual(
        (view.get(endpoints, 'default/web')?.subsets ?? []).map(
          ({ ports = [], addresses = [] }) =>
            `${ports.map(({ name, port }) => `${name} ${port}`).join()}: ${addresses
              .map(({ targetRef }) => targetRef?.name)
              .toSorted()
              .join()}`,
        ),
        ['http 8080: old', 'http 9090: new', 'metrics 9100: new,old'],
      ),
  }),
  about({
    name: 'endpoints/external-name',
    says: 'A service that stands for another name has no endpoints, whatever it would select.',
    async act(world) {
      await makePod(world, 'a');
      await makeService(world, { type: 'ExternalName', externalName: 'example.com' });
      await world.pass('1m');
    },
    end: (view) => assert.deepEqual([published(view), view.get(endpoints, 'default/web')], [[], undefined]),
  }),
];
