import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, event } from '@navarch/api';
import { SimCluster } from './sim-cluster.ts';

test('SimCluster: the API server forgets history older than five to ten minutes', async () => {
  await using cluster = await SimCluster.start({ nodes: 1 });
  await cluster.advance('4m');
  assert.equal(cluster.store.oldest(), 0);
  const early = cluster.store.revision();
  await cluster.advance('7m');
  assert.ok(cluster.store.oldest() >= early, `${cluster.store.oldest()} is before ${early}`);
  assert.ok(cluster.store.oldest() < cluster.store.revision());
});

test('SimCluster: an event goes an hour after it was last seen', async () => {
  await using cluster = await SimCluster.start({ nodes: 0 });
  const events = cluster.api.of(event);
  const make = (name: string, lastTimestamp: string): Promise<unknown> =>
    events.create({
      metadata: { name, namespace: 'default' },
      involvedObject: { namespace: 'default', name: 'a' },
      reason: 'Seen',
      type: 'Normal',
      lastTimestamp,
    } as never);
  const now = cluster.clock.now();
  await make('old', new Date(now).toISOString());
  await make('seen-later', new Date(now + 30 * 60_000).toISOString());
  await cluster.advance('62m');
  assert.deepEqual(
    (await events.list({ namespace: 'default' })).items.map((item) => item.metadata.name),
    ['seen-later'],
  );
});

test('SimCluster: the API server says since when uses of long-lived tokens are written down, and says it again', async () => {
  await using cluster = await SimCluster.start({ nodes: 0 });
  const key = 'kube-system/kube-apiserver-legacy-service-account-token-tracking';
  const since = async (): Promise<unknown> => (await cluster.api.of(configMap).get(key)).data;
  await cluster.advance('1m');
  assert.deepEqual(await since(), { since: '2026-01-01' });
  await cluster.api.of(configMap).delete(key);
  await cluster.advance('2m');
  assert.deepEqual(await since(), { since: '2026-01-01' });
  await cluster.api.of(configMap).update(key, (map) => ({ ...map, data: { since: '2999-01-01' } }));
  await cluster.advance('2m');
  assert.deepEqual(await since(), { since: '2026-01-01' });
});
