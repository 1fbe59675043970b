import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice, Service } from '@navarch/api';
import { ServiceView } from './service-view.ts';
import type { StaleFlows } from './stale-flows.ts';

const serviceOf = (protocol: 'TCP' | 'UDP', spec: object = {}): Service =>
  ({
    metadata: { name: 'names', namespace: 'default' },
    status: { loadBalancer: {} },
    spec: { clusterIP: '10.96.0.10', ports: [{ name: 'dns', port: 53, protocol, nodePort: 30_053 }], ...spec },
  }) as unknown as Service;
const sliceOf = (ends: readonly string[]): EndpointSlice =>
  ({
    metadata: { name: 'names-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'names' } },
    addressType: 'IPv4',
    ports: [{ name: 'dns', port: 5353 }],
    endpoints: ends.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  }) as unknown as EndpointSlice;

type State = readonly [service: Service | undefined, ends: readonly string[]];

function stale([service, ends]: State, [nextService, nextEnds]: State): readonly StaleFlows[] {
  const view = new ServiceView({ name: 'a', clusterCidr: '10.244.0.0/16' });
  view.setService('default/names', service);
  view.setSlice('default/names-1', sliceOf(ends));
  assert.deepEqual(view.take().stale, [], 'of what was there before nothing is known');
  view.setService('default/names', nextService);
  view.setSlice('default/names-1', sliceOf(nextEnds));
  return view.take().stale;
}

const [udp, tcp] = [serviceOf('UDP'), serviceOf('TCP')];

test('ServiceView names every way to an endpoint that went, and leaves the others', () => {
  assert.deepEqual(stale([udp, ['10.244.0.5', '10.244.0.6']], [udp, ['10.244.0.6', '10.244.0.7']]), [
    { family: 'IPv4', address: '10.96.0.10', port: 53, endpoint: '10.244.0.5:5353' },
    { family: 'IPv4', port: 30_053, endpoint: '10.244.0.5:5353' },
  ]);
});

test('ServiceView names those to a service that went, and whatever was sent before there was an endpoint', () => {
  assert.deepEqual(
    stale([udp, ['10.244.0.5']], [undefined, []]).map(({ endpoint }) => endpoint),
    ['10.244.0.5:5353', '10.244.0.5:5353'],
  );
  for (const before of [undefined, udp])
    assert.deepEqual(stale([before, []], [udp, ['10.244.0.5']]), [
      { family: 'IPv4', address: '10.96.0.10', port: 53 },
      { family: 'IPv4', port: 30_053 },
    ]);
});

test("ServiceView.strayed() names flows from before that lead to no endpoint of a place, each way once, and nobody else's", () => {
  const view = new ServiceView({ name: 'a', clusterCidr: '10.244.0.0/16' });
  view.setService('default/names', udp);
  view.setSlice('default/names-1', sliceOf(['10.244.0.6']));
  view.take();
  const flow = { family: 'IPv4', address: '10.96.0.10', port: 53, endpoint: '10.244.0.5:5353' } as const;
  const [atNode, elsewhere] = [
    { ...flow, address: '10.95.0.1', port: 30_053 },
    { ...flow, address: '8.8.8.8', endpoint: '8.8.8.8:53' },
  ];
  const led = { ...flow, endpoint: '10.244.0.6:5353' };
  assert.deepEqual(view.strayed([flow, { ...flow }, led, atNode, elsewhere, { ...flow, port: 54 }]), [
    { family: 'IPv4', address: '10.96.0.10', port: 53, endpoint: '10.244.0.5:5353' },
    { family: 'IPv4', port: 30_053, endpoint: '10.244.0.5:5353' },
  ]);
  // Sent on while there were no rules, or nobody was there.
  const asItWas = { ...flow, endpoint: '10.96.0.10:53' };
  assert.deepEqual(view.strayed([asItWas]), [asItWas]);
  view.setSlice('default/names-1', sliceOf([]));
  view.take();
  assert.deepEqual(view.strayed([asItWas]), []);
  assert.equal(view.strayed([led]).length, 1);
});

test('ServiceView names no flows where nothing went, and none of connections', () => {
  assert.deepEqual(stale([udp, ['10.244.0.5']], [udp, ['10.244.0.5', '10.244.0.6']]), []);
  assert.deepEqual(stale([tcp, ['10.244.0.5']], [undefined, []]), []);
});
