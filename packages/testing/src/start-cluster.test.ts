import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployment, isNodeReady, isReady, node } from '@navarch/api';
import { startCluster } from './index.ts';
import { pods, rollout, web } from './scenarios/rollout.ts';

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

for (let seed = 1; seed <= 20; seed++) {
  test(`a rollout on 50 nodes survives crashes of the API server and of all components and a bad network, twice the same way, seed ${seed}`, async () => {
    const [first, second] = [await rollout(seed), await rollout(seed)];
    assert.ok(first.length > 1000);
    assert.ok(first === second, 'the two histories differ');
  });
}
