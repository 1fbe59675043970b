import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node, Pod } from '@navarch/api';
import { ClusterView } from './cluster-view.ts';
import { defaultEvictor } from './default-evictor.ts';
import { readPolicy } from './policy.ts';
import type { Verdict } from './strategy.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');

const nodeOf = (name: string, labels: Record<string, string> = {}, spec: object = {}): Node =>
  ({
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec,
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '10' } },
  }) as unknown as Node;

interface PodOf {
  readonly on: string;
  readonly cpu?: string;
  readonly owner?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly spec?: object;
  readonly status?: object;
  readonly bornHoursAgo?: number;
}

const podOf = (
  name: string,
  { on, cpu = '0', owner = 'ReplicaSet/web', labels = {}, annotations, spec, status, bornHoursAgo = 1 }: PodOf,
): Pod => {
  const [kind = '', ownerName = ''] = owner.split('/');
  return {
    metadata: {
      name,
      namespace: 'default',
      uid: name,
      labels,
      ...(annotations ? { annotations } : {}),
      creationTimestamp: new Date(NOW - bornHoursAgo * 3_600_000).toISOString(),
      ...(owner ? { ownerReferences: [{ kind, name: ownerName, uid: owner, controller: true }] } : {}),
    },
    spec: { nodeName: on, containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }], ...spec },
    status: { phase: 'Running', ...status },
  } as unknown as Pod;
};

interface Case {
  readonly strategy: string;
  readonly args?: object;
  readonly evictor?: object;
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly verdict?: (pod: Pod) => Verdict;
}

/** The names of those that are evicted, in order. */
async function evicted({
  strategy,
  args = {},
  evictor = {},
  nodes,
  pods,
  verdict = () => 'evicted',
}: Case): Promise<readonly string[]> {
  const BALANCING = /^RemoveDuplicates$|Utilization$|SpreadConstraint$/;
  const { profiles } = readPolicy({
    apiVersion: 'descheduler/v1alpha2',
    kind: 'DeschedulerPolicy',
    profiles: [
      {
        name: 'p',
        pluginConfig: [
          { name: strategy, args },
          { name: 'DefaultEvictor', args: evictor },
        ],
        plugins: { [BALANCING.test(strategy) ? 'balance' : 'deschedule']: { enabled: [strategy] } },
      },
    ],
  });
  const [profile] = profiles;
  assert.ok(profile);
  const view = new ClusterView(nodes, pods, NOW);
  const gone: string[] = [];
  await profile.strategies[0]?.run({
    view,
    isEvictable: defaultEvictor(profile.evictor, { view, budgets: [], priorityOf: () => undefined }),
    async evict(pod) {
      const said = verdict(pod);
      if (said === 'evicted') {
        gone.push(pod.metadata.name);
        view.without(pod);
      }
      return said;
    },
  });
  return gone;
}

const three = ['a', 'b', 'c'].map((name) => nodeOf(name));
const many = (count: number, of: PodOf, prefix = of.on): readonly Pod[] =>
  Array.from({ length: count }, (_, i) => podOf(`${prefix}${i}`, of));

test('RemoveDuplicates leaves an even share of one owner on each node, and what nobody else would take', async () => {
  const check = (nodes: readonly Node[], pods: readonly Pod[]) =>
    evicted({ strategy: 'RemoveDuplicates', nodes, pods });
  assert.deepEqual(await check(three, many(6, { on: 'a' })), ['a2', 'a3', 'a4', 'a5']);
  assert.deepEqual(await check(three, [...many(2, { on: 'a' }), ...many(2, { on: 'b' }), ...many(2, { on: 'c' })]), []);
  const tainted = ['b', 'c'].map((name) => nodeOf(name, {}, { taints: [{ key: 't', effect: 'NoSchedule' }] }));
  assert.deepEqual(await check([three[0] as Node, ...tainted], many(6, { on: 'a' })), []);
  assert.deepEqual(
    await check(three, [
      podOf('one', { on: 'a', owner: 'ReplicaSet/x' }),
      podOf('other', { on: 'a', owner: 'ReplicaSet/y' }),
    ]),
    [],
  );
});

