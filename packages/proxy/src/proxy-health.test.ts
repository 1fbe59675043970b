import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '@navarch/api';
import { SimClock } from '@navarch/sim';
import { ProxyHealth } from './proxy-health.ts';

const node = (more: { readonly deletionTimestamp?: string; readonly taint?: string } = {}): Node =>
  ({
    metadata: { name: 'a', ...(more.deletionTimestamp ? { deletionTimestamp: more.deletionTimestamp } : {}) },
    spec: { taints: more.taint ? [{ key: more.taint, effect: 'NoSchedule' }] : [] },
  }) as unknown as Node;

test('ProxyHealth is well while it starts, and as long as no change waits for a minute', async () => {
  const clock = new SimClock();
  const health = new ProxyHealth(clock);
  health.queued();
  await clock.advance(120_000);
  assert.equal(health.now().isHealthy, true);
  const updatedAt = clock.now();
  health.updated(clock.monotonic());
  await clock.advance(3_600_000);
  assert.deepEqual(health.now(), { isHealthy: true, lastUpdated: clock.now(), now: clock.now() });
  health.queued();
  await clock.advance(30_000);
  health.queued();
  await clock.advance(29_999);
  assert.equal(health.now().isHealthy, true);
  await clock.advance(1);
  assert.deepEqual(health.now(), { isHealthy: false, lastUpdated: updatedAt, now: clock.now() });
});

test('ProxyHealth counts a change as waiting that came while the kernel was told of those before', async () => {
  const clock = new SimClock();
  const health = new ProxyHealth(clock);
  health.updated(clock.monotonic());
  const began = clock.monotonic();
  await clock.advance(10);
  health.queued();
  await clock.advance(10);
  health.updated(began);
  await clock.advance(60_000);
  assert.equal(health.now().isHealthy, false);
});

test('ProxyHealth finds a node no place for new connections that is being deleted, or will be (KEP-3836)', () => {
  const health = new ProxyHealth(new SimClock());
  const seen = [
    node(),
    node({ taint: 'ToBeDeletedByClusterAutoscaler' }),
    node({ taint: 'node.kubernetes.io/unschedulable' }),
    node({ deletionTimestamp: '2026-01-01T00:00:00Z' }),
  ].map((one) => {
    health.setNode(one);
    return health.isEligible;
  });
  assert.deepEqual(seen, [true, false, true, false]);
  assert.equal(health.now().isHealthy, true);
});
