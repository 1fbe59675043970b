import assert from 'node:assert/strict';
import {
  csiDriver,
  node,
  type Node,
  persistentVolumeClaim,
  pod,
  volumeAttachment,
  volumeAttributesClass,
} from '@navarch/api';
import {
  attachDetachController,
  attributesClassProtectionController,
  claimProtectionController,
  ephemeralVolumeController,
} from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { named } from '../drafts.ts';
import { defineProperty, invariantOf, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';
import { addClaim, addVolume } from './objects.ts';

type Attachment = ObjectOf<typeof volumeAttachment>;

const DRIVER = 'disk.example.com';
const UNIQUE = `kubernetes.io/csi/${DRIVER}^handle`;

/** A volume `v` that claim `c` is bound to, and nodes `a` and `b` whose kubelets leave attaching to the controller. */
async function begin(world: World, accessMode = 'ReadWriteOnce'): Promise<void> {
  const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' };
  for (const name of ['a', 'b']) await world.create(node, { metadata: { name, annotations } });
  await addVolume(world, 'v', '1Gi', {
    accessModes: [accessMode],
    hostPath: undefined,
    csi: { driver: DRIVER, volumeHandle: 'handle' },
    claimRef: { namespace: 'default', name: 'c' },
  });
  await addClaim(world, 'c', '1Gi', { accessModes: [accessMode], volumeName: 'v' });
}

const addPod = (world: World, name: string, nodeName: string): Promise<unknown> =>
  world.create(pod, {
    metadata: named(name),
    spec: {
      nodeName,
      containers: [{ name: 'c', image: 'v1' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
    },
  });
const endPod = (world: World, name: string): Promise<void> =>
  world.remove(pod, `default/${name}`, { gracePeriodSeconds: 0 });
const attachedTo = (view: View): readonly string[] =>
  view
    .list(volumeAttachment)
    .map(({ spec }) => spec.nodeName)
    .toSorted();
const reported = (view: View, name: string): readonly string[] =>
  (view.get(node, name)?.status.volumesAttached ?? []).map((volume) => volume.name);

/** As the driver's attacher does. */
async function attach(world: World, nodeName: string): Promise<void> {
  await world.until('it is asked', (view) => attachedTo(view).includes(nodeName));
  const found = world.view.list(volumeAttachment).find(({ spec }) => spec.nodeName === nodeName);
  await world.setStatus(volumeAttachment, found?.metadata.name ?? '', (one): Attachment => ({
    ...one,
    status: { ...one.status, attached: true },
  }));
}
const mounted = (world: World, name: string, volumesInUse: readonly string[]): Promise<Node> =>
  world.setStatus(node, name, (n) => ({ ...n, status: { ...n.status, volumesInUse } }) as Node);

/** Pod `p` runs on node `a`, which has the volume mounted. */
async function runOnA(world: World): Promise<void> {
  await begin(world);
  await addPod(world, 'p', 'a');
  await attach(world, 'a');
  await world.until('the node is told', (view) => reported(view, 'a').includes(UNIQUE));
  await mounted(world, 'a', [UNIQUE]);
  // A kubelet says so long before it mounts: the controller knows.
  await world.pass('10s');
}

/** Two nodes that write to one disk destroy what is on it. */
const oneNodeAtATime: Property = invariantOf('never attached to two nodes', [volumeAttachment], (view) =>
  attachedTo(view).length > 1 ? attachedTo(view).join(', ') : undefined,
);
/** A disk that is taken away under its file system loses what was not written yet. */
const neverUnderAMount: Property = defineProperty({
  name: 'never detached while it is mounted',
  of: [volumeAttachment],
  begin: () => (view) => {
    const bare = view
      .list(node)
      .find(
        ({ metadata, status }) => status.volumesInUse?.includes(UNIQUE) && !attachedTo(view).includes(metadata.name),
      );
    return bare && `${bare.metadata.name} has it mounted`;
  },
});

const about = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({
    controllers: () => [attachDetachController()],
    pods: 'none',
    always: [oneNodeAtATime, neverUnderAMount],
    // What nobody detaches in six minutes is detached by force, by the clock.
    spares: ['clock jumps'],
    ...scenario,
  });

const attaching: readonly Scenario[] = [
  about({
    name: 'attach-detach/life',
    says: 'A volume is attached for the first pod, told to its node, and detached when it is unmounted after the last.',
    async act(world) {
      await runOnA(world);
      await endPod(world, 'p');
      await world.pass('1m');
      assert.deepEqual([attachedTo(world.view), reported(world.view, 'a')], [['a'], [UNIQUE]]);
      await mounted(world, 'a', []);
    },
    end: (view) => assert.deepEqual([attachedTo(view), reported(view, 'a')], [[], []]),
  }),
  about({
    name: 'attach-detach/next-node',
    says: 'A volume that one node may have goes to the next when the first has let go.',
    async act(world) {
      await runOnA(world);
      await addPod(world, 'q', 'b');
      await world.pass('30s');
      assert.deepEqual(attachedTo(world.view), ['a']);
      await endPod(world, 'p');
      await world.pass('10s');
      await mounted(world, 'a', []);
    },
    end: (view) => assert.deepEqual(attachedTo(view), ['b']),
  }),
  about({
    name: 'attach-detach/shared',
    says: 'A volume that may be shared is attached to each node that has a pod of it.',
    always: [neverUnderAMount],
    async act(world) {
      await begin(world, 'ReadWriteMany');
      await addPod(world, 'p', 'a');
      await addPod(world, 'q', 'b');
      await world.until('both have it', (view) => attachedTo(view).join() === 'a,b');
      await endPod(world, 'p');
    },
    end: (view) => assert.deepEqual(attachedTo(view), ['b']),
  }),
  about({
    name: 'attach-detach/not-needed',
    says: 'Nothing is attached of a driver that needs it not.',
    async act(world) {
      await world.create(csiDriver, { metadata: { name: DRIVER }, spec: { attachRequired: false } });
      await world.pass('30s');
      await begin(world);
      await addPod(world, 'p', 'a');
      await world.pass('1m');
    },
    end: (view) => assert.deepEqual(attachedTo(view), []),
  }),
];

const makeClass = (world: World) =>
  world.create(volumeAttributesClass, {
    metadata: { name: 'fast' },
    driverName: DRIVER,
    parameters: { iops: '100' },
  } as Draft<ObjectOf<typeof volumeAttributesClass>>);

const protecting: readonly Scenario[] = [
  defineScenario({
    name: 'attributes-class-protection/in-use',
    says: 'A class of volume attributes that is deleted stays while a claim names it.',
    // As upstream, it is the claims that are seen which hold it: a watch that is behind or dead shows none.
    spares: ['network'],
    controllers: () => [attributesClassProtectionController],
    pods: 'none',
    always: [
      defineProperty({
        name: 'no claim loses its class',
        of: [volumeAttributesClass],
        begin() {
          let wasThere = false;
          return (view) => {
            const isThere = view.get(volumeAttributesClass, 'fast') !== undefined;
            wasThere ||= isThere;
            return wasThere && !isThere && view.get(persistentVolumeClaim, 'default/c') ? 'one did' : undefined;
          };
        },
      }),
    ],
    async act(world) {
      await makeClass(world);
      await addClaim(world, 'c', '1Gi', { volumeAttributesClassName: 'fast' });
      await world.until('it is held', (view) => {
        const { finalizers = [] } = view.get(volumeAttributesClass, 'fast')?.metadata ?? {};
        return finalizers.includes('kubernetes.io/vac-protection');
      });
      await world.remove(volumeAttributesClass, 'fast');
      await world.pass('30s');
      await world.remove(persistentVolumeClaim, 'default/c');
      await world.unhold(persistentVolumeClaim, 'default/c');
    },
    end: (view) => assert.deepEqual(view.list(volumeAttributesClass), []),
  }),
  defineScenario({
    name: 'attributes-class-protection/on-the-way',
    says: 'A class stays for a claim that asks for another by now, for as long as its volume is on the way to it or has it.',
    controllers: () => [attributesClassProtectionController],
    pods: 'none',
    async act(world) {
      await makeClass(world);
      await addClaim(world, 'c', '1Gi');
      const say = (status: object): Promise<unknown> =>
        world.setStatus(persistentVolumeClaim, 'default/c', (c) => ({
          ...c,
          status: { phase: 'Bound' as const, ...status },
        }));
      await say({ modifyVolumeStatus: { status: 'InProgress', targetVolumeAttributesClassName: 'fast' } });
      await world.pass('11m');
      await world.remove(volumeAttributesClass, 'fast');
      await world.pass('2m');
      assert.ok(world.view.get(volumeAttributesClass, 'fast'), 'it is on the way to it');
      await say({ currentVolumeAttributesClassName: 'fast' });
      await world.pass('2m');
      assert.ok(world.view.get(volumeAttributesClass, 'fast'), 'it has it');
      await say({});
    },
    end: (view) => assert.deepEqual(view.list(volumeAttributesClass), []),
  }),
  defineScenario({
    name: 'attributes-class-protection/unused',
    says: 'One that nobody names goes at once.',
    controllers: () => [attributesClassProtectionController],
    pods: 'none',
    async act(world) {
      await makeClass(world);
      await addClaim(world, 'c', '1Gi');
      await world.pass('10s');
      await world.remove(volumeAttributesClass, 'fast');
    },
    end: (view) => assert.deepEqual(view.list(volumeAttributesClass), []),
  }),
  defineScenario({
    name: 'ephemeral-volume/foreign-claim',
    says: 'A claim of its name that belongs to somebody else is not taken for a pod, and is left alone.',
    controllers: () => [ephemeralVolumeController, claimProtectionController],
    pods: 'none',
    async act(world) {
      const foreign = await addClaim(world, 'p-scratch', '5Gi');
      const volumeClaimTemplate = {
        spec: { accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '1Gi' } } },
      };
      for (const name of ['p', 'q'])
        await world.create(pod, {
          metadata: named(name),
          spec: {
            containers: [{ name: 'c', image: 'v1' }],
            volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate } }],
          },
        });
      await world.until(
        'the other has its own',
        (view) => view.get(persistentVolumeClaim, 'default/q-scratch') !== undefined,
      );
      assert.equal(world.view.get(persistentVolumeClaim, 'default/p-scratch')?.metadata.uid, foreign.metadata.uid);
    },
    end(view) {
      const foreign = view.get(persistentVolumeClaim, 'default/p-scratch');
      assert.deepEqual(
        [foreign?.metadata.ownerReferences, foreign?.spec.resources?.requests],
        [undefined, { storage: '5Gi' }],
      );
      const own = view.get(persistentVolumeClaim, 'default/q-scratch')?.metadata.ownerReferences?.[0];
      assert.deepEqual([own?.kind, own?.name, own?.controller], ['Pod', 'q', true]);
    },
  }),
];

export const attachingScenarios: readonly Scenario[] = [...attaching, ...protecting];