test('LowNodeUtilization takes from nodes above the target until they are not, as long as others have room', async () => {
  const args = { thresholds: { cpu: 20, pods: 20 }, targetThresholds: { cpu: 50, pods: 50 } };
  const check = (pods: readonly Pod[], more = {}) =>
    evicted({ strategy: 'LowNodeUtilization', args: { ...args, ...more }, nodes: three, pods });
  // 7 of 10 pods: two have to go.
  assert.equal((await check(many(7, { on: 'a' }))).length, 2);
  assert.equal((await check(many(7, { on: 'a' }), { evictionLimits: { node: 1 } })).length, 1);
  assert.deepEqual(await check(many(7, { on: 'a' }), { numberOfNodes: 2 }), []);
  assert.deepEqual(await check(many(7, { on: 'a' }), { evictableNamespaces: { exclude: ['default'] } }), []);
  assert.deepEqual(await check(many(5, { on: 'a' })), []);
  const important = podOf('important', { on: 'a', cpu: '1', spec: { priority: 100 } });
  const pods = [important, ...many(2, { on: 'a', cpu: '1' })];
  assert.deepEqual(await check(pods), ['a1']);
  const relative = { useDeviationThresholds: true, thresholds: { pods: 10 }, targetThresholds: { pods: 10 } };
  const uneven = [...many(6, { on: 'a' }), ...many(3, { on: 'b' })];
  assert.equal((await check(uneven, relative)).length, 2);
});

test('HighNodeUtilization empties nodes below the thresholds into the others', async () => {
  const args = { thresholds: { cpu: 50 } };
  const check = (pods: readonly Pod[]) => evicted({ strategy: 'HighNodeUtilization', args, nodes: three, pods });
  const busy = podOf('busy', { on: 'b', cpu: '3' });
  assert.deepEqual(await check([podOf('small', { on: 'a', cpu: '500m' }), busy]), ['small']);
  assert.deepEqual(await check([podOf('small', { on: 'a', cpu: '500m' })]), []);
  assert.equal((await check([...many(4, { on: 'a', cpu: '400m' }), busy])).length, 3);
});

const affinity = (terms: object, key = 'requiredDuringSchedulingIgnoredDuringExecution'): object => ({
  affinity: { nodeAffinity: { [key]: terms } },
});
const DISK = { matchExpressions: [{ key: 'disk', operator: 'In', values: ['fast'] }] };

test('RemovePodsViolatingNodeAffinity takes what its node no longer suits, if another does', async () => {
  const check = (type: string, nodes: readonly Node[], spec: object) =>
    evicted({
      strategy: 'RemovePodsViolatingNodeAffinity',
      args: { nodeAffinityType: [type] },
      nodes,
      pods: [podOf('p', { on: 'a', spec })],
    });
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  const must = affinity({ nodeSelectorTerms: [DISK] });
  const may = affinity([{ weight: 5, preference: DISK }], preferred);
  const fastB = [nodeOf('a'), nodeOf('b', { disk: 'fast' })];
  assert.deepEqual(await check(required, fastB, must), ['p']);
  assert.deepEqual(await check(required, three, must), []);
  assert.deepEqual(await check(required, [nodeOf('a', { disk: 'fast' }), nodeOf('b', { disk: 'fast' })], must), []);
  assert.deepEqual(await check(preferred, fastB, may), ['p']);
  assert.deepEqual(await check(preferred, three, may), []);
});

