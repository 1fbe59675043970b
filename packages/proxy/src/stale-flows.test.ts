import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice, Service } from '@navarch/api';
import { type ProxyNode, type Ruleset, ruleset, staleFlows } from './index.ts';

const node: ProxyNode = { name: 'a', clusterCidr: '10.244.0.0/16' };

function rulesFor(protocol: 'TCP' | 'UDP', ends: readonly string[]): Ruleset {
  const service = {
    metadata: { name: 'names', namespace: 'default' },
    status: { loadBalancer: {} },
    spec: { clusterIP: '10.96.0.10', ports: [{ name: 'dns', port: 53, protocol, nodePort: 30_053 }] },
  } as unknown as Service;
  const slice = {
    metadata: { name: 'names-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'names' } },
    addressType: 'IPv4',
    ports: [{ name: 'dns', port: 5353, protocol }],
    endpoints: ends.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  } as unknown as EndpointSlice;
  return ruleset([service], [slice], node);
}

const none = ruleset([], [], node);

test('staleFlows() names every way to an endpoint that went, and leaves the others', () => {
  assert.deepEqual(
    staleFlows(rulesFor('UDP', ['10.244.0.5', '10.244.0.6']), rulesFor('UDP', ['10.244.0.6', '10.244.0.7'])),
    [
      { family: 'IPv4', address: '10.96.0.10', port: 53, endpoint: '10.244.0.5:5353' },
      { family: 'IPv4', port: 30_053, endpoint: '10.244.0.5:5353' },
    ],
  );
});

test('staleFlows() names those to a service that went, and whatever was sent before there was an endpoint', () => {
  const full = rulesFor('UDP', ['10.244.0.5']);
  assert.deepEqual(
    staleFlows(full, none).map(({ endpoint }) => endpoint),
    ['10.244.0.5:5353', '10.244.0.5:5353'],
  );
  for (const before of [none, rulesFor('UDP', [])])
    assert.deepEqual(staleFlows(before, full), [
      { family: 'IPv4', address: '10.96.0.10', port: 53 },
      { family: 'IPv4', port: 30_053 },
    ]);
});

test('staleFlows() is empty where nothing went, and of connections', () => {
  assert.deepEqual(staleFlows(rulesFor('UDP', ['10.244.0.5']), rulesFor('UDP', ['10.244.0.5', '10.244.0.6'])), []);
  assert.deepEqual(staleFlows(rulesFor('TCP', ['10.244.0.5']), none), []);
});
