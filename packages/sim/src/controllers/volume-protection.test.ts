import assert from 'node:assert/strict';
import { test } from 'node:test';
import { persistentVolume, persistentVolumeClaim, pod, volumeAttributesClass } from '@navarch/api';
import {
  attributesClassProtectionController,
  claimProtectionController,
  volumeProtectionController,
} from '@navarch/controllers';
import { hasReason } from '@navarch/machinery';
import { ControlPlane, quickPods } from '../testing/control-plane.ts';

const claim = {
  metadata: { name: 'c', namespace: 'default' },
  spec: { accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '1Gi' } } },
};
const volume = {
  metadata: { name: 'v' },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce' as const],
    persistentVolumeReclaimPolicy: 'Retain' as const,
    hostPath: { path: '/data' },
  },
};
const isGone = (asked: Promise<unknown>): Promise<boolean> =>
  asked.then(
    () => false,
    (error: unknown) => hasReason(error, 'NotFound'),
  );

async function withPod(): Promise<ControlPlane> {
  const plane = await ControlPlane.start({
    controllers: [claimProtectionController, volumeProtectionController],
    pods: quickPods,
  });
  await plane.withServiceAccount();
  await plane.api.of(persistentVolumeClaim).create(claim);
  await plane.api.of(pod).create({
    metadata: { name: 'p', namespace: 'default' },
    spec: {
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
    },
  });
  await plane.clock.advance(5000);
  return plane;
}

test('a claim that a pod holds stays until the pod is gone', async () => {
  await using plane = await withPod();
  const claims = plane.api.of(persistentVolumeClaim);
  assert.deepEqual((await claims.get('default/c')).metadata.finalizers, ['kubernetes.io/pvc-protection']);
  await claims.delete('default/c');
  await plane.clock.advance(5000);
  assert.ok((await claims.get('default/c')).metadata.deletionTimestamp);
  await plane.api.of(pod).delete('default/p');
  await plane.clock.advance(5000);
  assert.ok(await isGone(claims.get('default/c')));
});

test('a claim of a pod that has ended goes at once', async () => {
  await using plane = await withPod();
  await plane.api
    .of(pod)
    .update('default/p', (current) => ({ ...current, status: { ...current.status, phase: 'Succeeded' } }), {
      subresource: 'status',
    });
  await plane.api.of(persistentVolumeClaim).delete('default/c');
  await plane.clock.advance(5000);
  assert.ok(await isGone(plane.api.of(persistentVolumeClaim).get('default/c')));
});

test('a volume that is bound stays until it is released', async () => {
  await using plane = await withPod();
  const volumes = plane.api.of(persistentVolume);
  await volumes.create(volume);
  const become = (phase: 'Bound' | 'Released') =>
    volumes.update('v', (current) => ({ ...current, status: { ...current.status, phase } }), { subresource: 'status' });
  await become('Bound');
  await volumes.delete('v');
  await plane.clock.advance(5000);
  assert.ok((await volumes.get('v')).metadata.deletionTimestamp);
  await become('Released');
  await plane.clock.advance(5000);
  assert.ok(await isGone(volumes.get('v')));
});

test('a class of volume attributes stays while a claim or a volume names it', async () => {
  await using plane = await ControlPlane.start({ controllers: [attributesClassProtectionController] });
  const classes = plane.api.of(volumeAttributesClass);
  await classes.create({ metadata: { name: 'fast' }, driverName: 'csi.example.com', parameters: { iops: '100' } });
  await plane.api
    .of(persistentVolumeClaim)
    .create({ ...claim, spec: { ...claim.spec, volumeAttributesClassName: 'fast' } });
  await plane.clock.advance(1000);
  assert.deepEqual((await classes.get('fast')).metadata.finalizers, ['kubernetes.io/vac-protection']);
  await classes.delete('fast');
  await plane.clock.advance(1000);
  assert.ok((await classes.get('fast')).metadata.deletionTimestamp);
  await plane.api.of(persistentVolumeClaim).delete('default/c');
  await plane.api
    .of(persistentVolumeClaim)
    .update('default/c', (held) => ({ ...held, metadata: { ...held.metadata, finalizers: [] } }));
  await plane.clock.advance(1000);
  assert.ok(await isGone(classes.get('fast')));
});