test('RemovePodsViolatingNodeTaints takes what does not tolerate a taint that counts', async () => {
  const taint = (effect: string): Node => nodeOf('a', {}, { taints: [{ key: 'k', value: 'v', effect }] });
  const check = (effect: string, args = {}, spec = {}) =>
    evicted({
      strategy: 'RemovePodsViolatingNodeTaints',
      args,
      nodes: [taint(effect), nodeOf('b')],
      pods: [podOf('p', { on: 'a', spec })],
    });
  assert.deepEqual(await check('NoSchedule'), ['p']);
  assert.deepEqual(await check('NoSchedule', { excludedTaints: ['k=v'] }), []);
  assert.deepEqual(await check('NoSchedule', { includedTaints: ['other'] }), []);
  assert.deepEqual(await check('PreferNoSchedule'), []);
  assert.deepEqual(await check('PreferNoSchedule', { includePreferNoSchedule: true }), ['p']);
  assert.deepEqual(await check('NoSchedule', {}, { tolerations: [{ key: 'k', operator: 'Exists' }] }), []);
});

test('RemovePodsViolatingInterPodAntiAffinity takes the least missed until the others agree', async () => {
  const spec = {
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'x' } } },
        ],
      },
    },
  };
  const labels = { app: 'x' };
  const check = (pods: readonly Pod[]) =>
    evicted({ strategy: 'RemovePodsViolatingInterPodAntiAffinity', nodes: three, pods });
  const pods = ['p', 'q', 'r'].map((name, i) => podOf(name, { on: 'a', labels, spec: { ...spec, priority: i } }));
  assert.deepEqual(await check(pods), ['p', 'q']);
  assert.deepEqual(await check([podOf('p', { on: 'a', labels, spec }), podOf('q', { on: 'b', labels, spec })]), []);
});

test('RemovePodsViolatingTopologySpreadConstraint takes from the fullest domain until the skew is allowed', async () => {
  const labels = { app: 'x' };
  const spec = (whenUnsatisfiable: string): object => ({
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable, labelSelector: { matchLabels: labels } },
    ],
  });
  const nodes = [nodeOf('a', { zone: '1' }), nodeOf('b', { zone: '2' }), nodeOf('c', { zone: '2' })];
  const check = (kind: string, args = {}, at = nodes) =>
    evicted({
      strategy: 'RemovePodsViolatingTopologySpreadConstraint',
      args,
      nodes: at,
      pods: [...many(5, { on: 'a', labels, spec: spec(kind) }), ...many(1, { on: 'b', labels, spec: spec(kind) })],
    });
  assert.equal((await check('DoNotSchedule')).length, 2);
  assert.deepEqual(await check('ScheduleAnyway'), []);
  assert.equal((await check('ScheduleAnyway', { constraints: ['ScheduleAnyway'] })).length, 2);
  assert.deepEqual(await check('DoNotSchedule', { labelSelector: { matchLabels: { app: 'y' } } }), []);
  const cordoned = [
    nodes[0] as Node,
    ...['b', 'c'].map((name) => nodeOf(name, { zone: '2' }, { unschedulable: true })),
  ];
  assert.deepEqual(await check('DoNotSchedule', {}, cordoned), []);
  assert.equal((await check('DoNotSchedule', { topologyBalanceNodeFit: false }, cordoned)).length, 2);
});

