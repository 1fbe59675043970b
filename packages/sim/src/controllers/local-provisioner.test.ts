import assert from 'node:assert/strict';
import { test } from 'node:test';
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
  volumeProtectionController,
} from '@navarch/controllers';
import type { Draft } from '@navarch/machinery';
import { ControlPlane } from '../testing/control-plane.ts';

const SELECTED = { 'volume.kubernetes.io/selected-node': 'n1' };
const controllers = () => [
  volumeBindingController(),
  localProvisionerController,
  claimProtectionController,
  volumeProtectionController,
];

interface Setting {
  readonly reclaimPolicy?: 'Delete' | 'Retain';
  readonly immediate?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Draft<PersistentVolumeClaim['spec']>;
  readonly hasNode?: boolean;
}

/** A node, a class of local folders and a claim of it whose pod was placed on the node. */
async function begin({
  reclaimPolicy = 'Delete',
  immediate = false,
  annotations = SELECTED,
  spec = {},
  hasNode = true,
}: Setting = {}): Promise<ControlPlane> {
  const plane = await ControlPlane.start({ controllers: controllers() });
  if (hasNode)
    await plane.api.of(node).create({
      metadata: {
        name: 'n1',
        labels: { 'kubernetes.io/hostname': 'host-1' },
        annotations: { 'navarch.dev/local-volumes': '/var/folders' },
      },
    });
  await plane.api.of(storageClass).create({
    metadata: { name: 'local' },
    provisioner: LOCAL_PROVISIONER,
    reclaimPolicy,
    allowVolumeExpansion: true,
    volumeBindingMode: immediate ? 'Immediate' : 'WaitForFirstConsumer',
  });
  await plane.api.of(persistentVolumeClaim).create({
    metadata: { name: 'c', namespace: 'default', annotations: { ...annotations } },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'local',
      ...spec,
    },
  });
  await plane.clock.advance(5000);
  return plane;
}

const claim = (plane: ControlPlane): Promise<PersistentVolumeClaim> =>
  plane.api.of(persistentVolumeClaim).get('default/c');
const volumes = async (plane: ControlPlane): Promise<readonly PersistentVolume[]> =>
  (await plane.api.of(persistentVolume).list()).items;

test('localProvisionerController makes a folder of the chosen node the volume of a claim', async () => {
  await using plane = await begin();
  const { metadata, status, spec } = await claim(plane);
  const [volume] = await volumes(plane);
  assert.ok(volume);
  const name = `pvc-${metadata.uid}`;
  assert.deepEqual(
    [volume.metadata.name, spec.volumeName, status.phase, volume.status.phase],
    [name, name, 'Bound', 'Bound'],
  );
  assert.deepEqual(volume.spec.local, { path: `/var/folders/${name}` });
  assert.deepEqual(volume.spec.nodeAffinity?.required?.nodeSelectorTerms, [
    { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['host-1'] }] },
  ]);
  assert.deepEqual(
    [volume.spec.persistentVolumeReclaimPolicy, volume.spec.storageClassName, volume.spec.capacity],
    ['Delete', 'local', { storage: '1Gi' }],
  );
  assert.deepEqual(
    [volume.metadata.labels, volume.metadata.annotations],
    [{ 'navarch.dev/node': 'n1' }, { 'pv.kubernetes.io/provisioned-by': LOCAL_PROVISIONER }],
  );
  assert.deepEqual(
    (await plane.events('PersistentVolumeClaim')).filter((text) => text.startsWith('Provisioning')),
    [
      'Provisioning: External provisioner is provisioning volume for claim "default/c"',
      `ProvisioningSucceeded: Successfully provisioned volume ${name}`,
    ],
  );
});

test('localProvisionerController waits for a pod to be placed', async () => {
  await using plane = await begin({ annotations: {} });
  assert.equal((await claim(plane)).status.phase, 'Pending');
  assert.deepEqual(await volumes(plane), []);
});

const refusals: readonly (readonly [setting: Setting, words: RegExp])[] = [
  [{ immediate: true, annotations: {} }, /no node was specified/],
  [{ spec: { accessModes: ['ReadWriteMany'] } }, /access modes ReadWriteOnce and ReadWriteOncePod only/],
  [{ spec: { volumeMode: 'Block' } }, /cannot be block devices/],
  [{ spec: { selector: { matchLabels: { a: 'b' } } } }, /selector is not supported/],
];
for (const [setting, words] of refusals) {
  test(`localProvisionerController makes nothing where ${words.source}`, async () => {
    await using plane = await begin(setting);
    assert.deepEqual(await volumes(plane), []);
    const [event] = (await plane.events('PersistentVolumeClaim')).filter((text) =>
      text.startsWith('ProvisioningFailed'),
    );
    assert.match(event ?? '', words);
  });
}

test('localProvisionerController has a claim placed anew whose node is gone', async () => {
  await using plane = await begin({ hasNode: false });
  assert.equal((await claim(plane)).metadata.annotations?.['volume.kubernetes.io/selected-node'], undefined);
});

test('localProvisionerController deletes a released volume, which stays until its node has removed the folder', async () => {
  await using plane = await begin();
  await plane.api.of(persistentVolumeClaim).delete('default/c');
  await plane.clock.advance(5000);
  const [volume] = await volumes(plane);
  assert.ok(volume?.metadata.deletionTimestamp);
  assert.deepEqual(volume.metadata.finalizers, ['navarch.dev/local-folder']);
  assert.equal(volume.status.phase, 'Released');
});

test('localProvisionerController lets a volume go whose node is gone', async () => {
  await using plane = await begin();
  await plane.api.of(persistentVolumeClaim).delete('default/c');
  await plane.clock.advance(5000);
  await plane.api.of(node).delete('n1');
  await plane.clock.advance(5000);
  assert.deepEqual(await volumes(plane), []);
});

test('localProvisionerController keeps a released volume that is to be retained', async () => {
  await using plane = await begin({ reclaimPolicy: 'Retain' });
  await plane.api.of(persistentVolumeClaim).delete('default/c');
  await plane.clock.advance(5000);
  const [volume] = await volumes(plane);
  assert.deepEqual([volume?.metadata.deletionTimestamp, volume?.status.phase], [undefined, 'Released']);
});

test('localProvisionerController lets volume and claim grow when more is asked for', async () => {
  await using plane = await begin();
  await plane.api.of(persistentVolumeClaim).update('default/c', (current) => ({
    ...current,
    spec: { ...current.spec, resources: { requests: { storage: '3Gi' } } },
  }));
  await plane.clock.advance(5000);
  assert.deepEqual((await claim(plane)).status.capacity, { storage: '3Gi' });
  assert.deepEqual((await volumes(plane))[0]?.spec.capacity, { storage: '3Gi' });
});
