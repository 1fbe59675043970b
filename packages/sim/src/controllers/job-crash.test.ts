import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isActive, job, type Pod, pod } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { type Draft, keyOf, type ObjectOf } from '@navarch/machinery';
import { SimCluster } from '../sim-cluster.ts';

type Job = ObjectOf<typeof job>;
const COMPLETIONS = 12;
const PARALLELISM = 5;

const work = (completionMode: 'Indexed' | 'NonIndexed'): Draft<Job> => ({
  metadata: { name: 'work', namespace: 'default' },
  spec: {
    completions: COMPLETIONS,
    parallelism: PARALLELISM,
    completionMode,
    backoffLimit: 1000,
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } },
  } as Draft<Job>['spec'],
});

/** The test is the kubelet. */
async function endPod(cluster: SimCluster, target: Pod, phase: 'Succeeded' | 'Failed'): Promise<void> {
  await cluster.api
    .of(pod)
    .update(keyOf(target), (p) => ({ ...p, status: { ...p.status, phase } }), { subresource: 'status' });
}

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`a job's counts are exact through crashes of everything, seed ${seed}`, async () => {
    // No disk that takes its time: what a crashed controller has sent is done before the next one reads, as leases have it.
    await using cluster = await SimCluster.start({
      nodes: 0,
      seed,
      faults: { latencyMs: 100, watchLagMs: 1000, loseAnswer: 0.1, refuse: 0.05, breakWatch: 0.05 },
    });
    const random = seededRandom(seed);
    await cluster.advance('20s');
    await cluster.api.of(job).create(work(seed % 2 === 0 ? 'Indexed' : 'NonIndexed'));
    const outcomes = new Map<string, 'Succeeded' | 'Failed'>();
    const isOver = async (): Promise<boolean> =>
      (await cluster.api.of(job).get('default/work')).status.conditions?.some(({ type }) => type === 'Complete') ??
      false;
    for (let i = 0; i < 2000 && !(await isOver()); i++) {
      await cluster.advance('1s');
      if (random.uint32() % 6 === 0) await cluster.crashComponents();
      if (random.uint32() % 40 === 0) await cluster.crashServer('2s');
      const pods = (await cluster.api.of(pod).list({ namespace: 'default' })).items;
      assert.ok(pods.filter(isActive).length <= PARALLELISM, 'too many side by side');
      for (const p of pods) {
        if (!isActive(p) || random.uint32() % 3 > 0) continue;
        const outcome = random.uint32() % 4 === 0 ? 'Failed' : 'Succeeded';
        await endPod(cluster, p, outcome);
        outcomes.set(p.metadata.uid, outcome);
      }
    }
    await cluster.advance('2m');
    const { status } = await cluster.api.of(job).get('default/work');
    const count = (outcome: string): number => [...outcomes.values()].filter((one) => one === outcome).length;
    assert.deepEqual([status.succeeded, status.failed ?? 0], [count('Succeeded'), count('Failed')]);
    assert.equal(status.succeeded, COMPLETIONS);
    assert.ok(
      (await cluster.api.of(pod).list({ namespace: 'default' })).items.every(
        ({ metadata }) => metadata.finalizers === undefined,
      ),
    );
  });
}
