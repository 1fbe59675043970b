import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planOf } from '../kind-config/plan.ts';
import { layoutOf } from './layout.ts';
import { localNodes, portsOf } from './local-nodes.ts';

const HEAD = 'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n';

for (const [ipFamily, address, address6] of [
  ['ipv4', '10.95.3.2', undefined],
  ['dual', '10.95.3.2', 'fd00:10:95:3::2'],
  // What is outside of the cluster is reached by IPv4 all the same.
  ['ipv6', 'fd00:10:95:3::2', 'fd00:10:95:3::2'],
] as const)
  test(`localNodes() gives nodes of a cluster of ${ipFamily} the address ${address}, and their cable both families where there are two`, () => {
    const { plan } = planOf('f', `${HEAD}networking: {ipFamily: ${ipFamily}}\n`, '/');
    const state = {
      name: 'c',
      nodeName: 'c',
      nodeIP: address,
      port: 6443,
      block: 3,
      runtime: 'containerd',
      plan,
    } as const;
    const nodes = localNodes(layoutOf('c', '/none'), state);
    assert.deepEqual(
      nodes.map((node) => [node.address, node.cable?.address, node.cable?.address6]),
      [[address, '10.95.3.2', address6]],
    );
    assert.deepEqual(
      portsOf(nodes, state).map((mapped) => [mapped.address, mapped.address6]),
      [['10.95.3.2', address6]],
    );
  });
