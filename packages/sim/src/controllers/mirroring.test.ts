import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoints, type EndpointSlice, endpointSlice, type Endpoints, service } from '@navarch/api';
import { endpointSliceMirroringController } from '@navarch/controllers';
import type { Draft } from '@navarch/machinery';
import { ControlPlane } from '../testing/control-plane.ts';

const start = (): Promise<ControlPlane> => ControlPlane.start({ controllers: [endpointSliceMirroringController] });
const makeService = (plane: ControlPlane, selector?: Record<string, string>) =>
  plane.api.of(service).create({
    metadata: { name: 'custom', namespace: 'default' },
    spec: { ports: [{ port: 80 }], ...(selector ? { selector } : {}) },
  });
const makeEndpoints = (
  plane: ControlPlane,
  subsets: Draft<Endpoints>['subsets'],
  labels: Record<string, string> = {},
  annotations: Record<string, string> = {},
) =>
  plane.api.of(endpoints).create({ metadata: { name: 'custom', namespace: 'default', labels, annotations }, subsets });
const slicesOf = async (plane: ControlPlane): Promise<readonly EndpointSlice[]> => {
  await plane.clock.advance(2000);
  return (await plane.list(endpointSlice)).filter(
    ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'custom',
  );
};

test('endpointSliceMirroringController makes a slice of Endpoints that people wrote, follows them, and takes it away', async () => {
  await using plane = await start();
  await makeService(plane);
  await makeEndpoints(
    plane,
    [
      {
        addresses: [{ ip: '10.1.2.3', hostname: 'one', nodeName: 'a' }],
        notReadyAddresses: [{ ip: '10.1.2.4' }],
        ports: [{ port: 80 }],
      },
    ],
    { team: 'blue' },
    { note: 'kept', 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z' },
  );
  const [slice, ...others] = await slicesOf(plane);
  assert.equal(others.length, 0);
  assert.match(slice?.metadata.name ?? '', /^custom-[a-z0-9]{5}$/);
  assert.deepEqual(slice?.metadata.labels, {
    team: 'blue',
    'kubernetes.io/service-name': 'custom',
    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
  });
  assert.deepEqual(slice?.metadata.annotations, { note: 'kept' });
  assert.deepEqual(
    [slice?.metadata.ownerReferences?.[0]?.kind, slice?.metadata.ownerReferences?.[0]?.name],
    ['Endpoints', 'custom'],
  );
  assert.equal(slice?.addressType, 'IPv4');
  assert.deepEqual(slice?.ports, [{ name: '', port: 80, protocol: 'TCP' }]);
  assert.deepEqual(slice?.endpoints, [
    { addresses: ['10.1.2.3'], conditions: { ready: true }, hostname: 'one', nodeName: 'a' },
    { addresses: ['10.1.2.4'], conditions: { ready: false } },
  ]);

  await plane.api.of(endpoints).update('default/custom', (current) => ({
    ...current,
    subsets: [{ addresses: [{ ip: '10.2.3.4' }], ports: [{ port: 81, protocol: 'TCP' }] }],
  }));
  assert.deepEqual(
    (await slicesOf(plane)).map((s) => [s.ports?.[0]?.port, s.endpoints?.[0]?.addresses]),
    [[81, ['10.2.3.4']]],
  );
  await plane.api.of(endpoints).delete('default/custom');
  assert.deepEqual(await slicesOf(plane), []);
});

test('endpointSliceMirroringController makes a slice for each family and set of ports', async () => {
  await using plane = await start();
  await makeService(plane);
  await makeEndpoints(plane, [
    { addresses: [{ ip: '10.1.2.3' }, { ip: 'fd00::1' }], ports: [{ port: 80 }] },
    { addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 81 }] },
    { addresses: [{ ip: '10.1.2.5' }], ports: [{ port: 80 }] },
  ]);
  assert.deepEqual(
    (await slicesOf(plane))
      .map((s) => `${s.addressType} ${s.ports?.[0]?.port} ${s.endpoints?.map((e) => e.addresses[0]).join()}`)
      .toSorted(),
    ['IPv4 80 10.1.2.3,10.1.2.5', 'IPv4 81 10.1.2.3', 'IPv6 80 fd00::1'],
  );
});

for (const [what, selector, labels] of [
  ['a service with a selector', { app: 'web' }, {}],
  ['Endpoints that ask to be left alone', undefined, { 'endpointslice.kubernetes.io/skip-mirror': 'true' }],
] as const) {
  test(`endpointSliceMirroringController leaves ${what} alone`, async () => {
    await using plane = await start();
    await makeService(plane, selector);
    await makeEndpoints(plane, [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80 }] }], labels);
    assert.deepEqual(await slicesOf(plane), []);
  });
}

test('endpointSliceMirroringController puts back a slice that somebody deleted', async () => {
  await using plane = await start();
  await makeService(plane);
  await makeEndpoints(plane, [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80 }] }]);
  const [before] = await slicesOf(plane);
  await plane.api.of(endpointSlice).delete(`default/${before?.metadata.name}`);
  const [after] = await slicesOf(plane);
  assert.ok(after && after.metadata.uid !== before?.metadata.uid);
});
