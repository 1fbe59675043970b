import assert from 'node:assert/strict';
import { test } from 'node:test';
import { node, pod } from '@navarch/api';
import type { Explanation } from '@navarch/scheduler';
import { startCluster, type TestCluster } from '@navarch/testing';
import { explanationText } from './explanation-text.ts';

const path = (name: string): string => `/apis/navarch.dev/v1/namespaces/default/pods/${name}/placement`;
const textOf = async (cluster: TestCluster, name: string): Promise<string> =>
  explanationText((await cluster.read(path(name))) as Explanation);

async function add(cluster: TestCluster, name: string, cpu: string, more: object = {}): Promise<void> {
  const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu } } }];
  await cluster.api
    .of(pod)
    .create({ metadata: { name, namespace: 'default' }, spec: { containers, ...more } } as never);
  await cluster.settled();
}

test('explanationText() says of few nodes why each does not do, and what to type', async () => {
  await using cluster = await startCluster({ nodes: 2 });
  await cluster.settled();
  await cluster.api.of(node).patch('node-2', { type: 'merge', body: { spec: { unschedulable: true } } });
  await add(cluster, 'small', '16', { nodeName: 'node-1' });
  await add(cluster, 'asked', '24');
  assert.equal(
    await textOf(cluster, 'asked'),
    `Pod default/asked has no node: 1 of 2 nodes: Insufficient cpu; 1 of 2 nodes: unschedulable.

The message was: 0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable. preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.

NODE    FITS  WHY
node-1  no    Insufficient cpu (asks for 24 cpu, 16 cpu of 32 cpu is free)
node-2  no    unschedulable; untolerated taint(s) (node.kubernetes.io/unschedulable:NoSchedule)

What would help, the smallest change first (each was tried on a copy of the cluster):

1. uncordon node node-2 (then it fits on node-2)
     kubectl uncordon node-2

2. remove pod default/small, which frees 16 cpu (then it fits on node-1)
     kubectl delete pod -n default small

3. ask for 16 cpu in container c, which is what node node-1 has left, instead of 24 cpu (then it fits on node-1)
     kubectl get pod asked -n default -o json | kubectl patch --local -f - --type=json -p '[{"op":"replace","path":"/spec/containers/0/resources/requests/cpu","value":"16"}]' -o json | kubectl replace --force -f -
`,
  );
});

test('explanationText() puts many nodes together by what keeps the pod from them', async () => {
  await using cluster = await startCluster({ nodes: 20 });
  await cluster.settled();
  await add(cluster, 'asked', '1', { nodeSelector: { disk: 'ssd' } });
  const text = await textOf(cluster, 'asked');
  assert.match(
    text,
    /^NODES {2}WHY NOT +SUCH AS\n20 {5}didn't match Pod's node affinity\/selector {2}node-1, node-10, node-11$/m,
  );
  assert.match(text, /^1\. label node node-1 with disk=ssd/m);
});

test('explanationText() says of a pod that has a node what spoke for it', async () => {
  await using cluster = await startCluster({ nodes: 1 });
  await cluster.settled();
  await add(cluster, 'asked', '1');
  assert.match(
    await textOf(cluster, 'asked'),
    /^Pod default\/asked is on node node-1\.\n\nNODE +FITS {2}WHY\nnode-1 {2}yes {3}score \d+: .*NodeResourcesFit \d+/,
  );
});
