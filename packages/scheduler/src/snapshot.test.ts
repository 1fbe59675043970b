import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node, Pod, Taint } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { defaultProfile, enoughNodes, place, Snapshot, unfitMessage } from './index.ts';

const nodeOf = (name: string, spec: Node['spec'] = {}, cpu = '4'): Node => ({
  apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { 'kubernetes.io/hostname': name } }, spec,
  status: { allocatable: { cpu, memory: '8Gi', pods: '110' } },
} as unknown as Node);

const podOf = (name: string, cpu = '1', spec: Partial<Pod['spec']> = {}): Pod => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }], ...spec }, status: { phase: 'Pending' },
} as unknown as Pod);

const snapshotOf = (...nodes: readonly Node[]): Snapshot => {
  const snapshot = new Snapshot();
  for (const node of nodes) snapshot.setNode(node);
  return snapshot;
};

const put = (pod: Pod, snapshot: Snapshot) => place(pod, snapshot, defaultProfile, seededRandom(1));

/** The message that a pod which fits nowhere gets. */
function refusal(pod: Pod, snapshot: Snapshot): string {
  const placement = put(pod, snapshot);
  assert.equal(placement.node, undefined);
  return unfitMessage(snapshot.nodes.length, placement.node === undefined ? placement.reasons : new Map());
}

test('Snapshot counts pods that it saw before their node', () => {
  const snapshot = new Snapshot();
  snapshot.place(podOf('early', '3'), 'a');
  snapshot.setNode(nodeOf('a'));
  assert.equal(refusal(podOf('late', '2'), snapshot), '0/1 nodes are available: 1 Insufficient cpu.');
});

test('Snapshot counts the pods of a node that left and came back', () => {
  const snapshot = snapshotOf(nodeOf('a'));
  snapshot.place(podOf('first', '3'), 'a');
  snapshot.removeNode('a');
  snapshot.setNode(nodeOf('a'));
  assert.equal(snapshot.node('a')?.requested.get('cpu'), 3000);
  snapshot.unplace(podOf('first', '3'));
  assert.equal(snapshot.node('a')?.requested.get('cpu'), 0);
});

test('Snapshot forgets a pod that ended while its node was away', () => {
  const snapshot = snapshotOf(nodeOf('a'));
  snapshot.place(podOf('first', '3'), 'a');
  snapshot.removeNode('a');
  snapshot.unplace(podOf('first', '3'));
  snapshot.setNode(nodeOf('a'));
  assert.equal(snapshot.node('a')?.pods.size, 0);
});

test('place() says of every node why it does not fit, in upstream words', () => {
  const taint: Taint = { key: 'k', value: 'v', effect: 'NoSchedule' };
  const snapshot = snapshotOf(nodeOf('a', { taints: [taint] }), nodeOf('b', { unschedulable: true }), nodeOf('c', {}, '500m'));
  assert.equal(
    refusal(podOf('p'), snapshot),
    '0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable.',
  );
});

test('place() lets a toleration through and keeps to the node selector', () => {
  const snapshot = snapshotOf(nodeOf('a', { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] }), nodeOf('b'));
  const nodeSelector = { 'kubernetes.io/hostname': 'a' };
  assert.equal(put(podOf('p', '1', { nodeSelector }), snapshot).node, undefined);
  assert.equal(put(podOf('p', '1', { nodeSelector, tolerations: [{ key: 'k', operator: 'Exists' }] }), snapshot).node, 'a');
});

test('place() takes the emptier of two nodes', () => {
  const snapshot = snapshotOf(nodeOf('a'), nodeOf('b'));
  snapshot.place(podOf('first', '2'), 'a');
  assert.equal(put(podOf('p'), snapshot).node, 'b');
});

test('place() gives a host port once per node and address', () => {
  const web = (name: string, hostIP?: string): Pod => podOf(name, '100m', {
    containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80, ...(hostIP ? { hostIP } : {}) }] }],
  } as unknown as Partial<Pod['spec']>);
  const snapshot = snapshotOf(nodeOf('a'));
  snapshot.place(web('first', '127.0.0.1'), 'a');
  assert.equal(put(web('elsewhere', '10.0.0.1'), snapshot).node, 'a');
  assert.equal(refusal(web('everywhere'), snapshot), "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.");
});

test('enoughNodes() looks at all of a small cluster and at a tenth of a large one', () => {
  assert.deepEqual([10, 100, 1000, 5000].map(enoughNodes), [10, 100, 420, 500]);
});
