import assert from 'node:assert/strict';
import {
  type ConfigMap,
  configMap,
  customResourceDefinition,
  type CustomResourceDefinition,
  namespace,
  pod,
  podDisruptionBudget,
  resourceQuota,
  storageVersionMigration,
} from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { conditionOf, named, names, podTemplate } from '../drafts.ts';
import { defineProperty, invariantOf, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';
import { appOwner, appsIn, DEFINITION, defineApps, makeApp, versionsOf } from './apps.ts';

const about = (runs: string, scenario: Partial<Scenario> & Pick<Scenario, 'name' | 'says' | 'act' | 'end'>): Scenario =>
  defineScenario({ controllers: () => [], ofEveryKind: [runs], pods: 'none', ...scenario });

const COLLECTOR = 'garbage-collector-controller';
const ownedMap = (world: World, name: string, ...ownerReferences: readonly ReturnType<typeof appOwner>[]) =>
  world.create(configMap, { metadata: { ...named(name), ownerReferences } });
const mapsOf = (view: View): readonly string[] => names(view.list(configMap, 'default'));

const collecting: readonly Scenario[] = [
  about(COLLECTOR, {
    name: 'garbage-collector/custom-owner',
    says: 'What a custom resource owned goes after it, custom resources too.',
    async act(world) {
      const apps = await defineApps(world);
      const owner = appOwner(await makeApp(world, apps, 'a'));
      await ownedMap(world, 'owned', owner);
      await ownedMap(world, 'free');
      await makeApp(world, apps, 'child', { ownerReferences: [owner] });
      await world.pass('20s');
      assert.deepEqual(
        [mapsOf(world.view), names(appsIn(world.view))],
        [
          ['free', 'owned'],
          ['a', 'child'],
        ],
      );
      await world.remove(apps, 'default/a');
    },
    end: (view) => assert.deepEqual([mapsOf(view), appsIn(view)], [['free'], []]),
  }),
  about(COLLECTOR, {
    name: 'garbage-collector/custom-foreground',
    says: 'In the foreground a custom resource goes after those who hold it.',
    async act(world) {
      const apps = await defineApps(world);
      const owner = appOwner(await makeApp(world, apps, 'a'), { blockOwnerDeletion: true });
      await world.create(configMap, {
        metadata: { ...named('owned'), ownerReferences: [owner], finalizers: ['example.com/hold'] },
      });
      await world.pass('10s');
      await world.remove(apps, 'default/a', { propagationPolicy: 'Foreground' });
      await world.pass('20s');
      assert.deepEqual(names(appsIn(world.view)), ['a']);
      await world.unhold(configMap, 'default/owned');
    },
    end: (view) => assert.deepEqual([mapsOf(view), appsIn(view)], [[], []]),
  }),
  about(COLLECTOR, {
    name: 'garbage-collector/definition-gone',
    says: 'With a definition its custom resources go, and with them what they owned.',
    // As upstream: who did not see them go cannot tell a kind that is gone from one that is away.
    spares: ['crashes', 'network'],
    async act(world) {
      const apps = await defineApps(world);
      await ownedMap(world, 'owned', appOwner(await makeApp(world, apps, 'a')));
      await ownedMap(world, 'free');
      // Until the collector has seen what is served now.
      await world.pass('1m');
      await world.remove(customResourceDefinition, DEFINITION);
    },
    end: (view) =>
      assert.deepEqual([mapsOf(view), appsIn(view), view.list(customResourceDefinition)], [['free'], [], []]),
  }),
  about(COLLECTOR, {
    name: 'garbage-collector/definition-unseen',
    says: 'What nobody saw lose its owner goes when the kind of the owner is defined again; nothing else ever does.',
    always: [
      invariantOf('what nobody owns stays', [configMap], (view) =>
        mapsOf(view).includes('owned') && !mapsOf(view).includes('free') ? 'it went' : undefined,
      ),
    ],
    async act(world) {
      const apps = await defineApps(world);
      const owner = appOwner(await makeApp(world, apps, 'a'));
      await ownedMap(world, 'free');
      await ownedMap(world, 'owned', owner);
      await world.pass(world.random.uint32() % 60_000);
      await world.remove(customResourceDefinition, DEFINITION);
      await world.until('they are gone', (view) => view.list(customResourceDefinition).length === 0);
      assert.deepEqual(appsIn(world.view), []);
      await world.until('apps are served no more', () => world.kind('example.com/v1', 'apps') === undefined);
      await world.pass('1m');
      await defineApps(world);
    },
    end: (view) => assert.deepEqual(mapsOf(view), ['free']),
  }),
  about(COLLECTOR, {
    name: 'garbage-collector/definition-again',
    says: 'A definition that goes and comes again begins anew: nothing of the new one is taken for what was.',
    async act(world) {
      const apps = await defineApps(world);
      await makeApp(world, apps, 'a');
      await world.remove(customResourceDefinition, DEFINITION);
      await world.until('it is gone', (view) => view.get(customResourceDefinition, DEFINITION) === undefined);
      await world.until('apps are served no more', () => world.kind('example.com/v1', 'apps') === undefined);
      const again = await defineApps(world);
      await ownedMap(world, 'owned', appOwner(await makeApp(world, again, 'a')));
    },
    end: (view) => assert.deepEqual([mapsOf(view), names(appsIn(view))], [['owned'], ['a']]),
  }),
];

/** What is in a namespace goes before it does. */
const customEmptyFirst: Property = invariantOf('no custom resource outlives its namespace', [namespace], (view) =>
  appsIn(view).some(({ metadata }) => !view.get(namespace, metadata.namespace ?? '')) ? 'one does' : undefined,
);

const usedApps = (view: View): string | undefined =>
  view.get(resourceQuota, 'default/few')?.status.used?.[`count/${DEFINITION}`];

/** As upstream: what a request took that died before it was done is refused until all is counted anew, in five minutes. */
async function insist(world: World, work: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await work();
      return;
    } catch (error) {
      if (tries === 3 || !hasReason(error, 'Forbidden')) throw error;
      await world.pass('6m');
    }
  }
}

