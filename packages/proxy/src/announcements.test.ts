import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AddressRange, type EndpointSlice, type Node, poolRange, type Service } from '@navarch/api';
import { announcements } from './index.ts';

const pool = ['10.95.0.128-10.95.0.254', 'fd00:1::/120'].map((text) => poolRange(text)) as readonly AddressRange[];
const nodeOf = (name: string, labels: Record<string, string> = {}, isReady = true): Node =>
  ({
    metadata: { name, labels },
    status: { conditions: [{ type: 'Ready', status: isReady ? 'True' : 'Unknown' }] },
  }) as unknown as Node;
const serviceOf = (name: string, ips: readonly string[], spec: object = {}): Service =>
  ({
    metadata: { namespace: 'n', name },
    spec: { type: 'LoadBalancer', ...spec },
    status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
  }) as unknown as Service;
const sliceOf = (name: string, nodeName: string, isReady = true): EndpointSlice =>
  ({
    metadata: { namespace: 'n', name: `${name}-x`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.244.0.5'], conditions: { ready: isReady }, nodeName }],
  }) as unknown as EndpointSlice;

/** Which nodes speak for which addresses: `a: 10.95.0.128`. */
const speakers = (
  nodes: readonly Node[],
  services: readonly Service[],
  slices: readonly EndpointSlice[] = [],
): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    nodes.map(({ metadata: { name } }) => [name, [...announcements({ nodes, services, slices }, pool, name)]]),
  );

const many = Array.from({ length: 90 }, (_, i) => serviceOf(`s${i}`, [`10.95.0.${128 + i}`]));
const three = ['a', 'b', 'c'].map((name) => nodeOf(name));

test('announcements() gives every address of the pool to one node, of both families, and spreads them', () => {
  const said = speakers(three, many);
  assert.equal(new Set(Object.values(said).flat()).size, 90);
  assert.equal(Object.values(said).flat().length, 90);
  for (const [name, addresses] of Object.entries(said))
    assert.ok(addresses.length > 15, `${name}: ${addresses.length}`);
  assert.deepEqual(speakers([nodeOf('a')], [serviceOf('s', ['10.95.0.130', 'fd00:1::5'])]), {
    a: ['10.95.0.130', 'fd00:1::5'],
  });
});

test('announcements() moves only what a node had that is not ready, is going or is excluded', () => {
  const before = speakers(three, many);
  for (const lost of [
    nodeOf('b', {}, false),
    nodeOf('b', { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }),
    { ...nodeOf('b'), metadata: { name: 'b', deletionTimestamp: '2026-01-01T00:00:00Z' } } as unknown as Node,
  ]) {
    const after = speakers([three[0], lost, three[2]] as readonly Node[], many);
    assert.deepEqual(after['b'], []);
    for (const name of ['a', 'c'])
      assert.deepEqual(
        before[name]?.filter((address) => !after[name]?.includes(address)),
        [],
      );
    assert.equal(Object.values(after).flat().length, 90);
  }
});

test('announcements() leaves an address to nodes with ready pods where only they may answer', () => {
  const local = serviceOf('s', ['10.95.0.130'], { externalTrafficPolicy: 'Local' });
  for (const name of ['a', 'b', 'c'])
    assert.deepEqual(speakers(three, [local], [sliceOf('s', name)])[name], ['10.95.0.130']);
  assert.deepEqual(Object.values(speakers(three, [local], [sliceOf('s', 'a', false)])).flat(), []);
});

test('announcements() is silent about addresses that are not of the pool, and other types', () => {
  const services = [
    serviceOf('cloud', ['203.0.113.7']),
    serviceOf('name', []),
    serviceOf('was', ['10.95.0.130'], { type: 'ClusterIP' }),
  ];
  assert.deepEqual(Object.values(speakers(three, services)).flat(), []);
});
