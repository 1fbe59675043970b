import assert from 'node:assert/strict';
import {
  LOCAL_PROVISIONER,
  node,
  persistentVolume,
  type PersistentVolume,
  persistentVolumeClaim,
  type PersistentVolumeClaim,
  storageClass,
} from '@navarch/api';
import {
  claimProtectionController,
  localProvisionerController,
  volumeBindingController,
  volumeExpanderController,
  volumeProtectionController,
} from '@navarch/controllers';
import { defineProperty, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';
import { addClaim, addVolume } from './objects.ts';

const CLAIM = 'default/c';
const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const LOCAL = { storageClassName: 'local' };

/** A node `n1`, and a class of folders on nodes. */
async function furnish(world: World, more: object = {}): Promise<void> {
  await world.create(node, {
    metadata: {
      name: 'n1',
      labels: { 'kubernetes.io/hostname': 'host-1' },
      annotations: { 'navarch.dev/local-volumes': '/var/folders' },
    },
  });
  await world.create(storageClass, {
    metadata: { name: 'local' },
    provisioner: LOCAL_PROVISIONER,
    reclaimPolicy: 'Delete',
    allowVolumeExpansion: true,
    volumeBindingMode: 'WaitForFirstConsumer',
    ...more,
  });
  // As upstream: a class that is not known yet is one that does not wait.
  await world.pass('1m');
}

/** As the scheduler does when it has found a place for the claim's pod. */
const place = (world: World, nodeName: string): Promise<PersistentVolumeClaim> =>
  world.change(persistentVolumeClaim, CLAIM, (claim) => ({
    ...claim,
    metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, [SELECTED_NODE]: nodeName } },
  }));
const grow = (world: World, storage: string): Promise<PersistentVolumeClaim> =>
  world.change(persistentVolumeClaim, CLAIM, (claim) => ({
    ...claim,
    spec: { ...claim.spec, resources: { requests: { storage } } },
  }));

const claimOf = (view: View): PersistentVolumeClaim | undefined => view.get(persistentVolumeClaim, CLAIM);
const isBound = (view: View): boolean => claimOf(view)?.status.phase === 'Bound';

async function provision(world: World, more: object = {}): Promise<PersistentVolume> {
  await furnish(world, more);
  await addClaim(world, 'c', '1Gi', LOCAL);
  await place(world, 'n1');
  await world.until('it is bound', isBound);
  const [volume] = world.view.list(persistentVolume);
  assert.ok(volume);
  return volume;
}

/** A second one would be a folder that nobody knows. */
const oneVolumeEach: Property = defineProperty({
  name: 'never two volumes made for one claim',
  of: [persistentVolume],
  begin: () => (view) => {
    const all = view.list(persistentVolume).flatMap(({ spec }) => spec.claimRef?.uid ?? []);
    return new Set(all).size < all.length ? all.join(', ') : undefined;
  },
});

const about = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({
    controllers: () => [
      volumeBindingController(),
      localProvisionerController,
      claimProtectionController,
      volumeProtectionController,
    ],
    pods: 'none',
    always: [oneVolumeEach],
    ...scenario,
  });

