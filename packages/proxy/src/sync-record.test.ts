import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice } from '@navarch/api';
import { MetricRegistry } from '@navarch/base';
import { SimClock } from '@navarch/sim';
import { ProxyHealth } from './proxy-health.ts';
import { SyncRecord } from './sync-record.ts';

const sliceChangedAt = (ms: number): EndpointSlice =>
  ({
    metadata: {
      name: 'web-1',
      annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': new Date(ms).toISOString() },
    },
  }) as unknown as EndpointSlice;

function recorded() {
  const [clock, metrics] = [new SimClock(), new MetricRegistry()];
  const record = new SyncRecord(metrics, new ProxyHealth(clock), clock);
  const shown = (start: string): readonly string[] =>
    metrics
      .text()
      .split('\n')
      .filter((line) => line.startsWith(`kubeproxy_${start}`))
      .map((line) => line.slice('kubeproxy_'.length));
  return { clock, record, shown };
}

test('SyncRecord counts changes until the kernel has them, and times transactions for each family', async () => {
  const { clock, record, shown } = recorded();
  record.serviceChanged();
  record.sliceChanged(undefined);
  const sync = record.began();
  record.serviceChanged();
  assert.deepEqual(shown('sync_proxy_rules_service'), [
    'sync_proxy_rules_service_changes_pending 2',
    'sync_proxy_rules_service_changes_total 2',
  ]);
  await clock.advance(1500);
  sync.done(true);
  assert.deepEqual(shown('sync_proxy_rules_service'), [
    'sync_proxy_rules_service_changes_pending 1',
    'sync_proxy_rules_service_changes_total 2',
  ]);
  assert.deepEqual(shown('sync_proxy_rules_endpoint'), [
    'sync_proxy_rules_endpoint_changes_pending 0',
    'sync_proxy_rules_endpoint_changes_total 1',
  ]);
  for (const kind of ['', 'full_'])
    assert.deepEqual(shown(`sync_${kind}proxy_rules_duration_seconds_sum`), [
      `sync_${kind}proxy_rules_duration_seconds_sum{ip_family="IPv4"} 1.5`,
      `sync_${kind}proxy_rules_duration_seconds_sum{ip_family="IPv6"} 1.5`,
    ]);
  assert.deepEqual(shown('sync_partial_proxy_rules_duration_seconds_sum'), []);
  const last = shown('sync_proxy_rules_last_timestamp_seconds').map((line) => line.split(' '));
  assert.deepEqual(last, [
    ['sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"}', last[0]?.[1]],
    ['sync_proxy_rules_last_timestamp_seconds{ip_family="IPv6"}', last[0]?.[1]],
  ]);
  assert.equal(Number(last[0]?.[1]), clock.now() / 1000);
});

test('SyncRecord measures from what changed to the rules that follow it, over refusals, but not from before it began', async () => {
  const { clock, record, shown } = recorded();
  const count = 'network_programming_duration_seconds_count{ip_family="IPv4"}';
  const sum = 'network_programming_duration_seconds_sum{ip_family="IPv4"}';
  record.sliceChanged(sliceChangedAt(clock.now() - 1000));
  record.sliceChanged(sliceChangedAt(clock.now()));
  await clock.advance(1000);
  const refused = record.began();
  await clock.advance(1000);
  refused.failed();
  assert.deepEqual(shown('network_programming_duration_seconds_count'), []);
  const taken = record.began();
  await clock.advance(1000);
  taken.done(true);
  assert.ok(shown('network').includes(`${count} 1`));
  assert.ok(shown('network').includes(`${sum} 3`));
  assert.deepEqual(shown('sync_proxy_rules_nftables_sync_failures_total'), [
    'sync_proxy_rules_nftables_sync_failures_total{ip_family="IPv4"} 1',
    'sync_proxy_rules_nftables_sync_failures_total{ip_family="IPv6"} 1',
  ]);
});
