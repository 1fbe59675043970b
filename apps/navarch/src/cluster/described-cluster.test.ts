import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planOf } from '../kind-config/plan.ts';
import { describedState } from './described-cluster.ts';
import { layoutOf } from './layout.ts';

const HEAD = 'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n';

for (const [ipFamily, nodeIP, pool] of [
  ['ipv4', '10.95.0.2', '10.95.0.128-10.95.0.254'],
  ['ipv6', 'fd00:10:95:0::2', 'fd00:10:95:0::80-fd00:10:95:0::fe'],
  ['dual', '10.95.0.2', '10.95.0.128-10.95.0.254,fd00:10:95:0::80-fd00:10:95:0::fe'],
] as const)
  test(`describedState() gives nodes and balancers of a cluster of ${ipFamily} addresses of its families`, async () => {
    const { plan } = planOf('f', `${HEAD}networking: {ipFamily: ${ipFamily}}\n`, '/');
    const wanted = { plan, runtime: 'sim', known: undefined, port: 6443, loadBalancerPool: undefined } as const;
    const state = await describedState(layoutOf('c', '/none'), wanted, new AbortController().signal);
    assert.deepEqual([state.nodeIP, state.loadBalancerPool], [nodeIP, pool]);
  });
