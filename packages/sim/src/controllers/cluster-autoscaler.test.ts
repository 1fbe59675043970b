import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, deployment, event, node, pod, podDisruptionBudget, replicaSet } from '@navarch/api';
import { noMetrics, seededRandom, silent, TaskGroup } from '@navarch/base';
import { Cache, EventRecorder } from '@navarch/client';
import {
  clusterAutoscalerController,
  type ClusterAutoscalerOptions,
  deploymentController,
  disruptionController,
  leastWasteExpander,
  mostPodsExpander,
  type NodeGroups,
  priorityExpander,
  randomExpander,
  replicaSetController,
} from '@navarch/controllers';
import { defaultProfile, runScheduler, Trial } from '@navarch/scheduler';
import { type SimNodeGroup, SimNodeGroups } from '../sim-node-groups.ts';
import { ControlPlane } from '../testing/control-plane.ts';

const ROOM = { cpu: '4', memory: '16Gi', pods: '110' };
const small: SimNodeGroup = { name: 'small', min: 0, max: 10, size: 1, room: ROOM };
const BOOT_MS = 60_000;

interface Cluster extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly groups: SimNodeGroups;
  nodes(): Promise<readonly string[]>;
  /** Pods of that app that wait. */
  pending(): Promise<number>;
  deploy(replicas: number, cpu: string, more?: object): Promise<void>;
  status(): Promise<string>;
}

/** API server, controllers, scheduler, autoscaler, and a cloud, on simulated time. */
async function start(all: readonly SimNodeGroup[], options: Partial<ClusterAutoscalerOptions> = {}): Promise<Cluster> {
  const stack = new AsyncDisposableStack();
  const stop = new AbortController();
  let cloud: SimNodeGroups | undefined;
  const groups: NodeGroups = {
    list: async () => (await cloud?.list()) ?? [],
    increase: async (name, by) => cloud?.increase(name, by),
    remove: async (name, nodes) => cloud?.remove(name, nodes),
  };
  const random = seededRandom(3);
  const autoscaler = clusterAutoscalerController({
    groups,
    begin: (nodes, pods) => new Trial(nodes, pods, { profile: defaultProfile, random }),
    ...options,
  });
  const controllers = [
    deploymentController,
    replicaSetController,
    disruptionController([deployment, replicaSet]),
    autoscaler,
  ];
  const plane = stack.use(await ControlPlane.start({ controllers }));
  await plane.withServiceAccount();
  const { api, clock } = plane;
  const tasks = new TaskGroup(stop.signal);
  stack.defer(async () => {
    stop.abort(new Error('over'));
    await tasks[Symbol.asyncDispose]();
  });
  const own = stack.use(await SimNodeGroups.start({ api, clock, bootMs: BOOT_MS, groups: all }, stop.signal));
  cloud = own;
  const cache = new Cache({ api, clock, random, log: silent });
  const recorder = new EventRecorder({ events: api.of(event), clock, random, log: silent }, 'default-scheduler');
  tasks.spawn((s) => cache.run(s));
  tasks.spawn((s) => recorder.run(s));
  tasks.spawn((s) =>
    runScheduler(
      { api, cache, clock, random, log: silent, metrics: noMetrics, recorder, profiles: [defaultProfile] },
      s,
    ),
  );
  await clock.advance(1000);
  return {
    plane,
    groups: own,
    nodes: async () => (await api.of(node).list()).items.map(({ metadata }) => metadata.name).toSorted(),
    pending: async () => (await plane.list(pod)).filter(({ spec }) => !spec.nodeName).length,
    async deploy(replicas, cpu, more = {}) {
      const metadata = { namespace: 'default', name: 'web' };
      const template = {
        metadata: { labels: { app: 'web' } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'c', image: 'i', resources: { requests: { cpu, memory: '100Mi' } } }],
          ...more,
        },
      };
      await api
        .of(deployment)
        .create({ metadata, spec: { replicas, selector: { matchLabels: { app: 'web' } }, template } });
    },
    status: async () => (await api.of(configMap).get('kube-system/cluster-autoscaler-status')).data?.['status'] ?? '',
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const resize = (of: Cluster, replicas: number) =>
  of.plane.api.of(deployment).update('default/web', (d) => ({ ...d, spec: { ...d.spec, replicas } }));

test('the autoscaler makes as many nodes as pods need, says so, and asks only once', async () => {
  await using cluster = await start([small]);
  await cluster.deploy(10, '1');
  await cluster.plane.clock.advance(40_000);
  // Four on the first node; six on two more, which are on their way.
  assert.deepEqual((await cluster.groups.list())[0]?.target, 3);
  assert.match(await cluster.status(), /scaleUp:\n {4}status: InProgress/);
  await cluster.plane.clock.advance(BOOT_MS + 30_000);
  assert.equal(await cluster.pending(), 0);
  assert.deepEqual(await cluster.nodes(), ['small-1', 'small-2', 'small-3']);
  const events = await cluster.plane.events('Pod');
  const told = events.filter((text) => text.startsWith('TriggeredScaleUp'));
  assert.deepEqual(new Set(told), new Set(['TriggeredScaleUp: pod triggered scale-up: [{small 1->3 (max: 10)}]']));
  assert.match(
    await cluster.status(),
    /- name: "small"\n.*\n.*Healthy[^-]*cloudProviderTarget: 3\n\s+minSize: 0\n\s+maxSize: 10/,
  );
});

