import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeOf, podOf, snapshotOf, verdict } from '../testing/builders.ts';
import { Snapshot } from './snapshot.ts';

test('Snapshot counts pods that it saw before their node', () => {
  const snapshot = new Snapshot();
  snapshot.place(podOf('early', { cpu: '3' }), 'a');
  snapshot.setNode(nodeOf('a'));
  assert.equal(verdict(podOf('late', { cpu: '2' }), snapshot), '0/1 nodes are available: 1 Insufficient cpu.');
});

test('Snapshot counts the pods of a node that left and came back', () => {
  const snapshot = snapshotOf([nodeOf('a')], { a: [podOf('first', { cpu: '3' })] });
  snapshot.removeNode('a');
  snapshot.setNode(nodeOf('a'));
  assert.equal(snapshot.node('a')?.requested.get('cpu'), 3000);
  snapshot.unplace(podOf('first', { cpu: '3' }));
  assert.equal(snapshot.node('a')?.requested.get('cpu'), 0);
});

test('Snapshot forgets a pod that ended while its node was away', () => {
  const snapshot = snapshotOf([nodeOf('a')], { a: [podOf('first', { cpu: '3' })] });
  snapshot.removeNode('a');
  snapshot.unplace(podOf('first'));
  snapshot.setNode(nodeOf('a'));
  assert.equal(snapshot.node('a')?.pods.size, 0);
});

test('Snapshot.nodes takes one node of each zone in turn', () => {
  const zone = (name: string, z: string) => nodeOf(name, { labels: { 'topology.kubernetes.io/zone': z } });
  const snapshot = snapshotOf([
    zone('a1', 'a'),
    zone('a2', 'a'),
    zone('a3', 'a'),
    zone('b1', 'b'),
    zone('c1', 'c'),
    zone('c2', 'c'),
  ]);
  assert.deepEqual(
    snapshot.nodes.map(({ name }) => name),
    ['a1', 'b1', 'c1', 'a2', 'c2', 'a3'],
  );
});

test('Snapshot does not move a node on for a pod whose status alone changed', () => {
  const pod = podOf('p', { cpu: '1' });
  const snapshot = snapshotOf([nodeOf('a')], { a: [pod] });
  const before = snapshot.node('a')?.generation;
  snapshot.place({ ...structuredClone(pod), status: { phase: 'Running' } }, 'a');
  assert.equal(snapshot.node('a')?.generation, before);
  snapshot.place({ ...pod, status: { phase: 'Succeeded' } }, 'a');
  assert.deepEqual([snapshot.node('a')?.requested.get('cpu'), snapshot.node('a')?.pods.size], [0, 0]);
});

test('Snapshot.templateOf() is one value for all pods of a template, whatever their token volumes are called', () => {
  const snapshot = new Snapshot();
  const made = (name: string) =>
    podOf(name, {
      labels: { app: 'web' },
      spec: { volumes: [{ name: `kube-api-access-${name}`, projected: { sources: [] } }] },
    });
  assert.equal(snapshot.templateOf(made('a')), snapshot.templateOf(made('b')));
  assert.notEqual(
    snapshot.templateOf(made('a')),
    snapshot.templateOf(podOf('a', { labels: { app: 'web' }, cpu: '2' })),
  );
});

test('Snapshot.templateOf() finds what a pod is with other labels, as if nobody had known what it was before', () => {
  const snapshot = new Snapshot();
  const [app, zone] = [{ app: 'web' }, 'topology.kubernetes.io/zone'];
  const before = (name: string) => podOf(name, { labels: app });
  const bound = (pod: ReturnType<typeof podOf>, labels: Record<string, string>, more: object = {}) => ({
    ...pod,
    metadata: { ...pod.metadata, labels: { ...app, ...labels } },
    spec: { ...pod.spec, nodeName: 'n', ...more },
  });
  for (const name of ['a', 'b']) {
    const pod = before(name);
    snapshot.templateOf(pod);
    for (const value of ['z1', 'z2']) {
      const fresh = podOf(`fresh-${name}-${value}`, { labels: { ...app, [zone]: value } });
      assert.equal(snapshot.templateOf(bound(pod, { [zone]: value })), snapshot.templateOf(fresh));
    }
    assert.equal(snapshot.templateOf(bound(pod, {})), snapshot.templateOf(before('c')));
    const tolerations = [{ operator: 'Exists' as const }];
    const other = podOf(`other-${name}`, { labels: { ...app, [zone]: 'z1' }, spec: { tolerations } });
    assert.equal(snapshot.templateOf(bound(pod, { [zone]: 'z1' }, { tolerations })), snapshot.templateOf(other));
  }
});

test('Snapshot.templateOf() is one value for pods of one template with other labels, also once it was forgotten', () => {
  const snapshot = new Snapshot();
  const [first, second] = [podOf('a'), podOf('b')];
  const relabelled = (pod: typeof first) => ({ ...pod, metadata: { ...pod.metadata, labels: { zone: 'z' } } });
  snapshot.templateOf(second);
  snapshot.templateOf(first);
  snapshot.templateOf(relabelled(first));
  // More than are known at a time.
  for (let i = 0; i < 5000; i++) snapshot.templateOf(podOf(`other-${i}`, { labels: { i: String(i) } }));
  const fresh = snapshot.templateOf(podOf('c', { labels: { zone: 'z' } }));
  assert.equal(snapshot.templateOf(relabelled(second)), fresh);
});

test('Snapshot.templateOf() gives templates that ask the same of a node one shape', () => {
  const snapshot = new Snapshot();
  const shape = (pod: Parameters<typeof snapshot.templateOf>[0]) => snapshot.templateOf(pod).shape;
  const one = shape(podOf('a', { labels: { app: 'web' }, namespace: 'x' }));
  assert.equal(one, shape(podOf('b', { labels: { app: 'db' }, namespace: 'y' })));
  assert.notEqual(one, shape(podOf('c', { cpu: '2' })));
  assert.notEqual(one, shape(podOf('d', { spec: { nodeSelector: { disk: 'ssd' } } })));
});
