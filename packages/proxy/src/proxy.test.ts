import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EndpointSlice, endpointSlice, type Service, service } from '@navarch/api';
import { MetricRegistry, silent, TaskGroup } from '@navarch/base';
import type { Cache } from '@navarch/client';
import { settle, SimClock } from '@navarch/sim';
import { ProxyHealth } from './proxy-health.ts';
import { runProxy } from './proxy.ts';
import { TABLE } from './service-table.ts';
import type { KnownFlow, StaleFlows } from './stale-flows.ts';

const web = {
  metadata: { name: 'web', namespace: 'default' },
  status: { loadBalancer: {} },
  spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
} as unknown as Service;
const slice = {
  metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints: [{ addresses: ['10.244.0.5'], conditions: { ready: true }, nodeName: 'a' }],
} as unknown as EndpointSlice;

/** Lets time pass, and what it brings about be done. */
const passing =
  (clock: SimClock) =>
  async (ms: number): Promise<void> => {
    await settle();
    await clock.advance(ms);
    await settle();
  };

test('runProxy() forgets flows from before it started that lead to no endpoint, and those from while the rules were gone', async () => {
  const clock = new SimClock();
  const [dns, port] = [
    { ...web.spec.ports?.[0], protocol: 'UDP' as const },
    { family: 'IPv4', address: '10.96.0.7' },
  ];
  const names = { ...web, spec: { ...web.spec, ports: [dns] } } as Service;
  const flow = { ...port, port: 80, endpoint: '10.244.0.9:8080' } as const;
  const forgotten: (readonly StaleFlows[])[] = [];
  const metrics = new MetricRegistry();
  let isThere = true;
  const cache = {
    onChange: (kind: unknown, listener: (current: unknown, previous: unknown) => void) => {
      const [only] = kind === service ? [names] : kind === endpointSlice ? [slice] : [];
      if (only) listener(only, undefined);
      return () => undefined;
    },
    whenSynced: async () => undefined,
  } as unknown as Cache;
  const filter = {
    async apply() {
      isThere = true;
    },
    areNamed: async () => isThere,
    flows: async () => [flow] as readonly KnownFlow[],
    async forget(flows: readonly StaleFlows[]) {
      forgotten.push(flows);
      return flows.length;
    },
  };
  await using group = new TaskGroup(new AbortController().signal);
  group.spawn((signal) =>
    runProxy({ cache, clock, log: silent, filter, metrics, node: { name: 'a', clusterCidr: '10.244.0.0/16' } }, signal),
  );
  const later = passing(clock);
  await later(10_000);
  assert.deepEqual(forgotten, [[flow]]);
  assert.match(metrics.text(), /^kubeproxy_conntrack_reconciler_deleted_entries_total\{ip_family="IPv4"\} 1$/m);
  assert.match(metrics.text(), /^kubeproxy_conntrack_reconciler_sync_duration_seconds_count\{ip_family="IPv4"\} 1$/m);
  isThere = false;
  await later(10_000);
  assert.equal(forgotten.length, 2);
});

test('runProxy() makes its rules anew within seconds when somebody has thrown them away, and leaves them alone otherwise', async () => {
  const clock = new SimClock();
  let rules: 'none' | 'emptied' | 'there' = 'none';
  const whole: string[] = [];
  const cache = {
    onChange: (kind: unknown, listener: (current: unknown, previous: unknown) => void) => {
      const [only] = kind === service ? [web] : kind === endpointSlice ? [slice] : [];
      if (only) listener(only, undefined);
      return () => undefined;
    },
    whenSynced: async () => undefined,
  } as unknown as Cache;
  const filter = {
    async apply(script: string) {
      const isWhole = script.includes(`add table inet ${TABLE}`);
      if (rules === 'none' && !isWhole) throw new Error('No such file or directory');
      if (isWhole) whole.push(script);
      rules = 'there';
    },
    async areNamed() {
      if (rules === 'none') throw new Error('No such file or directory');
      return rules === 'there';
    },
    flows: async () => [],
    forget: async () => 0,
  };
  await using group = new TaskGroup(new AbortController().signal);
  group.spawn((signal) =>
    runProxy({ cache, clock, log: silent, filter, node: { name: 'a', clusterCidr: '10.244.0.0/16' } }, signal),
  );
  const later = passing(clock);
  await later(100);
  assert.equal(whole.length, 1);
  await later(30_000);
  assert.equal(whole.length, 1);
  rules = 'none';
  await later(6_000);
  assert.equal(whole.length, 2);
  // The table and its chains are left.
  rules = 'emptied';
  await later(6_000);
  assert.equal(whole.length, 3);
  assert.match(whole[1] ?? '', /10\.244\.0\.5 \. 8080/);
});

test('runProxy() is not well while the kernel refuses rules for a minute, and is again when it takes them', async () => {
  const clock = new SimClock();
  const [ownHealth, metrics] = [new ProxyHealth(clock), new MetricRegistry()];
  const listeners: ((current: unknown) => void)[] = [];
  let isRefusing = false;
  const cache = {
    onChange: (kind: unknown, listener: (current: unknown) => void) => {
      if (kind === service) listeners.push(listener);
    },
    whenSynced: async () => undefined,
  } as unknown as Cache;
  const filter = {
    async apply() {
      if (isRefusing) throw new Error('Operation not permitted');
    },
    areNamed: async () => true,
    flows: async () => [],
    forget: async () => 0,
  };
  await using group = new TaskGroup(new AbortController().signal);
  const node = { name: 'a', clusterCidr: '10.244.0.0/16' };
  group.spawn((signal) => runProxy({ cache, clock, log: silent, filter, ownHealth, metrics, node }, signal));
  const later = passing(clock);
  await later(120_000);
  assert.equal(ownHealth.now().isHealthy, true);
  isRefusing = true;
  for (const listener of listeners) listener(web);
  // A refusal is followed by another try each second.
  for (let seconds = 0; seconds < 59; seconds++) await later(1000);
  assert.equal(ownHealth.now().isHealthy, true);
  for (let seconds = 0; seconds < 2; seconds++) await later(1000);
  assert.equal(ownHealth.now().isHealthy, false);
  isRefusing = false;
  for (let seconds = 0; seconds < 2; seconds++) await later(1000);
  assert.equal(ownHealth.now().isHealthy, true);
  assert.match(metrics.text(), /^kubeproxy_sync_proxy_rules_nftables_sync_failures_total\{ip_family="IPv4"\} [1-9]/m);
  assert.match(metrics.text(), /^kubeproxy_sync_full_proxy_rules_duration_seconds_count\{ip_family="IPv4"\} 2$/m);
});