test('the autoscaler says which pods no group has a node for, and why', async () => {
  await using cluster = await start([
    { ...small, max: 1 },
    { ...small, name: 'gpu', size: 0, room: { ...ROOM, cpu: '2' } },
  ]);
  await cluster.deploy(2, '3');
  await cluster.plane.clock.advance(60_000);
  assert.deepEqual(
    (await cluster.plane.events('Pod')).filter((text) => /ScaleUp/.test(text)),
    ["NotTriggerScaleUp: pod didn't trigger scale-up: 1 Insufficient cpu, 1 max node group size reached"],
  );
  assert.equal((await cluster.nodes()).length, 1);
});

test('the autoscaler tells of a cloud that gives nothing, and asks it again', async () => {
  await using cluster = await start([small]);
  cluster.groups.outage = 'out of capacity';
  await cluster.deploy(5, '1');
  await cluster.plane.clock.advance(30_000);
  assert.ok(
    (await cluster.plane.events('Pod')).includes(
      'FailedToScaleUpGroup: Scale-up failed for group small: out of capacity',
    ),
  );
  cluster.groups.outage = undefined;
  await cluster.plane.clock.advance(BOOT_MS + 60_000);
  assert.equal(await cluster.pending(), 0);
});

test('the autoscaler takes away nodes that nobody needs, after their time, down to the minimum', async () => {
  await using cluster = await start([{ ...small, min: 1 }]);
  await cluster.deploy(12, '1');
  await cluster.plane.clock.advance(BOOT_MS + 60_000);
  assert.equal((await cluster.nodes()).length, 3);
  await resize(cluster, 1);
  await cluster.plane.clock.advance(9 * 60_000);
  assert.equal((await cluster.nodes()).length, 3);
  assert.match(await cluster.status(), /scaleDown:\n {4}status: CandidatesPresent\n {4}candidates: 2/);
  await cluster.plane.clock.advance(5 * 60_000);
  assert.equal((await cluster.nodes()).length, 1);
  assert.equal(await cluster.pending(), 0);
  assert.ok(
    (await cluster.plane.events('Node')).some((text) => text === 'ScaleDown: node removed by cluster autoscaler'),
  );
});

const QUICK = { scaleDown: { unneededMs: 60_000, afterAddMs: 0 } };

/** Two nodes of which one would be enough: what is on them, and what of it is on each node. */
async function half(more: object, annotations: Record<string, string> = {}): Promise<Cluster> {
  const cluster = await start([{ ...small, size: 2 }], QUICK);
  const { api } = cluster.plane;
  for (const name of ['small-1', 'small-2'])
    await api.of(node).update(name, (n) => ({ ...n, metadata: { ...n.metadata, annotations } }));
  await cluster.deploy(2, '1', {
    ...more,
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: { app: 'web' } },
      },
    ],
  });
  return cluster;
}

test('the autoscaler moves pods off a node that is half empty, by eviction, before it goes', async () => {
  await using cluster = await half({});
  await cluster.plane.clock.advance(4 * 60_000);
  assert.equal((await cluster.nodes()).length, 1);
  assert.equal(await cluster.pending(), 0);
  assert.equal((await cluster.plane.list(pod)).length, 2);
  assert.ok((await cluster.plane.events('Pod')).includes('ScaleDown: deleting pod for node scale down'));
});

test('the autoscaler leaves nodes alone whose pods may not move, and those that say so', async () => {
  await using local = await half({ volumes: [{ name: 'v', emptyDir: {} }] });
  await local.plane.clock.advance(4 * 60_000);
  assert.equal((await local.nodes()).length, 2);
  await using disabled = await half({}, { 'cluster-autoscaler.kubernetes.io/scale-down-disabled': 'true' });
  await disabled.plane.clock.advance(4 * 60_000);
  assert.equal((await disabled.nodes()).length, 2);
  await using budget = await half({});
  await budget.plane.api.of(podDisruptionBudget).create({
    metadata: { namespace: 'default', name: 'web' },
    spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
  });
  await budget.plane.clock.advance(4 * 60_000);
  assert.equal((await budget.nodes()).length, 2);
});

test('the autoscaler chooses among groups by its expanders', async () => {
  const large: SimNodeGroup = { ...small, name: 'large', size: 0, room: { cpu: '16', memory: '64Gi', pods: '110' } };
  const chosen = async (expanders: ClusterAutoscalerOptions['expanders'], replicas: number): Promise<string> => {
    await using cluster = await start([{ ...small, max: 2, size: 0 }, large], expanders ? { expanders } : {});
    await cluster.deploy(replicas, '2');
    await cluster.plane.clock.advance(20_000);
    return (await cluster.groups.list())
      .filter(({ target }) => target > 0)
      .map(({ name }) => name)
      .join();
  };
  assert.equal(await chosen([leastWasteExpander], 2), 'small');
  assert.equal(await chosen([mostPodsExpander], 8), 'large');
  assert.equal(await chosen([priorityExpander({ 10: [/^l/], 5: [/./] })], 2), 'large');
  assert.match(await chosen([randomExpander], 2), /^(small|large)$/);
});
