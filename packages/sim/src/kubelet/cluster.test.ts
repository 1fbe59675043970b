import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployment, isReady, type Pod, pod } from '@navarch/api';
import { server } from '@navarch/kubelet';
import { SimCluster } from '../sim-cluster.ts';

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'app', readinessProbe: { exec: { command: ['ok'] }, periodSeconds: 1 } }] },
};
const web = (replicas: number) =>
  ({
    metadata: { namespace: 'default', name: 'web' },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template },
  }) as never;
const pods = async (cluster: SimCluster): Promise<readonly Pod[]> => (await cluster.api.of(pod).list()).items;

test('SimCluster: real kubelets run what the controllers want, also when they crash', async () => {
  await using cluster = await SimCluster.start({ nodes: 3, machines: { latencyMs: 200 } });
  await cluster.advance('2s');
  await cluster.api.of(deployment).create(web(6));
  await cluster.settled();
  assert.deepEqual((await pods(cluster)).map(isReady), Array(6).fill(true));
  const addresses = (await pods(cluster)).map((p) => p.status.podIP);
  assert.equal(new Set(addresses).size, 6);
  for (const name of ['node-1', 'node-2', 'node-3']) cluster.machine(name).crash();
  await cluster.advance('2s');
  for (const name of ['node-1', 'node-2', 'node-3']) cluster.machine(name).start();
  await cluster.settled();
  assert.deepEqual(
    (await pods(cluster)).map((p) => p.status.podIP),
    addresses,
  );
  await cluster.api.of(deployment).update('default/web', (d) => ({ ...d, spec: { ...d.spec, replicas: 1 } }));
  await cluster.settled();
  const running = ['node-1', 'node-2', 'node-3'].flatMap((name) => cluster.machine(name).runtime.running());
  assert.deepEqual([(await pods(cluster)).length, running.length], [1, 1]);
});

test('SimCluster: pods of a lost machine are moved, and ended when it comes back', async () => {
  await using cluster = await SimCluster.start({ nodes: 2, machines: { program: () => server } });
  await cluster.advance('2s');
  await cluster.api.of(deployment).create(web(4));
  await cluster.settled();
  cluster.loseNode('node-1');
  await cluster.advance('10m');
  assert.ok(cluster.machine('node-1').runtime.running().length > 0);
  assert.equal(cluster.machine('node-2').runtime.running().length, 4);
  cluster.recoverNode('node-1');
  await cluster.settled();
  assert.equal(cluster.machine('node-1').runtime.running().length, 0);
  assert.deepEqual(
    (await pods(cluster)).map((p) => p.spec.nodeName),
    Array(4).fill('node-2'),
  );
});

test('SimCluster: with real kubelets the same seed gives the same history', async () => {
  const history = async (): Promise<readonly string[]> => {
    await using cluster = await SimCluster.start({
      nodes: 2,
      seed: 7,
      faults: { latencyMs: 20, loseAnswer: 0.02 },
      machines: { latencyMs: 100, refuse: 0.05 },
    });
    await cluster.advance('2s');
    await cluster.api.of(deployment).create(web(3));
    await cluster.advance('1m'); // Longer than the pauses after what the runtimes refuse.
    await cluster.settled();
    assert.deepEqual((await pods(cluster)).map(isReady), [true, true, true]);
    return cluster.history;
  };
  assert.deepEqual(await history(), await history());
});
