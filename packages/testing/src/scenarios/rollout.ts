import { deployment, isReady, type Pod, pod } from '@navarch/api';
import { invariant } from '@navarch/base';
import type { SimCluster } from '@navarch/sim';
import { startCluster } from '../index.ts';

/** A deployment of the label app=web in the default namespace. */
export const web = (replicas: number) => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'nginx', resources: { requests: { cpu: '100m' } } }] },
    },
  },
});
/** All pods of the default namespace. */
export const pods = async (cluster: SimCluster): Promise<readonly Pod[]> =>
  (await cluster.api.of(pod).list({ namespace: 'default' })).items;

/** A write waits for the simulated disk, and that for time. */
async function over<T>(cluster: SimCluster, write: Promise<T>): Promise<T> {
  await cluster.advance('100ms');
  return write;
}

/**
 * A rollout on 50 nodes while the API server and all components crash, answers get lost and watches break. Throws when it
 * does not end as it must; resolves to the history of everything that was written, equal for equal seeds.
 */
export async function rollout(seed: number): Promise<string> {
  await using cluster = await startCluster({
    nodes: 50,
    seed,
    diskMs: 10,
    faults: { latencyMs: 100, watchLagMs: 200, refuse: 0.05, loseAnswer: 0.03, breakWatch: 0.003 },
  });
  await cluster.advance('30s');
  await over(cluster, cluster.api.of(deployment).create(web(40)));
  await cluster.advance('3s');
  await cluster.crashServer('4s');
  await cluster.advance('2s');
  await cluster.crashComponents();
  await cluster.advance('2m');
  await over(
    cluster,
    cluster.api.of(deployment).update('default/web', (d) => ({
      ...d,
      spec: {
        ...d.spec,
        template: {
          ...d.spec.template,
          spec: {
            ...d.spec.template.spec,
            containers: d.spec.template.spec.containers.map((c) => ({ ...c, image: 'nginx:2' })),
          },
        },
      },
    })),
  );
  await cluster.advance('5s');
  await cluster.crashComponents();
  // The second crash falls anywhere in the half minute that the second rollout takes.
  await cluster.advance((seed % 200) * 150);
  await cluster.crashServer('1s');
  await cluster.advance('5m');
  const all = await pods(cluster);
  const right = all.filter(
    (p) => isReady(p) && p.spec.containers[0]?.image === 'nginx:2' && !p.metadata.deletionTimestamp,
  );
  invariant(
    all.length === 40 && right.length === 40,
    `seed ${seed}: ${all.length} pods, ${right.length} of them right, where 40 should be`,
  );
  return cluster.history.join('\n');
}
