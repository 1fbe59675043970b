import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipAddress, serviceCIDR } from '@navarch/api';
import { serviceCidrsController } from '@navarch/controllers';
import { ControlPlane } from '../testing/control-plane.ts';

const start = (): Promise<ControlPlane> => ControlPlane.start({ controllers: [serviceCidrsController] });
const readyOf = async (plane: ControlPlane, name: string): Promise<readonly (string | undefined)[]> => {
  const { status } = await plane.api.of(serviceCIDR).get(name);
  return [status.conditions?.[0]?.type, status.conditions?.[0]?.status, status.conditions?.[0]?.reason];
};

test('serviceCidrsController finds the range of the cluster and says that it is ready', async () => {
  await using plane = await start();
  await plane.clock.advance(1000);
  const { spec, metadata } = await plane.api.of(serviceCIDR).get('kubernetes');
  assert.deepEqual(spec.cidrs, ['10.96.0.0/16']);
  assert.deepEqual(metadata.finalizers, ['networking.k8s.io/service-cidr-finalizer']);
  assert.deepEqual(await readyOf(plane, 'kubernetes'), ['Ready', 'True', '']);
});

test('serviceCidrsController keeps a range while an address of it is in use that no other range covers', async () => {
  await using plane = await start();
  const ranges = plane.api.of(serviceCIDR);
  const addresses = plane.api.of(ipAddress);
  await ranges.create({ metadata: { name: 'more' }, spec: { cidrs: ['203.0.113.0/24'] } });
  const parentRef = { resource: 'services', namespace: 'default', name: 'web' };
  await addresses.create({ metadata: { name: '203.0.113.10' }, spec: { parentRef } });
  await plane.clock.advance(1000);
  await ranges.delete('more');
  await plane.clock.advance(1000);
  assert.deepEqual(await readyOf(plane, 'more'), ['Ready', 'False', 'Terminating']);
  await addresses.delete('203.0.113.10');
  await plane.clock.advance(1000);
  assert.deepEqual(
    (await plane.list(serviceCIDR)).map(({ metadata }) => metadata.name),
    ['kubernetes'],
  );
});