export const provisioningScenarios: readonly Scenario[] = [
  about({
    name: 'local-provisioner/placed',
    says: 'A claim whose pod was placed gets a folder of that node, once, and nothing before.',
    async act(world) {
      await furnish(world);
      await addClaim(world, 'c', '1Gi', LOCAL);
      await world.pass('30s');
      assert.deepEqual(world.view.list(persistentVolume), []);
      await place(world, 'n1');
    },
    end(view) {
      const [volume, ...more] = view.list(persistentVolume);
      const { spec, metadata } = claimOf(view) ?? {};
      assert.deepEqual(
        [more, volume?.metadata.name, spec?.volumeName],
        [[], `pvc-${metadata?.uid}`, `pvc-${metadata?.uid}`],
      );
      assert.ok(isBound(view));
      assert.deepEqual(volume?.spec.nodeAffinity?.required?.nodeSelectorTerms, [
        { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['host-1'] }] },
      ]);
    },
  }),
  about({
    name: 'local-provisioner/immediate',
    says: 'A class that does not wait makes nothing: a folder is of a node, and none was said.',
    async act(world) {
      await furnish(world, { volumeBindingMode: 'Immediate' });
      await addClaim(world, 'c', '1Gi', LOCAL);
      await world.pass('1m');
    },
    end: (view) => assert.deepEqual([claimOf(view)?.status.phase, view.list(persistentVolume)], ['Pending', []]),
  }),
  about({
    name: 'local-provisioner/node-gone',
    says: 'A claim whose node is gone is placed anew.',
    async act(world) {
      await furnish(world);
      await addClaim(world, 'c', '1Gi', LOCAL);
      await place(world, 'gone');
      await world.until(
        'it is taken back',
        (view) => claimOf(view)?.metadata.annotations?.[SELECTED_NODE] === undefined,
      );
      await place(world, 'n1');
    },
    end: (view) => assert.ok(isBound(view)),
  }),
  about({
    name: 'local-provisioner/reclaim-delete',
    says: 'With Delete a released volume goes when its node has removed the folder, not before.',
    async act(world) {
      const { metadata } = await provision(world);
      await world.remove(persistentVolumeClaim, CLAIM);
      await world.until(
        'it is to go',
        (view) => view.get(persistentVolume, metadata.name)?.metadata.deletionTimestamp !== undefined,
      );
      const held = (view: View): readonly string[] =>
        view.get(persistentVolume, metadata.name)?.metadata.finalizers ?? [];
      await world.until('nobody uses it', (view) => !held(view).includes('kubernetes.io/pv-protection'));
      await world.pass('1m');
      assert.deepEqual(held(world.view), ['navarch.dev/local-folder']);
      await world.unhold(persistentVolume, metadata.name);
    },
    end: (view) => assert.deepEqual([view.list(persistentVolume), view.list(persistentVolumeClaim)], [[], []]),
  }),
  about({
    name: 'local-provisioner/reclaim-retain',
    says: 'With Retain a released volume stays, and is given to nobody else.',
    async act(world) {
      const { metadata } = await provision(world, { reclaimPolicy: 'Retain' });
      await world.remove(persistentVolumeClaim, CLAIM);
      await world.until(
        'it is released',
        (view) => view.get(persistentVolume, metadata.name)?.status.phase === 'Released',
      );
      await addClaim(world, 'c', '1Gi', LOCAL);
    },
    end(view) {
      const [volume, ...more] = view.list(persistentVolume);
      assert.deepEqual([more, volume?.metadata.deletionTimestamp, volume?.status.phase], [[], undefined, 'Released']);
      assert.equal(claimOf(view)?.status.phase, 'Pending');
    },
  }),
  about({
    name: 'local-provisioner/grows',
    says: 'A claim that asks for more gets it, and so does its volume.',
    async act(world) {
      await provision(world);
      await grow(world, '3Gi');
    },
    end(view) {
      assert.deepEqual(claimOf(view)?.status.capacity, { storage: '3Gi' });
      assert.deepEqual(view.list(persistentVolume)[0]?.spec.capacity, { storage: '3Gi' });
    },
  }),
  about({
    name: 'volume-expansion/external',
    says: 'A claim that is to grow on a volume of somebody else waits for them, and says so; one that may not grow is refused.',
    controllers: () => [volumeBindingController(), volumeExpanderController],
    spares: ['crashes', 'network'],
    async act(world) {
      for (const [name, allowVolumeExpansion] of [
        ['grows', true],
        ['fixed', false],
      ] as const) {
        await world.create(storageClass, {
          metadata: { name },
          provisioner: 'disk.example.com',
          allowVolumeExpansion,
          volumeBindingMode: 'Immediate',
        });
        const csi = { driver: 'disk.example.com', volumeHandle: name };
        await addVolume(world, name, '1Gi', { storageClassName: name, hostPath: undefined, csi });
      }
      await addClaim(world, 'c', '1Gi', { storageClassName: 'grows' });
      await addClaim(world, 'd', '1Gi', { storageClassName: 'fixed' });
      await world.until('both are bound', (view) =>
        view.list(persistentVolumeClaim).every(({ status }) => status.phase === 'Bound'),
      );
      const refused = await world.refusal((api) =>
        api.of(persistentVolumeClaim).update('default/d', (claim) => ({
          ...claim,
          spec: { ...claim.spec, resources: { requests: { storage: '2Gi' } } },
        })),
      );
      assert.equal(refused, 'Forbidden');
      await grow(world, '2Gi');
    },
    end(view) {
      assert.deepEqual(claimOf(view)?.status.capacity, { storage: '1Gi' });
      assert.ok(
        view
          .events('PersistentVolumeClaim')
          .includes('ExternalExpanding: waiting for an external controller to expand this PVC'),
      );
    },
  }),
];