const counted: readonly Scenario[] = [
  about('namespace-controller', {
    name: 'namespace/custom-resources',
    says: 'A namespace goes with the custom resources in it, not before them.',
    always: [customEmptyFirst],
    async act(world) {
      await world.create(namespace, { metadata: { name: 'team' } });
      const apps = await defineApps(world);
      await makeApp(world, apps, 'a', { namespace: 'team', finalizers: ['example.com/hold'] });
      await world.remove(namespace, 'team');
      await world.until(
        'it is told what holds it',
        (view) => conditionOf(view.get(namespace, 'team'), 'NamespaceFinalizersRemaining')?.status === 'True',
      );
      assert.match(
        conditionOf(world.view.get(namespace, 'team'), 'NamespaceContentRemaining')?.message ?? '',
        /apps\.example\.com has 1 resource instances/,
      );
      await world.unhold(apps, 'team/a');
    },
    end: (view) => assert.deepEqual([names(view.list(namespace)).includes('team'), appsIn(view)], [false, []]),
  }),
  about('resourcequota-controller', {
    name: 'quota/custom-resources',
    says: 'Custom resources can be counted, also by a quota that was there before they were defined.',
    // As upstream: what the controller does not hear of it takes for gone, and gives back until it hears of it.
    spares: ['mute watches'],
    async act(world) {
      await world.create(resourceQuota, { metadata: named('few'), spec: { hard: { [`count/${DEFINITION}`]: '2' } } });
      const apps = await defineApps(world);
      await world.until('they are counted', (view) => usedApps(view) === '0');
      await insist(world, () => makeApp(world, apps, 'a'));
      // As upstream: what is under way while all is counted anew is counted the next time.
      await world.until('the first is counted', (view) => usedApps(view) === '1');
      await insist(world, () => makeApp(world, apps, 'b'));
      await world.pass('6m');
      assert.equal(usedApps(world.view), '2');
      const third = { metadata: named('c'), spec: { size: 1 } };
      assert.equal(await world.refusal((api) => api.of(apps).create(third as never)), 'Forbidden');
      await world.remove(apps, 'default/a');
    },
    end: (view) => assert.equal(usedApps(view), '1'),
  }),
  about('disruption-controller', {
    name: 'disruption/custom-owner',
    says: 'A budget is a share of what a custom resource wants, by its scale.',
    async act(world) {
      const apps = await defineApps(world);
      const ownerReferences = [appOwner(await makeApp(world, apps, 'a'), { controller: true })];
      await world.create(pod, {
        metadata: { ...named('p'), labels: { app: 'a' }, ownerReferences },
        spec: podTemplate('a').spec,
      });
      await world.create(podDisruptionBudget, {
        metadata: named('b'),
        spec: { selector: { matchLabels: { app: 'a' } }, maxUnavailable: '25%' },
      });
    },
    end(view) {
      const { expectedPods, desiredHealthy } = view.get(podDisruptionBudget, 'default/b')?.status ?? {};
      assert.deepEqual([expectedPods, desiredHealthy], [8, 6]);
    },
  }),
];