test('RemovePodsHavingTooManyRestarts, PodLifeTime and RemoveFailedPods take by restarts, age and failure', async () => {
  const restarts = (count: number, reason = 'CrashLoopBackOff'): object => ({
    containerStatuses: [{ restartCount: count, state: { waiting: { reason } } }],
  });
  const pods = [
    podOf('often', { on: 'a', status: restarts(7), bornHoursAgo: 5 }),
    podOf('seldom', { on: 'a', status: restarts(2), bornHoursAgo: 9 }),
    podOf('failed', { on: 'b', status: { phase: 'Failed', reason: 'NodeAffinity' }, bornHoursAgo: 1 }),
  ];
  const check = (strategy: string, args: object) => evicted({ strategy, args, nodes: three, pods });
  assert.deepEqual(await check('RemovePodsHavingTooManyRestarts', { podRestartThreshold: 7 }), ['often']);
  assert.deepEqual(await check('RemovePodsHavingTooManyRestarts', { podRestartThreshold: 2, states: ['Running'] }), [
    'seldom',
    'often',
  ]);
  assert.deepEqual(await check('RemovePodsHavingTooManyRestarts', { podRestartThreshold: 2, states: ['Error'] }), []);
  assert.deepEqual(await check('PodLifeTime', { maxPodLifeTimeSeconds: 4 * 3600 }), ['seldom', 'often']);
  assert.deepEqual(await check('PodLifeTime', { maxPodLifeTimeSeconds: 0, states: ['Failed'] }), ['failed']);
  assert.deepEqual(await check('RemoveFailedPods', {}), ['failed']);
  assert.deepEqual(await check('RemoveFailedPods', { reasons: ['OutOfcpu'] }), []);
  assert.deepEqual(await check('RemoveFailedPods', { minPodLifetimeSeconds: 7200 }), []);
  assert.deepEqual(await check('RemoveFailedPods', { excludeOwnerKinds: ['ReplicaSet'] }), []);
});

test('defaultEvictor() protects what nobody would make anew, what is critical, and what the policy does not name', async () => {
  const check = (pod: PodOf, evictor: object = {}) =>
    evicted({
      strategy: 'PodLifeTime',
      args: { maxPodLifeTimeSeconds: 0 },
      evictor,
      nodes: three,
      pods: [podOf('p', pod)],
    }).then(({ length }) => length === 1);
  assert.equal(await check({ on: 'a' }), true);
  assert.equal(await check({ on: 'a', owner: '' }), false);
  assert.equal(
    await check({ on: 'a', owner: '', annotations: { 'descheduler.alpha.kubernetes.io/evict': 'true' } }),
    true,
  );
  assert.equal(await check({ on: 'a', owner: 'DaemonSet/d' }), false);
  assert.equal(await check({ on: 'a', owner: 'DaemonSet/d' }, { evictDaemonSetPods: true }), true);
  assert.equal(await check({ on: 'a', spec: { priority: 2_000_000_000 } }), false);
  assert.equal(await check({ on: 'a', spec: { priority: 2_000_000_000 } }, { evictSystemCriticalPods: true }), true);
  assert.equal(await check({ on: 'a', spec: { priority: 10 } }, { priorityThreshold: { value: 10 } }), false);
  assert.equal(await check({ on: 'a' }, { priorityThreshold: { name: 'absent' } }), false);
  assert.equal(await check({ on: 'a', spec: { volumes: [{ name: 'v', emptyDir: {} }] } }), false);
  assert.equal(
    await check({ on: 'a', spec: { volumes: [{ name: 'v', emptyDir: {} }] } }, { evictLocalStoragePods: true }),
    true,
  );
  assert.equal(await check({ on: 'a' }, { minReplicas: 2 }), false);
  assert.equal(await check({ on: 'a' }, { minPodAge: '2h' }), false);
  assert.equal(await check({ on: 'a' }, { ignorePodsWithoutPDB: true }), false);
  assert.equal(await check({ on: 'a' }, { labelSelector: { matchLabels: { a: 'b' } } }), false);
  assert.equal(await check({ on: 'a', annotations: { 'kubernetes.io/config.mirror': 'x' } }), false);
  assert.equal(await check({ on: 'a', cpu: '5' }, { nodeFit: true }), false);
});

test('a strategy leaves a node that gives no more, and ends when nobody does', async () => {
  const check = (verdict: (pod: Pod) => Verdict) =>
    evicted({
      strategy: 'PodLifeTime',
      args: { maxPodLifeTimeSeconds: 0 },
      nodes: three,
      pods: [...many(3, { on: 'a' }), ...many(2, { on: 'b' })],
      verdict,
    });
  assert.deepEqual(await check(({ spec }) => (spec.nodeName === 'a' ? 'full' : 'evicted')), ['b0', 'b1']);
  assert.deepEqual(await check(() => 'over'), []);
});
