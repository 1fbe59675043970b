import assert from 'node:assert/strict';
import { deployment, isActive, node, pod, podDisruptionBudget, replicaSet } from '@navarch/api';
import {
  deploymentController,
  deschedulerController,
  disruptionController,
  readPolicy,
  replicaSetController,
} from '@navarch/controllers';
import type { ObjectOf } from '@navarch/machinery';
import { activePods, named, names, readyPods, web } from '../drafts.ts';
import { defineProperty, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

type Policy = Parameters<typeof deschedulerController>[0]['policy'];

const policy = (strategies: Readonly<Record<string, object>>, more: object = {}): Policy => {
  const names = Object.keys(strategies);
  const balancing = [
    'RemoveDuplicates',
    'LowNodeUtilization',
    'HighNodeUtilization',
    'RemovePodsViolatingTopologySpreadConstraint',
  ];
  return readPolicy({
    apiVersion: 'descheduler/v1alpha2',
    kind: 'DeschedulerPolicy',
    ...more,
    profiles: [
      {
        name: 'default',
        pluginConfig: names.map((name) => ({ name, args: strategies[name] })),
        plugins: {
          deschedule: { enabled: names.filter((name) => name !== 'DefaultEvictor' && !balancing.includes(name)) },
          balance: { enabled: names.filter((name) => balancing.includes(name)) },
        },
      },
    ],
  });
};

const controllers = (of: Policy) => () => [
  deploymentController,
  replicaSetController,
  disruptionController([deployment, replicaSet]),
  deschedulerController({ policy: of, intervalMs: 30_000 }),
];

async function addNode(world: World, name: string): Promise<void> {
  await world.create(node, { metadata: { name, labels: { 'kubernetes.io/hostname': name } } });
  await world.change(node, name, (n) => ({ ...n, spec: { ...n.spec, taints: [] } }));
  const room = { cpu: '4', memory: '8Gi', pods: '20' };
  await world.setStatus(node, name, (n) => ({
    ...n,
    status: { ...n.status, capacity: room, allocatable: room, conditions: [{ type: 'Ready', status: 'True' }] },
  }));
}

const on = (view: View, name: string): number => activePods(view).filter(({ spec }) => spec.nodeName === name).length;

const healthy = (least: number): Property =>
  defineProperty({
    name: `the descheduler leaves ${least} healthy pods`,
    of: [pod, podDisruptionBudget],
    begin() {
      let wasCounted = false;
      return (view) => {
        const budget = view.get(podDisruptionBudget, 'default/web') as ObjectOf<typeof podDisruptionBudget> | undefined;
        wasCounted ||= (budget?.status?.currentHealthy ?? 0) >= least;
        const { length } = readyPods(view);
        return wasCounted && length < least ? `${length} are left` : undefined;
      };
    },
  });

const TAINT = { key: 'old', effect: 'NoSchedule' } as const;
const NODES = { nodes: ['n1', 'n2'] };
const offTaintedNodes = () => controllers(policy({ RemovePodsViolatingNodeTaints: {} }))();

async function begin(world: World, minAvailable: number): Promise<void> {
  for (const name of ['n1', 'n2']) await addNode(world, name);
  await world.create(podDisruptionBudget, {
    metadata: named('web'),
    spec: { minAvailable, selector: { matchLabels: { app: 'web' } } },
  });
  await world.create(deployment, web(4));
  await world.until('four ready pods', (view) => readyPods(view).length === 4);
  await world.change(node, 'n1', (n) => ({ ...n, spec: { ...n.spec, taints: [TAINT] } }));
}

export const deschedulerScenarios: readonly Scenario[] = [
  defineScenario({
    name: 'descheduler/node-taints',
    says: 'Pods leave a node for a taint that they do not tolerate, no faster than their budget lets them.',
    controllers: offTaintedNodes,
    pods: NODES,
    always: [healthy(3)],
    act: (world) => begin(world, 3),
    end(view) {
      assert.equal(readyPods(view).length, 4);
      assert.equal(on(view, 'n1'), 0);
    },
  }),
  defineScenario({
    name: 'descheduler/budget',
    says: 'What a budget does not let go stays where it is.',
    controllers: offTaintedNodes,
    pods: NODES,
    always: [healthy(4)],
    async act(world) {
      await begin(world, 4);
      const before = activePods(world.view).map(({ metadata }) => metadata.uid);
      await world.pass('3m');
      assert.deepEqual(new Set(activePods(world.view).map(({ metadata }) => metadata.uid)), new Set(before));
    },
    end: (view) => assert.equal(activePods(view).length, 4),
  }),
  defineScenario({
    name: 'descheduler/failed-pods',
    says: 'Pods of nobody that have failed are taken away where the policy says so, others stay.',
    controllers: () => [
      deschedulerController({
        policy: policy({ RemoveFailedPods: {}, DefaultEvictor: { evictFailedBarePods: true } }),
        intervalMs: 30_000,
      }),
    ],
    pods: {
      ...NODES,
      ends: ({ metadata }) => (metadata.name.startsWith('fails') ? { afterMs: 5_000, exitCode: 1 } : undefined),
    },
    async act(world) {
      for (const name of ['n1', 'n2']) await addNode(world, name);
      for (const name of ['fails-1', 'fails-2', 'stays'])
        await world.create(pod, {
          metadata: named(name),
          spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'v1' }] },
        });
    },
    end: (view) =>
      assert.deepEqual(names(view.list(pod).filter(isActive)).concat(names(view.list(pod))), ['stays', 'stays']),
  }),
];
