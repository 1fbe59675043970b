import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice, Service } from '@navarch/api';
import { difference, type ProxyNode, ruleset } from './index.ts';

const node: ProxyNode = { name: 'a', clusterCidr: '10.244.0.0/16' };
const serviceOf = (name: string, spec: object): Service => ({
  metadata: { name, namespace: 'default' }, status: { loadBalancer: {} },
  spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30_080 }], ...spec },
} as unknown as Service);
const sliceOf = (name: string, endpoints: readonly object[]): EndpointSlice => ({
  metadata: { name: `${name}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4', ports: [{ name: 'http', port: 8080 }], endpoints,
} as unknown as EndpointSlice);
const end = (address: string, conditions: object = { ready: true }, nodeName = 'a'): object => ({ addresses: [address], conditions, nodeName });

/** Addresses a packet to the cluster IP may be sent to, read from the rules alone. */
function reached(service: Service, slice: EndpointSlice, map: 'addresses' | 'nodePorts' = 'addresses'): string {
  const rules = ruleset([service], [slice], node);
  const [chain] = rules[map].values();
  if (chain === undefined) return 'nothing';
  const start = rules.chains.get(chain) ?? [];
  if (start.some((rule) => rule.startsWith('reject'))) return 'reject';
  const last = start.at(-1) ?? '';
  return [...last.matchAll(/goto (\S+?)(?:,| |$)/g)].map(([, name]) => /dnat ip to (\S+)$/.exec(rules.chains.get(name ?? '')?.at(-1) ?? '')?.[1] ?? '?').join(' ');
}

test('ruleset() sends to ready endpoints, and to ending ones only when none is ready', () => {
  const ending = { ready: false, serving: true, terminating: true };
  assert.equal(reached(serviceOf('web', {}), sliceOf('web', [end('10.244.0.5'), end('10.244.1.6', { ready: true }, 'b'), end('10.244.0.7', ending)])), '10.244.0.5:8080 10.244.1.6:8080');
  assert.equal(reached(serviceOf('web', {}), sliceOf('web', [end('10.244.0.7', ending)])), '10.244.0.7:8080');
  assert.equal(reached(serviceOf('web', {}), sliceOf('web', [end('10.244.0.7', { ready: false })])), 'reject');
});

test('ruleset() reaches two pods of one node address by their own ports', () => {
  const [first, second] = [8080, 9090].map((port) => ({ ...sliceOf('web', [end('10.95.0.1')]), ports: [{ name: 'http', port }] }) as unknown as EndpointSlice);
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
  const { addresses, chains } = ruleset([serviceOf('web', { externalTrafficPolicy: 'Local', externalIPs: ['192.0.2.1'] })], [slice], node);
  const external = chains.get(addresses.get('192.0.2.1 . tcp . 80') ?? '') ?? [];
  assert.match(external.join(), /^goto ep-/);
  assert.match((chains.get(addresses.get('10.96.0.7 . tcp . 80') ?? '') ?? []).join(), /numgen random mod 2/);
});

test('ruleset() makes nothing of headless services and external names', () => {
  assert.equal(reached(serviceOf('web', { clusterIP: 'None' }), sliceOf('web', [end('10.244.0.5')])), 'nothing');
  assert.equal(reached(serviceOf('web', { type: 'ExternalName' }), sliceOf('web', [])), 'nothing');
});

test('difference() is empty when nothing changed', () => {
  const rules = ruleset([serviceOf('web', {})], [sliceOf('web', [end('10.244.0.5')])], node);
  assert.equal(difference(rules, ruleset([serviceOf('web', {})], [sliceOf('web', [end('10.244.0.5')])], node), node), '');
});

test('difference() leaves nothing of a service that went, its affinity sets included', () => {
  const before = ruleset([serviceOf('web', { sessionAffinity: 'ClientIP' })], [sliceOf('web', [end('10.244.0.5')])], node);
  const script = difference(before, ruleset([], [], node), node);
  const added = difference(undefined, before, node);
  for (const [, kind, name] of added.matchAll(/^add (chain|set) inet navarch ((?:svc|ext|ep|aff)-\S+)/gm)) {
    assert.match(script, new RegExp(`^delete ${kind} inet navarch ${name}$`, 'm'));
  }
  assert.ok(script.indexOf('delete set') > script.lastIndexOf('delete chain'));
});
