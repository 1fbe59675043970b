import assert from 'node:assert/strict';
import { lease, storageVersion } from '@navarch/api';
import { runtimeConfigOf } from '@navarch/apiserver';
import { storageVersionCollectorController } from '@navarch/controllers';
import type { ObjectOf } from '@navarch/machinery';
import { conditionOf, names } from '../drafts.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

type Versions = ObjectOf<typeof storageVersion>;
const NAME = 'apps.deployments';

/** Held for a day: the API server takes away what nobody renews. */
const begin = (world: World, name: string, labels: object = { 'apiserver.kubernetes.io/identity': 'kube-apiserver' }) =>
  world.create(lease, {
    metadata: { namespace: 'kube-system', name, labels },
    spec: {
      holderIdentity: name,
      leaseDurationSeconds: 86_400,
      renewTime: new Date(world.clock.now()).toISOString().replace('Z', '000Z'),
    },
  } as never);
const end = (world: World, name: string): Promise<void> => world.remove(lease, `kube-system/${name}`);
const say = async (
  world: World,
  ...servers: readonly (readonly [server: string, version: string])[]
): Promise<void> => {
  const [first, ...others] = new Set(servers.map(([, version]) => version));
  await world.create(storageVersion, { metadata: { name: NAME } });
  await world.setStatus(storageVersion, NAME, (versions) => ({
    ...versions,
    status: {
      storageVersions: servers.map(([apiServerID, encodingVersion]) => ({
        apiServerID,
        encodingVersion,
        decodableVersions: [encodingVersion],
      })),
      ...(first !== undefined && others.length === 0 ? { commonEncodingVersion: first } : {}),
    },
  }));
};
const found = (view: View): Versions | undefined => view.get(storageVersion, NAME);
const servers = (view: View): readonly string[] =>
  (found(view)?.status.storageVersions ?? []).map(({ apiServerID }) => apiServerID ?? '');

const about = (name: string, says: string, rest: Pick<Scenario, 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({
    name: `storage-version-collector/${name}`,
    says,
    // Of a version that is served where somebody asks for it.
    server: () => ({ runtimeConfig: runtimeConfigOf(['internal.apiserver.k8s.io/v1alpha1=true']) }),
    controllers: () => [storageVersionCollectorController],
    pods: 'none',
    ...rest,
  });

export const storageVersionCollectorScenarios: readonly Scenario[] = [
  about(
    'server-gone',
    'What a server stores is forgotten with its identity lease, and all are told what is left in common.',
    {
      async act(world) {
        for (const name of ['one', 'two', 'three']) await begin(world, name);
        await say(world, ['one', 'apps/v1'], ['two', 'apps/v2'], ['three', 'apps/v1']);
        await world.pass('20s');
        assert.deepEqual(servers(world.view), ['one', 'two', 'three']);
        await end(world, 'two');
      },
      end(view) {
        assert.deepEqual([servers(view), found(view)?.status.commonEncodingVersion], [['one', 'three'], 'apps/v1']);
        const { status, reason } = conditionOf(found(view) as never, 'AllEncodingVersionsEqual') ?? {};
        assert.deepEqual([status, reason], ['True', 'CommonEncodingVersionSet']);
      },
    },
  ),
  about('none-left', 'What no server stores any more is deleted.', {
    async act(world) {
      await begin(world, 'one');
      await say(world, ['one', 'apps/v1'], ['never', 'apps/v1']);
      await world.until('the one that never was is forgotten', (view) => servers(view).join() === 'one');
      await end(world, 'one');
    },
    end: (view) => assert.deepEqual(names(view.list(storageVersion)), []),
  }),
  about('no-identity', 'A lease that is no identity of a server keeps nothing.', {
    async act(world) {
      await begin(world, 'one');
      await begin(world, 'two', {});
      await say(world, ['one', 'apps/v1'], ['two', 'apps/v2']);
    },
    end: (view) => assert.deepEqual([servers(view), found(view)?.status.commonEncodingVersion], [['one'], 'apps/v1']),
  }),
];
