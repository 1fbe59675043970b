import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployment, isNodeReady, isReady, node, type Pod, pod } from '@navarch/api';
import type { SimCluster } from '@navarch/sim';
import { startCluster } from './index.ts';

const web = (replicas: number) => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas, selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx', resources: { requests: { cpu: '100m' } } }] } },
  },
});
const pods = async (cluster: SimCluster): Promise<readonly Pod[]> => (await cluster.api.of(pod).list({ namespace: 'default' })).items;

test('startCluster() gives a control plane whose deployments run', async () => {
  await using cluster = await startCluster({ nodes: 3 });
  await cluster.settled();
  await cluster.api.of(deployment).create(web(6));
  await cluster.settled();
  const all = await pods(cluster);
  assert.equal(all.filter(isReady).length, 6);
  assert.equal((await cluster.api.of(deployment).get('default/web')).status.availableReplicas, 6);
  assert.deepEqual([...new Set(all.map((p) => p.spec.nodeName))].sort(), ['node-1', 'node-2', 'node-3']);
});

test('a lost node is marked and its pods are replaced after the eviction time', async () => {
  await using cluster = await startCluster({ nodes: 3 });
  await cluster.settled();
  await cluster.api.of(deployment).create(web(6));
  await cluster.settled();
  cluster.loseNode('node-1');
  await cluster.advance('2m');
  assert.equal(isNodeReady(await cluster.api.of(node).get('node-1')), false);
  await cluster.advance('6m');
  await cluster.settled();
  const running = (await pods(cluster)).filter((p) => isReady(p) && !p.metadata.deletionTimestamp);
  assert.equal(running.length, 6);
  assert.ok(running.every((p) => p.spec.nodeName !== 'node-1'));
});

async function rollout(seed: number): Promise<string> {
  await using cluster = await startCluster({ nodes: 50, seed, faults: { latencyMs: 100, watchLagMs: 200, refuse: 0.05, loseAnswer: 0.03, breakWatch: 0.003 } });
  await cluster.advance('30s');
  await cluster.api.of(deployment).create(web(40));
  await cluster.advance('3s');
  await cluster.crashComponents();
  await cluster.advance('2m');
  await cluster.api.of(deployment).update('default/web', (d) => ({ ...d, spec: { ...d.spec, template: { ...d.spec.template, spec: { ...d.spec.template.spec, containers: d.spec.template.spec.containers.map((c) => ({ ...c, image: 'nginx:2' })) } } } }));
  await cluster.advance('5s');
  await cluster.crashComponents();
  await cluster.advance('10m');
  const all = await pods(cluster);
  const right = all.filter((p) => isReady(p) && p.spec.containers[0]?.image === 'nginx:2' && !p.metadata.deletionTimestamp);
  assert.deepEqual([all.length, right.length], [40, 40], `seed ${seed}`);
  return cluster.history.join('\n');
}

for (let seed = 1; seed <= 20; seed++) {
  test(`a rollout on 50 nodes survives crashes and a bad network, twice the same way, seed ${seed}`, async () => {
    const [first, second] = [await rollout(seed), await rollout(seed)];
    assert.ok(first.length > 1000);
    assert.ok(first === second, 'the two histories differ');
  });
}
