import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReady, persistentVolume, persistentVolumeClaim, pod, statefulSet } from '@navarch/api';
import { SimCluster } from '../sim-cluster.ts';
import type { Faults } from '../testing/faulty-api.ts';

const SEEDS = 20;
const LABELS = { app: 'db' };

async function withSet(seed: number, faults: Partial<Faults>): Promise<SimCluster> {
  const cluster = await SimCluster.start({ nodes: 3, seed, faults });
  await cluster.api.of(statefulSet).create({
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      serviceName: 'db',
      replicas: 3,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: { containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'data', mountPath: '/data' }] }] },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  });
  return cluster;
}

const claims = async (cluster: SimCluster): Promise<readonly string[]> =>
  (await cluster.api.of(persistentVolumeClaim).list()).items
    .map(({ metadata, spec, status }) => `${metadata.name} ${status.phase} ${spec.volumeName}`)
    .toSorted();
const places = async (cluster: SimCluster): Promise<readonly string[]> =>
  (await cluster.api.of(pod).list()).items.map(({ metadata, spec }) => `${metadata.name} ${spec.nodeName}`).toSorted();

test('a stateful set gets a volume for each of its pods, and the same ones again, whatever is lost on the way', async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    await using cluster = await withSet(seed, {
      latencyMs: 50,
      watchLagMs: 1000,
      loseAnswer: 0.1,
      refuse: 0.05,
      breakWatch: 0.05,
    });
    await cluster.advance('20s');
    await cluster.crashComponents();
    await cluster.settled();
    const pods = (await cluster.api.of(pod).list()).items;
    assert.deepEqual(pods.map(isReady), [true, true, true], `seed ${seed}`);
    const [before, where] = [await claims(cluster), await places(cluster)];
    assert.equal(new Set(before.map((line) => line.split(' ')[2])).size, 3, `seed ${seed}: ${before.join('; ')}`);
    assert.ok(
      before.every((line) => line.includes(' Bound ')),
      `seed ${seed}: ${before.join('; ')}`,
    );
    assert.equal((await cluster.api.of(persistentVolume).list()).items.length, 3, `seed ${seed}`);

    for (const { metadata } of pods) await cluster.api.of(pod).delete(`default/${metadata.name}`);
    await cluster.settled();
    assert.deepEqual([await claims(cluster), await places(cluster)], [before, where], `seed ${seed}`);

    await cluster.api.of(statefulSet).delete('default/db');
    await cluster.api.of(persistentVolumeClaim).deleteCollection({ namespace: 'default' });
    await cluster.advance('10m');
    await cluster.settled();
    assert.deepEqual(
      [await claims(cluster), (await cluster.api.of(persistentVolume).list()).items],
      [[], []],
      `seed ${seed}`,
    );
  }
});
