import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint, Node } from '@navarch/api';
import fc from 'fast-check';
import { topologyHints } from './topology-hints.ts';

const nodeOf = (zone: string | undefined, cpu = '4', ready = true, labels: object = {}): Node =>
  ({
    metadata: { name: `n-${zone}`, labels: { ...(zone ? { 'topology.kubernetes.io/zone': zone } : {}), ...labels } },
    status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }) as unknown as Node;
const endpointsOf = (...zones: readonly (string | undefined)[]): readonly Endpoint[] =>
  zones.map(
    (zone, i) =>
      ({ addresses: [`10.0.0.${i + 10}`], conditions: { ready: true }, ...(zone ? { zone } : {}) }) as Endpoint,
  );
const zonesOf = (endpoints: readonly Endpoint[], nodes: readonly Node[]): readonly (string | undefined)[] => {
  const hints = topologyHints(endpoints, nodes);
  return endpoints.map((endpoint) => hints.get(endpoint));
};
const [a, b, c] = [nodeOf('a'), nodeOf('b'), nodeOf('c')];

test('topologyHints() leaves endpoints to their zones where each zone has its part', () => {
  assert.deepEqual(zonesOf(endpointsOf('a', 'b', 'a', 'b'), [a, b]), ['a', 'b', 'a', 'b']);
  assert.deepEqual(zonesOf(endpointsOf('a', 'a', 'b', 'c', 'c', 'b'), [a, b, c]), ['a', 'a', 'b', 'c', 'c', 'b']);
});

test('topologyHints() gives endpoints of a zone with too many to one with too few, by CPU', () => {
  assert.deepEqual(zonesOf(endpointsOf('a', 'a', 'a', 'a'), [a, b]), ['a', 'a', 'b', 'b']);
  assert.deepEqual(zonesOf(endpointsOf('a', 'a', 'a', 'a', 'a', 'b', 'b', 'b'), [nodeOf('a', '1'), nodeOf('b', '3')]), [
    'a',
    'a',
    'a',
    'b',
    'b',
    'b',
    'b',
    'b',
  ]);
});

const refusals: readonly (readonly [string, readonly Endpoint[], readonly Node[]])[] = [
  [
    'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes',
    endpointsOf('a', 'b'),
    [a, nodeOf(undefined)],
  ],
  [
    'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes',
    endpointsOf('a', 'b'),
    [a, nodeOf('b', '0')],
  ],
  ['Nodes only ready in one zone', endpointsOf('a', 'b'), [a, nodeOf('b', '4', false)]],
  [
    'Nodes only ready in one zone',
    endpointsOf('a', 'b'),
    [a, nodeOf('b', '4', true, { 'node-role.kubernetes.io/control-plane': '' })],
  ],
  ['Insufficient number of endpoints (1 endpoints, 2 zones)', endpointsOf('a'), [a, b]],
  [
    'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 2 zones)',
    endpointsOf('a', 'b', 'b'),
    [a, b],
  ],
  ['One or more endpoints do not have a zone specified', endpointsOf('a', 'b', undefined, 'b'), [a, b]],
];
for (const [message, endpoints, nodes] of refusals) {
  test(`topologyHints() refuses: ${message}, of ${nodes.length} nodes`, () =>
    assert.throws(() => topologyHints(endpoints, nodes), { name: 'RangeError', message }));
}

test('topologyHints() hints at every ready endpoint once and overloads none by more than a fifth', () => {
  const zone = fc.constantFrom('a', 'b', 'c');
  fc.assert(
    fc.property(
      fc.array(zone, { minLength: 1, maxLength: 40 }),
      fc.array(fc.tuple(zone, fc.integer({ min: 1, max: 16 })), { minLength: 2, maxLength: 6 }),
      (zones, machines) => {
        const nodes = machines.map(([where, cpu]) => nodeOf(where, String(cpu)));
        const endpoints = endpointsOf(...zones);
        try {
          const hints = topologyHints(endpoints, nodes);
          assert.equal(hints.size, endpoints.length);
          const all = machines.reduce((sum, [, cpu]) => sum + cpu, 0);
          for (const where of new Set(machines.map(([name]) => name))) {
            const share = machines.filter(([name]) => name === where).reduce((sum, [, cpu]) => sum + cpu, 0) / all;
            const count = [...hints.values()].filter((name) => name === where).length;
            assert.ok((share * endpoints.length) / count <= 1.2 + 1e-9, `${where}: ${count} for ${share}`);
          }
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
      },
    ),
    { numRuns: 200 },
  );
});
