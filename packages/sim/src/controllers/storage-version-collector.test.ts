import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lease, storageVersion } from '@navarch/api';
import { runtimeConfigOf } from '@navarch/apiserver';
import { storageVersionCollectorController } from '@navarch/controllers';
import { ControlPlane } from '../testing/control-plane.ts';

test('storageversion-garbage-collector forgets servers whose lease is gone, and what no server stores', async () => {
  await using plane = await ControlPlane.start({
    controllers: [storageVersionCollectorController],
    runtimeConfig: runtimeConfigOf(['internal.apiserver.k8s.io/v1alpha1=true']),
  });
  const labels = { 'apiserver.kubernetes.io/identity': 'kube-apiserver' };
  const leases = plane.api.of(lease);
  for (const name of ['one', 'two']) await leases.create({ metadata: { namespace: 'kube-system', name, labels } });
  await leases.create({ metadata: { namespace: 'kube-system', name: 'no-server' } });
  const versions = plane.api.of(storageVersion);
  const name = 'apps.deployments';
  const made = await versions.create({ metadata: { name } });
  const server = (apiServerID: string, encodingVersion: string) => ({
    apiServerID,
    encodingVersion,
    decodableVersions: [encodingVersion],
  });
  const status = {
    storageVersions: [server('one', 'apps/v1'), server('two', 'apps/v2'), server('no-server', 'apps/v1')],
  };
  await versions.replace({ ...made, status }, { subresource: 'status' });
  const show = async (): Promise<readonly unknown[]> => {
    const found = (await versions.get(name)).status;
    return [
      found.storageVersions?.map(({ apiServerID }) => apiServerID),
      found.commonEncodingVersion,
      found.conditions?.map((c) => `${c.type} ${c.status} ${c.reason} ${c.message}`),
    ];
  };
  await plane.clock.advance(2000);
  assert.deepEqual(await show(), [
    ['one', 'two'],
    undefined,
    ['AllEncodingVersionsEqual False CommonEncodingVersionUnset Common encoding version unset'],
  ]);
  await leases.delete('kube-system/two');
  await plane.clock.advance(2000);
  assert.deepEqual(await show(), [
    ['one'],
    'apps/v1',
    ['AllEncodingVersionsEqual True CommonEncodingVersionSet Common encoding version set'],
  ]);
  await leases.delete('kube-system/one');
  await plane.clock.advance(2000);
  assert.deepEqual((await versions.list()).items, []);
});
