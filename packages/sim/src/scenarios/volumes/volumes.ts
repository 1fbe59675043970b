import assert from 'node:assert/strict';
import { persistentVolume, persistentVolumeClaim, pod, storageClass } from '@navarch/api';
import {
  claimProtectionController,
  ephemeralVolumeController,
  garbageCollectorController,
  volumeBindingController,
  volumeProtectionController,
} from '@navarch/controllers';
import { named } from '../drafts.ts';
import { defineProperty, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import { addClaim, addVolume, bindOne, boundTo, phaseOf, runWithClaim } from './objects.ts';

/** Two claims on one volume would write over each other. */
const oneClaimEach: Property = defineProperty({
  name: 'no volume has two claims, and none changes hands unseen',
  of: [persistentVolumeClaim],
  begin: () => (view) => {
    const held = view.list(persistentVolumeClaim).flatMap(({ spec }) => spec.volumeName ?? []);
    return new Set(held).size < held.length ? held.join(', ') : undefined;
  },
});

const about = (scenario: Partial<Scenario> & Pick<Scenario, 'name' | 'says' | 'act' | 'end'>): Scenario =>
  defineScenario({
    controllers: () => [volumeBindingController(), claimProtectionController, volumeProtectionController],
    always: [oneClaimEach],
    ...scenario,
  });

export const volumeScenarios: readonly Scenario[] = [
  about({
    name: 'volumes/smallest-that-fits',
    says: 'A claim gets the smallest volume that has room for it.',
    // What is not seen is not chosen: a watch that is dead may be so for minutes.
    spares: ['network'],
    async act(world) {
      await addVolume(world, 'big', '10Gi');
      await addVolume(world, 'fits', '5Gi');
      await addVolume(world, 'small', '1Gi');
      await world.until('all are free', (view) =>
        view.list(persistentVolume).every(({ status }) => status.phase === 'Available'),
      );
      await world.pass('5s');
      await addClaim(world, 'c', '2Gi');
    },
    end: (view) =>
      assert.deepEqual(
        [boundTo(view, 'c'), phaseOf(view, 'fits'), phaseOf(view, 'big')],
        ['fits', 'Bound', 'Available'],
      ),
  }),
  about({
    name: 'volumes/many-claims',
    says: 'As many claims are bound as there are volumes, each to its own.',
    async act(world) {
      for (let n = 0; n < 4; n++) await addVolume(world, `v${n}`, '1Gi');
      for (let n = 0; n < 5; n++) await addClaim(world, `c${n}`, '1Gi');
    },
    end(view) {
      const bound = view.list(persistentVolumeClaim).filter(({ status }) => status.phase === 'Bound');
      assert.equal(bound.length, 4);
      for (const { metadata, spec } of bound)
        assert.equal(view.get(persistentVolume, spec.volumeName ?? '')?.spec.claimRef?.uid, metadata.uid);
    },
  }),
  about({
    name: 'volumes/kept-for-a-claim',
    says: 'A volume that names its claim is given to no other.',
    async act(world) {
      await addVolume(world, 'kept', '1Gi', { claimRef: { namespace: 'default', name: 'mine' } });
      await addClaim(world, 'other', '1Gi');
      await world.pass('10s');
      await addClaim(world, 'mine', '1Gi');
    },
    end: (view) => assert.deepEqual([boundTo(view, 'mine'), boundTo(view, 'other')], ['kept', undefined]),
  }),
  about({
    name: 'volumes/claim-first',
    says: 'A claim that waits is bound when a volume comes.',
    async act(world) {
      await addClaim(world, 'c', '1Gi');
      await world.pass('5s');
      await addVolume(world, 'v', '1Gi');
    },
    end: (view) => assert.equal(boundTo(view, 'c'), 'v'),
  }),
  about({
    name: 'volumes/released-is-kept',
    says: 'With Retain a volume whose claim has gone is released, and given to nobody else.',
    async act(world) {
      await bindOne(world);
      await world.remove(persistentVolumeClaim, 'default/c');
      await world.until('it is released', (view) => phaseOf(view, 'v') === 'Released');
      await addClaim(world, 'd', '1Gi');
    },
    end: (view) => assert.deepEqual([phaseOf(view, 'v'), boundTo(view, 'd')], ['Released', undefined]),
  }),
  about({
    name: 'volumes/lost',
    says: 'A claim whose volume was taken away is lost.',
    async act(world) {
      await bindOne(world);
      await world.pass('5s');
      await world.change(persistentVolume, 'v', (v) => ({ ...v, metadata: { ...v.metadata, finalizers: [] } }));
      await world.remove(persistentVolume, 'v');
      await world.unhold(persistentVolume, 'v');
    },
    end: (view) => assert.equal(view.get(persistentVolumeClaim, 'default/c')?.status.phase, 'Lost'),
  }),
  about({
    name: 'volumes/waits-for-consumer',
    says: 'Where the class says so a claim is bound for its first pod, not before.',
    async act(world) {
      await world.create(storageClass, {
        metadata: { name: 'late' },
        provisioner: 'kubernetes.io/no-provisioner',
        volumeBindingMode: 'WaitForFirstConsumer',
      });
      // As upstream: a class that is not known yet is one that does not wait.
      await world.pass('1m');
      await addVolume(world, 'v', '1Gi', { storageClassName: 'late' });
      await addClaim(world, 'c', '1Gi', { storageClassName: 'late' });
      await world.pass('20s');
    },
    end: (view) => assert.deepEqual([boundTo(view, 'c'), phaseOf(view, 'v')], [undefined, 'Available']),
  }),
  about({
    name: 'volumes/claim-in-use',
    says: 'A claim that a pod uses goes when the pod has gone.',
    always: [
      defineProperty({
        name: 'no pod loses its claim',
        of: [persistentVolumeClaim],
        begin() {
          let wasThere = false;
          return (view) => {
            const isThere = view.get(persistentVolumeClaim, 'default/c') !== undefined;
            wasThere ||= isThere;
            return wasThere && !isThere && view.get(pod, 'default/p')?.status.phase === 'Running'
              ? 'one did'
              : undefined;
          };
        },
      }),
    ],
    async act(world) {
      await addClaim(world, 'c', '1Gi');
      await runWithClaim(world);
      await world.remove(persistentVolumeClaim, 'default/c');
      await world.pass('10s');
      assert.ok(world.view.get(persistentVolumeClaim, 'default/c')?.metadata.deletionTimestamp);
      await world.remove(pod, 'default/p');
    },
    end: (view) => assert.ok(!view.get(persistentVolumeClaim, 'default/c')),
  }),
  about({
    name: 'volumes/volume-in-use',
    says: 'A volume that is bound goes when its claim has gone.',
    async act(world) {
      await bindOne(world);
      await world.remove(persistentVolume, 'v');
      await world.pass('10s');
      assert.ok(world.view.get(persistentVolume, 'v')?.metadata.deletionTimestamp);
      await world.remove(persistentVolumeClaim, 'default/c');
    },
    end: (view) =>
      assert.deepEqual([view.list(persistentVolume).length, view.list(persistentVolumeClaim).length], [0, 0]),
  }),
  about({
    name: 'volumes/ephemeral',
    says: 'A volume that is declared in a pod has a claim that lives as long as the pod.',
    controllers: () => [
      ephemeralVolumeController,
      claimProtectionController,
      garbageCollectorController([pod, persistentVolumeClaim]),
    ],
    always: [],
    async act(world) {
      const volumeClaimTemplate = {
        spec: { accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '1Gi' } } },
      };
      await world.create(pod, {
        metadata: named('p'),
        spec: {
          containers: [{ name: 'c', image: 'v1' }],
          volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate } }],
        },
      });
      await world.until(
        'its claim is there',
        (view) => view.get(persistentVolumeClaim, 'default/p-scratch') !== undefined,
      );
      await world.remove(pod, 'default/p');
    },
    end: (view) => assert.deepEqual([view.list(pod).length, view.list(persistentVolumeClaim).length], [0, 0]),
  }),
];