const storedVersions = (view: View): readonly string[] | null | undefined =>
  view.get(customResourceDefinition, DEFINITION)?.status.storedVersions;

const MIGRATOR = 'storage-version-migrator-controller';
const migrate = (world: World, name: string, resource: { readonly group: string; readonly resource: string }) =>
  world.create(storageVersionMigration, { metadata: { name }, spec: { resource } });
const migrationOf = (view: View, name: string): readonly string[] =>
  (view.get(storageVersionMigration, name)?.status.conditions ?? []).map((c) =>
    `${c.type} ${c.status} ${c.reason} ${c.message}`.trim(),
  );
const SUCCEEDED = ['Succeeded True StorageVersionMigrationSucceeded'];

const migrating: readonly Scenario[] = [
  about(MIGRATOR, {
    name: 'storage-version-migrator/custom-resources',
    says: 'Every object is stored in the version of now, whatever fails on the way, and the definition forgets the other.',
    async act(world) {
      const apps = await defineApps(world);
      for (const name of ['a', 'b', 'c']) await makeApp(world, apps, name);
      await world.change(
        customResourceDefinition,
        DEFINITION,
        (d) => ({ ...d, spec: { ...d.spec, versions: versionsOf('v2') } }) as CustomResourceDefinition,
      );
      await world.until('both are known to be stored', (view) => storedVersions(view)?.length === 2);
      await world.pass('5s');
      assert.deepEqual(new Set(appsIn(world.view).map((app) => app.apiVersion)), new Set(['example.com/v1']));
      await migrate(world, 'm', { group: 'example.com', resource: 'apps' });
    },
    end(view) {
      assert.deepEqual(migrationOf(view, 'm'), SUCCEEDED);
      assert.deepEqual(
        appsIn(view).map((app) => app.apiVersion),
        ['example.com/v2', 'example.com/v2', 'example.com/v2'],
      );
      assert.deepEqual(storedVersions(view), ['v2']);
    },
  }),
  about(MIGRATOR, {
    name: 'storage-version-migrator/nothing-to-do',
    says: 'What is stored as it should be is not written again.',
    async act(world) {
      await world.create(configMap, { metadata: named('c') });
      await migrate(world, 'maps', { group: '', resource: 'configmaps' });
    },
    always: [
      defineProperty({
        name: 'the map is never written anew',
        of: [configMap],
        begin() {
          let first: ConfigMap | undefined;
          return (view) => {
            // What is written is another object in the view.
            const found = view.get(configMap, 'default/c');
            first ??= found;
            return found === first ? undefined : 'it was';
          };
        },
      }),
    ],
    end: (view) => assert.deepEqual(migrationOf(view, 'maps'), SUCCEEDED),
  }),
  about(MIGRATOR, {
    name: 'storage-version-migrator/unknown',
    says: 'A migration of what nobody serves fails, and says so, after a while.',
    act: async (world) => void (await migrate(world, 'none', { group: 'example.com', resource: 'nothings' })),
    end: (view) =>
      assert.deepEqual(migrationOf(view, 'none'), [
        'Failed True StorageVersionMigrationFailed migration encountered unhandled error: unable to obtain GVR from discovery',
      ]),
  }),
];

export const customResourceScenarios: readonly Scenario[] = [...collecting, ...counted, ...migrating];
