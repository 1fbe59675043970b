import assert from 'node:assert/strict';
import { test } from 'node:test';
import { node, persistentVolume, persistentVolumeClaim, secret, serviceAccount, storageClass } from '@navarch/api';
import { nodeTtlController, serviceAccountTokenController, volumeExpanderController } from '@navarch/controllers';
import { ControlPlane } from '../testing/control-plane.ts';

const addToken = (plane: ControlPlane, name: string, account: string, uid?: string): Promise<unknown> =>
  plane.api.of(secret).create({
    metadata: {
      namespace: 'default',
      name,
      annotations: {
        'kubernetes.io/service-account.name': account,
        ...(uid === undefined ? {} : { 'kubernetes.io/service-account.uid': uid }),
      },
    },
    type: 'kubernetes.io/service-account-token',
    data: { token: btoa('t') },
  });

test('serviceaccount-token-controller deletes the tokens of accounts that are gone, were never there, or are others', async () => {
  await using plane = await ControlPlane.start({ controllers: [serviceAccountTokenController] });
  const secrets = async (): Promise<readonly string[]> =>
    (await plane.list(secret)).map(({ metadata }) => metadata.name);
  const account = { namespace: 'default', name: 'builder' };
  await plane.api.of(serviceAccount).create({ metadata: account });
  await addToken(plane, 'good', 'builder');
  await addToken(plane, 'nobody', 'nobody');
  await addToken(plane, 'other', 'builder', 'another-uid');
  await plane.api.of(secret).create({ metadata: { namespace: 'default', name: 'plain' } });
  await plane.clock.advance(2000);
  assert.deepEqual(await secrets(), ['good', 'plain']);
  await plane.api.of(serviceAccount).delete('default/builder');
  await plane.clock.advance(2000);
  assert.deepEqual(await secrets(), ['plain']);
});

test('serviceaccount-token-controller takes a token that is gone from what its account names', async () => {
  await using plane = await ControlPlane.start({ controllers: [serviceAccountTokenController] });
  const account = { metadata: { namespace: 'default', name: 'builder' }, secrets: [{ name: 'a' }, { name: 'b' }] };
  await plane.api.of(serviceAccount).create(account);
  for (const name of ['a', 'b']) await addToken(plane, name, 'builder');
  await plane.clock.advance(2000);
  await plane.api.of(secret).delete('default/a');
  await plane.clock.advance(2000);
  assert.deepEqual((await plane.api.of(serviceAccount).get('default/builder')).secrets, [{ name: 'b' }]);
});

test('ttl-controller says on every node how long its kubelet may keep what it knows', async () => {
  await using plane = await ControlPlane.start({ controllers: [nodeTtlController()] });
  const ttls = async (): Promise<readonly unknown[]> => [
    ...new Set(
      (await plane.api.of(node).list()).items.map(
        ({ metadata }) => metadata.annotations?.['node.alpha.kubernetes.io/ttl'],
      ),
    ),
  ];
  for (let i = 0; i < 100; i++) await plane.api.of(node).create({ metadata: { name: `n${i}` } });
  await plane.clock.advance(2000);
  assert.deepEqual(await ttls(), ['0']);
  await plane.api.of(node).create({ metadata: { name: 'more' } });
  await plane.clock.advance(2000);
  assert.deepEqual(await ttls(), ['15']);
});

test('persistentvolume-expander-controller tells of a claim that is to grow, once, and of no other', async () => {
  await using plane = await ControlPlane.start({ controllers: [volumeExpanderController] });
  const accessModes = ['ReadWriteOnce'];
  await plane.api
    .of(storageClass)
    .create({ metadata: { name: 'grows' }, provisioner: 'disk.example.com', allowVolumeExpansion: true } as never);
  const csi = { driver: 'disk.example.com', volumeHandle: 'h' };
  await plane.api
    .of(persistentVolume)
    .create({ metadata: { name: 'v' }, spec: { capacity: { storage: '1Gi' }, accessModes, csi } } as never);
  const claims = plane.api.of(persistentVolumeClaim);
  const spec = (storage: string): object => ({
    accessModes,
    volumeName: 'v',
    storageClassName: 'grows',
    resources: { requests: { storage } },
  });
  await claims.create({ metadata: { namespace: 'default', name: 'c' }, spec: spec('1Gi') } as never);
  await claims.update(
    'default/c',
    (claim) => ({ ...claim, status: { phase: 'Bound', capacity: { storage: '1Gi' } } }) as typeof claim,
    { subresource: 'status' },
  );
  await plane.clock.advance(2000);
  assert.deepEqual(await plane.events('PersistentVolumeClaim'), []);
  await claims.update('default/c', (claim) => ({ ...claim, spec: { ...claim.spec, ...spec('2Gi') } }) as typeof claim);
  await plane.clock.advance(2000);
  assert.deepEqual(await plane.events('PersistentVolumeClaim'), [
    'ExternalExpanding: waiting for an external controller to expand this PVC',
  ]);
});
