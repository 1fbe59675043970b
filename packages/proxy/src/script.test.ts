import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice, Service } from '@navarch/api';
import { difference, healthChecks, type ProxyNode, ruleset } from './index.ts';

const node: ProxyNode = { name: 'a', clusterCidr: '10.244.0.0/16' };
const serviceOf = (name: string, spec: object): Service =>
  ({
    metadata: { name, namespace: 'default' },
    status: { loadBalancer: {} },
    spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30_080 }], ...spec },
  }) as unknown as Service;
const sliceOf = (name: string, endpoints: readonly object[]): EndpointSlice =>
  ({
    metadata: { name: `${name}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints,
  }) as unknown as EndpointSlice;
const end = (address: string, conditions: object = { ready: true }, nodeName = 'a'): object => ({
  addresses: [address],
  conditions,
  nodeName,
});

/** Addresses a packet to the cluster IP may be sent to, read from the rules alone. */
function reached(service: Service, slice: EndpointSlice, map: 'addresses' | 'nodePorts' = 'addresses'): string {
  const rules = ruleset([service], [slice], node);
  const [chain] = rules[map].values();
  if (chain === undefined) return 'nothing';
  const start = rules.chains.get(chain) ?? [];
  if (start.some((rule) => rule.startsWith('reject'))) return 'reject';
  return [...start.join('\n').matchAll(/goto (ep-\S+?)(?:,|\s|$)/g)]
    .map(([, name]) => /dnat ip to (\S+)$/.exec(rules.chains.get(name ?? '')?.at(-1) ?? '')?.[1] ?? '?')
    .join(' ');
}

test('ruleset() sends to ready endpoints, and to ending ones only when none is ready', () => {
  const ending = { ready: false, serving: true, terminating: true };
  assert.equal(
    reached(
      serviceOf('web', {}),
      sliceOf('web', [end('10.244.0.5'), end('10.244.1.6', { ready: true }, 'b'), end('10.244.0.7', ending)]),
    ),
    '10.244.0.5:8080 10.244.1.6:8080',
  );
  assert.equal(reached(serviceOf('web', {}), sliceOf('web', [end('10.244.0.7', ending)])), '10.244.0.7:8080');
  assert.equal(reached(serviceOf('web', {}), sliceOf('web', [end('10.244.0.7', { ready: false })])), 'reject');
});

test('ruleset() reaches two pods of one node address by their own ports', () => {
  const [first, second] = [8080, 9090].map(
    (port) => ({ ...sliceOf('web', [end('10.95.0.1')]), ports: [{ name: 'http', port }] }) as unknown as EndpointSlice,
  );
  assert.ok(first && second);
  const rules = [...ruleset([serviceOf('web', {})], [first, second], node).chains.values()].flat().join('\n');
  assert.match(rules, /dnat ip to 10\.95\.0\.1:8080/);
  assert.match(rules, /dnat ip to 10\.95\.0\.1:9090/);
});

test('ruleset() keeps traffic on the node where the policy says so', () => {
  const slice = sliceOf('web', [end('10.244.0.5'), end('10.244.1.6', { ready: true }, 'b')]);
  assert.equal(reached(serviceOf('web', { internalTrafficPolicy: 'Local' }), slice), '10.244.0.5:8080');
  assert.equal(reached(serviceOf('web', { externalTrafficPolicy: 'Local' }), slice, 'nodePorts'), '10.244.0.5:8080');
});

test('ruleset() applies the external policy to external addresses and the internal one to the cluster IP', () => {
  const slice = sliceOf('web', [end('10.244.0.5'), end('10.244.1.6', { ready: true }, 'b')]);
  const { addresses, chains } = ruleset(
    [serviceOf('web', { externalTrafficPolicy: 'Local', externalIPs: ['192.0.2.1'] })],
    [slice],
    node,
  );
  const external = chains.get(addresses.get('192.0.2.1 . tcp . 80') ?? '') ?? [];
  assert.match(external.at(-1) ?? '', /^goto ep-/);
  assert.match((chains.get(addresses.get('10.96.0.7 . tcp . 80') ?? '') ?? []).join(), /numgen random mod 2/);
});

test('ruleset() makes nothing of headless services and external names', () => {
  assert.equal(reached(serviceOf('web', { clusterIP: 'None' }), sliceOf('web', [end('10.244.0.5')])), 'nothing');
  assert.equal(reached(serviceOf('web', { type: 'ExternalName' }), sliceOf('web', [])), 'nothing');
});

test('difference() is empty when nothing changed', () => {
  const rules = ruleset([serviceOf('web', {})], [sliceOf('web', [end('10.244.0.5')])], node);
  assert.equal(
    difference(rules, ruleset([serviceOf('web', {})], [sliceOf('web', [end('10.244.0.5')])], node), node),
    '',
  );
});

test('difference() leaves nothing of a service that went, its affinity sets included', () => {
  const before = ruleset(
    [serviceOf('web', { sessionAffinity: 'ClientIP' })],
    [sliceOf('web', [end('10.244.0.5')])],
    node,
  );
  const script = difference(before, ruleset([], [], node), node);
  const added = difference(undefined, before, node);
  for (const [, kind, name] of added.matchAll(/^add (chain|set) inet navarch ((?:svc|ext|ep|aff)-\S+)/gm)) {
    assert.match(script, new RegExp(`^delete ${kind} inet navarch ${name}$`, 'm'));
  }
  assert.ok(script.indexOf('delete set') > script.lastIndexOf('delete chain'));
});

const hinted = (address: string, zone: string, conditions: object = { ready: true }): object => ({
  addresses: [address],
  conditions,
  nodeName: `node-${zone}`,
  hints: { forZones: [{ name: zone }] },
});
/** Of a service whose endpoints are these, as seen from a node of zone z1. */
const reachedInZone = (endpoints: readonly object[], at: Partial<ProxyNode> = { zone: 'z1' }): string => {
  const rules = ruleset([serviceOf('web', {})], [sliceOf('web', endpoints)], { ...node, ...at });
  return [
    ...new Set([...rules.chains.values()].flat().flatMap((rule) => /dnat ip to ([\d.]+):/.exec(rule)?.[1] ?? [])),
  ].join(' ');
};

test('ruleset() prefers endpoints meant for the zone of the node, and falls back to all', () => {
  const both = [hinted('10.244.0.5', 'z1'), hinted('10.244.1.6', 'z2')];
  assert.equal(reachedInZone(both), '10.244.0.5');
  assert.equal(reachedInZone(both, { zone: 'z3' }), '10.244.0.5 10.244.1.6', 'nobody is meant for z3');
  assert.equal(reachedInZone(both, {}), '10.244.0.5 10.244.1.6', 'a node without a zone');
  assert.equal(
    reachedInZone([...both, end('10.244.2.7', { ready: true }, 'c')]),
    '10.244.0.5 10.244.1.6 10.244.2.7',
    'one without hints',
  );
  const ending = { ready: false, serving: true, terminating: true };
  assert.equal(
    reachedInZone([hinted('10.244.0.5', 'z1', ending), hinted('10.244.1.6', 'z2')]),
    '10.244.1.6',
    'ready elsewhere before ending here',
  );
  assert.equal(
    reachedInZone([...both, end('10.244.2.7', { ready: false })]),
    '10.244.0.5',
    'hints of ready ones count',
  );
});

test('ruleset() prefers endpoints meant for the node to those of its zone', () => {
  const forNode = (address: string, name: string, zone: string): object => ({
    addresses: [address],
    conditions: { ready: true },
    nodeName: name,
    hints: { forZones: [{ name: zone }], forNodes: [{ name }] },
  });
  const three = [forNode('10.244.0.5', 'a', 'z1'), forNode('10.244.1.6', 'b', 'z1'), forNode('10.244.2.7', 'c', 'z2')];
  assert.equal(reachedInZone(three), '10.244.0.5');
  assert.equal(reachedInZone(three, { name: 'd', zone: 'z1' }), '10.244.0.5 10.244.1.6');
});

test('ruleset() drops what only other nodes could answer, and refuses what nobody can', () => {
  const elsewhere = sliceOf('web', [end('10.244.1.6', { ready: true }, 'b')]);
  const chainOf = (spec: object, slice: EndpointSlice, kind: string): readonly string[] =>
    [...ruleset([serviceOf('web', spec)], [slice], node).chains].find(([name]) => name.startsWith(kind))?.[1] ?? [];
  assert.deepEqual(chainOf({ internalTrafficPolicy: 'Local' }, elsewhere, 'svc'), ['drop']);
  assert.deepEqual(chainOf({ internalTrafficPolicy: 'Local' }, sliceOf('web', []), 'svc'), [
    'reject with icmpx type port-unreachable',
  ]);
  assert.equal(chainOf({ externalTrafficPolicy: 'Local' }, elsewhere, 'ext').at(-1), 'drop');
  assert.deepEqual(chainOf({ externalTrafficPolicy: 'Local' }, sliceOf('web', []), 'ext'), [
    'reject with icmpx type port-unreachable',
  ]);
});

test('ruleset() lets pods and the node itself reach all endpoints through an external address of local policy', () => {
  const slice = sliceOf('web', [end('10.244.1.6', { ready: true }, 'b')]);
  for (const internalTrafficPolicy of ['Cluster', 'Local']) {
    const { chains } = ruleset(
      [serviceOf('web', { externalTrafficPolicy: 'Local', internalTrafficPolicy })],
      [slice],
      node,
    );
    const [pods = '', self = ''] = [...chains].find(([name]) => name.startsWith('ext'))?.[1] ?? [];
    const [, chain = ''] = /^ip saddr 10\.244\.0\.0\/16 goto (\S+)$/.exec(pods) ?? [];
    assert.equal(self, `fib saddr type local goto ${chain}`);
    assert.match(chains.get(chain)?.at(-1) ?? '', /^goto ep-/);
  }
});

test('healthChecks() counts the ready endpoints of this node, of balanced services of local policy', () => {
  const local = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 32_000 };
  const slice = sliceOf('web', [
    end('10.244.0.5'),
    end('10.244.0.6', { ready: false }),
    end('10.244.1.6', { ready: true }, 'b'),
  ]);
  assert.deepEqual(
    [...healthChecks([serviceOf('web', local)], [slice], 'a')],
    [[32_000, { namespace: 'default', name: 'web', localEndpoints: 1 }]],
  );
  assert.deepEqual(
    [...healthChecks([serviceOf('web', local)], [slice], 'c')].map(([, check]) => check.localEndpoints),
    [0],
  );
  assert.equal(healthChecks([serviceOf('web', { ...local, externalTrafficPolicy: 'Cluster' })], [slice], 'a').size, 0);
});

test('ruleset() lets only those addresses through to a balancer address that the service names', () => {
  const spec = {
    type: 'LoadBalancer',
    loadBalancerSourceRanges: ['192.0.2.0/24', ' 198.51.100.7/32'],
    externalIPs: ['203.0.113.9'],
  };
  const balanced = {
    ...serviceOf('web', spec),
    status: {
      loadBalancer: {
        ingress: [
          { ip: '203.0.113.1', ipMode: 'VIP' },
          { ip: '203.0.113.2', ipMode: 'Proxy' },
        ],
      },
    },
  } as unknown as Service;
  const { addresses, nodePorts, chains } = ruleset([balanced], [sliceOf('web', [end('10.244.0.5')])], node);
  const guard = addresses.get('203.0.113.1 . tcp . 80') ?? '';
  const open = addresses.get('203.0.113.9 . tcp . 80') ?? '';
  assert.deepEqual(chains.get(guard), [`ip saddr { 192.0.2.0/24, 198.51.100.7/32 } goto ${open}`, 'drop']);
  assert.deepEqual([nodePorts.get('tcp . 30080'), addresses.has('203.0.113.2 . tcp . 80')], [open, false]);
  const free = { ...balanced, spec: { ...balanced.spec, loadBalancerSourceRanges: [] } } as Service;
  const rules = ruleset([free], [sliceOf('web', [end('10.244.0.5')])], node).addresses;
  assert.equal(rules.get('203.0.113.1 . tcp . 80'), rules.get('203.0.113.9 . tcp . 80'));
});

test('ruleset() leads to each endpoint as likely as to any other, however many there are', () => {
  for (const count of [1, 2, 3, 5, 16, 17, 40]) {
    const ends = Array.from({ length: count }, (_, i) => end(`10.244.1.${i + 1}`));
    const { addresses, chains } = ruleset([serviceOf('web', {})], [sliceOf('web', ends)], node);
    const shares = new Map<string, number>();
    let left = 1;
    for (const rule of chains.get(addresses.get('10.96.0.7 . tcp . 80') ?? '') ?? []) {
      const [, mod] = /^numgen random mod (\d+)/.exec(rule) ?? [];
      const names = [...rule.matchAll(/goto (ep-\S+?)(?:,|\s|$)/g)].map(([, name]) => name ?? '');
      const isMap = rule.includes('vmap');
      const share = mod === undefined ? left : left / Number(mod);
      for (const name of names) shares.set(name, (shares.get(name) ?? 0) + share);
      if (isMap) assert.equal(names.length, Number(mod));
      if (names.length > 0) left -= share * names.length;
    }
    assert.equal(shares.size, count);
    for (const share of shares.values()) assert.ok(Math.abs(share - 1 / count) < 1e-9, `${share} of ${count}`);
  }
});
