import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node, Pod, Taint, Toleration } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { place } from '../place.ts';
import { Memory } from '../verdicts.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import { defaultProfile } from '../profile.ts';
import { nodeOf, podOf, profileOf, put, snapshotOf, verdict } from '../testing/builders.ts';
import { allocationScore, type ResourceWeight, type ScoringStrategy } from './allocation-score.ts';
import { nodeResourcesFitBy } from './node-resources-fit.ts';
import { covers } from './tolerations.ts';

const all = (spec: Partial<Pod['spec']>, ...nodes: readonly Node[]): string =>
  verdict(podOf('p', { spec }), snapshotOf(nodes));

test('nodeAffinity keeps a pod to its selector and to one of its required terms', () => {
  const [ssd, hdd] = [
    nodeOf('ssd', { labels: { disk: 'ssd', size: '10' } }),
    nodeOf('hdd', { labels: { disk: 'hdd', size: '3' } }),
  ];
  const required = (...nodeSelectorTerms: readonly object[]) =>
    ({
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
    }) as Partial<Pod['spec']>;
  const none = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.";
  const rows: readonly (readonly [Partial<Pod['spec']>, string])[] = [
    [{ nodeSelector: { disk: 'ssd' } }, 'ssd'],
    [{ nodeSelector: { disk: 'tape' } }, none],
    [required({ matchExpressions: [{ key: 'disk', operator: 'NotIn', values: ['ssd'] }] }), 'hdd'],
    [required({ matchExpressions: [{ key: 'size', operator: 'Gt', values: ['5'] }] }), 'ssd'],
    [required({ matchExpressions: [{ key: 'size', operator: 'Lt', values: ['5'] }] }), 'hdd'],
    [
      required(
        { matchExpressions: [{ key: 'gpu', operator: 'Exists' }] },
        { matchExpressions: [{ key: 'disk', operator: 'In', values: ['hdd'] }] },
      ),
      'hdd',
    ],
    [required({}), none],
    [
      { ...required({ matchExpressions: [{ key: 'disk', operator: 'Exists' }] }), nodeSelector: { disk: 'hdd' } },
      'hdd',
    ],
  ];
  for (const [spec, expected] of rows) assert.equal(all(spec, ssd, hdd), expected, JSON.stringify(spec));
});

test('nodeAffinity prefers nodes by the weights of the terms they meet', () => {
  const preferred = [
    { weight: 10, preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] } },
    { weight: 30, preference: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] } },
  ];
  const spec = {
    affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } },
  } as Partial<Pod['spec']>;
  assert.equal(
    all(spec, nodeOf('a', { labels: { disk: 'ssd' } }), nodeOf('b', { labels: { zone: 'b' } }), nodeOf('c')),
    'b',
  );
});

test('taintToleration keeps pods from hard taints and prefers nodes without soft ones', () => {
  const soft: Taint = { key: 's', effect: 'PreferNoSchedule' };
  const hard: Taint = { key: 'h', value: 'v', effect: 'NoExecute' };
  assert.equal(all({}, nodeOf('soft', { spec: { taints: [soft] } }), nodeOf('clean')), 'clean');
  assert.equal(
    all({}, nodeOf('soft', { spec: { taints: [soft] } }), nodeOf('hard', { spec: { taints: [hard] } })),
    'soft',
  );
  assert.equal(
    all({ tolerations: [{ key: 'h', operator: 'Equal', value: 'v' }] }, nodeOf('hard', { spec: { taints: [hard] } })),
    'hard',
  );
});

test('covers() compares keys, values, effects, and numbers', () => {
  const taint: Taint = { key: 'k', value: '5', effect: 'NoSchedule' };
  const rows: readonly (readonly [Toleration, boolean])[] = [
    [{ operator: 'Exists' }, true],
    [{ key: 'k', operator: 'Exists' }, true],
    [{ key: 'other', operator: 'Exists' }, false],
    [{ key: 'k', value: '5' }, true],
    [{ key: 'k', value: '6' }, false],
    [{ value: '5' }, false],
    [{ key: 'k', operator: 'Exists', effect: 'NoExecute' }, false],
    [{ key: 'k', operator: 'Exists', effect: 'NoSchedule' }, true],
    [{ key: 'k', operator: 'Gt', value: '4' }, true],
    [{ key: 'k', operator: 'Gt', value: '5' }, false],
    [{ key: 'k', operator: 'Lt', value: '6' }, true],
    [{ key: 'k', operator: 'Lt', value: 'x' }, false],
  ];
  for (const [toleration, expected] of rows)
    assert.equal(covers(toleration, taint), expected, JSON.stringify(toleration));
});

test('nodePorts gives a host port once per node, protocol and address', () => {
  const port = (hostPort: number, hostIP?: string, protocol?: string): Partial<Pod['spec']> =>
    ({
      containers: [
        {
          name: 'c',
          ports: [{ containerPort: 80, hostPort, ...(hostIP ? { hostIP } : {}), ...(protocol ? { protocol } : {}) }],
        },
      ],
    }) as unknown as Partial<Pod['spec']>;
  const snapshot = snapshotOf([nodeOf('a')], { a: [podOf('first', { spec: port(80, '127.0.0.1') })] });
  const none = "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.";
  assert.equal(verdict(podOf('p', { spec: port(80, '10.0.0.1') }), snapshot), 'a');
  assert.equal(verdict(podOf('p', { spec: port(80) }), snapshot), none);
  assert.equal(verdict(podOf('p', { spec: port(80, '127.0.0.1') }), snapshot), none);
  assert.equal(verdict(podOf('p', { spec: port(80, '127.0.0.1', 'UDP') }), snapshot), 'a');
});

test('nodeResourcesFit counts every resource, overhead, and init containers by their peak', () => {
  const container = (requests: object, more: object = {}) => ({
    name: 'c',
    image: 'i',
    resources: { requests },
    ...more,
  });
  const rows: readonly (readonly [object, string])[] = [
    [{ containers: [container({ cpu: '4' })] }, 'a'],
    [
      { containers: [container({ cpu: '4001m', memory: '9Gi' })] },
      '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.',
    ],
    [{ containers: [container({ cpu: '3' })], overhead: { cpu: '2' } }, '0/1 nodes are available: 1 Insufficient cpu.'],
    [{ containers: [container({ cpu: '3' })], initContainers: [container({ cpu: '4' })] }, 'a'],
    [
      { containers: [container({ cpu: '3' })], initContainers: [container({ cpu: '2' }, { restartPolicy: 'Always' })] },
      '0/1 nodes are available: 1 Insufficient cpu.',
    ],
    [{ containers: [container({ 'example.com/gpu': '2' })] }, 'a'],
    [
      { containers: [container({ 'example.com/gpu': '3' })] },
      '0/1 nodes are available: 1 Insufficient example.com/gpu.',
    ],
    [
      { containers: [container({ 'example.com/other': '1' })] },
      '0/1 nodes are available: 1 Insufficient example.com/other.',
    ],
    [{ containers: [container({ 'example.com/other': '0' })] }, 'a'],
  ];
  const node = nodeOf('a', { allocatable: { 'example.com/gpu': '2' } });
  for (const [spec, expected] of rows)
    assert.equal(all(spec as Partial<Pod['spec']>, node), expected, JSON.stringify(spec));
  assert.equal(
    verdict(podOf('p'), snapshotOf([nodeOf('a', { allocatable: { pods: '0' } })])),
    '0/1 nodes are available: 1 Too many pods.',
  );
});

test('nodeResourcesFit calls a misfit resolvable only where an empty node would do', () => {
  const snapshot = snapshotOf([nodeOf('full'), nodeOf('small', { allocatable: { cpu: '1' } })], {
    full: [podOf('x', { cpu: '3' })],
  });
  const placement = put(podOf('p', { cpu: '2' }), snapshot);
  assert.ok(placement.node === undefined);
  assert.deepEqual(
    placement.resolvable.map(({ name }) => name),
    ['full'],
  );
});

test('nodeResourcesFit takes the emptier of two nodes, and balance the evener', () => {
  assert.equal(verdict(podOf('p'), snapshotOf([nodeOf('a'), nodeOf('b')], { a: [podOf('x', { cpu: '2' })] })), 'b');
});

test('imageLocality prefers the node that has the image, if it is not on one node of very many', () => {
  const images = [{ names: ['registry/i:latest'], sizeBytes: 900 * 1024 * 1024 }];
  const spec = { containers: [{ name: 'c', image: 'registry/i' }] } as unknown as Partial<Pod['spec']>;
  assert.equal(all(spec, nodeOf('a'), nodeOf('b', { images }), nodeOf('c')), 'b');
});

test('nodeResourcesFitBy() prefers the empty, the full, or whatever the shape says', () => {
  const resources = [{ name: 'cpu', weight: 1 }];
  const placed = { half: [podOf('x', { cpu: '2' })], full: [podOf('y', { cpu: '3500m' })] };
  const nodes = [nodeOf('empty'), nodeOf('half'), nodeOf('full')];
  const rows: readonly (readonly [ScoringStrategy, string])[] = [
    [{ type: 'LeastAllocated', resources }, 'empty'],
    [{ type: 'MostAllocated', resources }, 'full'],
    [
      {
        type: 'RequestedToCapacityRatio',
        resources,
        requestedToCapacityRatio: {
          shape: [
            { utilization: 0, score: 0 },
            { utilization: 100, score: 10 },
          ],
        },
      },
      'full',
    ],
    [
      {
        type: 'RequestedToCapacityRatio',
        resources,
        requestedToCapacityRatio: {
          shape: [
            { utilization: 0, score: 10 },
            { utilization: 100, score: 0 },
          ],
        },
      },
      'empty',
    ],
    [
      {
        type: 'RequestedToCapacityRatio',
        resources,
        requestedToCapacityRatio: {
          shape: [
            { utilization: 0, score: 0 },
            { utilization: 50, score: 10 },
            { utilization: 100, score: 0 },
          ],
        },
      },
      'half',
    ],
  ];
  for (const [strategy, expected] of rows)
    assert.equal(
      put(podOf('p'), snapshotOf(nodes, placed), profileOf(nodeResourcesFitBy({ scoringStrategy: strategy }))).node,
      expected,
      JSON.stringify(strategy),
    );
});

test('allocationScore() weighs resources, and leaves out what node or pod do not have', () => {
  const info = snapshotOf([nodeOf('a', { allocatable: { memory: '1000Mi', 'example.com/gpu': '4' } })]).node(
    'a',
  ) as NodeInfo;
  const score = (resources: readonly ResourceWeight[], requests: Readonly<Record<string, string>>): number => {
    const pod = podOf('p', {
      spec: { containers: [{ name: 'c', resources: { requests } }] } as unknown as Partial<Pod['spec']>,
    });
    return allocationScore({ type: 'LeastAllocated', resources }, info, { template: snapshotOf([]).templateOf(pod) });
  };
  assert.equal(score([{ name: 'cpu', weight: 1 }], { cpu: '1' }), 75);
  assert.equal(
    score(
      [
        { name: 'cpu', weight: 1 },
        { name: 'memory', weight: 3 },
      ],
      { cpu: '1', memory: '500Mi' },
    ),
    56,
  );
  assert.equal(score([{ name: 'example.com/gpu', weight: 1 }], { 'example.com/gpu': '1' }), 75);
  assert.equal(
    score(
      [
        { name: 'cpu', weight: 1 },
        { name: 'example.com/gpu', weight: 1 },
      ],
      { cpu: '1' },
    ),
    75,
  );
  assert.equal(score([{ name: 'example.com/none', weight: 1 }], { 'example.com/none': '1' }), 0);
});

test('nodeResourcesFit is woken by a pod that has gone where there may be room now, and not elsewhere', () => {
  const { wakes } = defaultProfile.plugins.find(({ plugin }) => plugin.name === 'NodeResourcesFit')?.plugin ?? {};
  const [keeps, lesser] = [podOf('keeps', { cpu: '3', spec: { priority: 9 } }), podOf('lesser', { cpu: '3' })];
  const at = (name: string) => podOf('gone', { spec: { nodeName: name } });
  const wants = (cpu: string) => podOf('wants', { cpu, spec: { priority: 5 } });
  const snapshot = snapshotOf(
    ['kept', 'evictable', 'promised'].map((name) => nodeOf(name)),
    {
      kept: [keeps],
      evictable: [lesser],
    },
  );
  snapshot.nominate(podOf('other', { cpu: '3', spec: { priority: 7 } }), 'promised');
  const rows: readonly (readonly [string, Pod, boolean, promised?: string])[] = [
    ['kept', wants('1'), true],
    ['kept', wants('2'), false],
    ['evictable', wants('2'), true],
    // As it was tried, before it was promised anything.
    ['evictable', wants('2'), false, 'kept'],
    ['kept', wants('2'), true, 'kept'],
    ['promised', wants('2'), false],
    ['promised', wants('1'), true],
    ['unknown', wants('1'), false],
  ];
  for (const [node, pod, isWoken, promised] of rows) {
    if (promised) snapshot.nominate(pod, promised);
    assert.equal(
      wakes?.(pod, { type: 'pod-removed', pod: at(node) }, snapshot),
      isWoken,
      `${node} ${JSON.stringify(pod.spec)}`,
    );
    snapshot.unnominate('default/wants');
  }
});

test('nodeDeclaredFeatures keeps pods from nodes that do not say that they have what it takes', () => {
  const node = (name: string, ...declaredFeatures: readonly string[]): Node => {
    const plain = nodeOf(name);
    return { ...plain, status: { ...plain.status, declaredFeatures } };
  };
  const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } }];
  const restarting = (action: string): Partial<Pod['spec']> => ({
    containers: [{ name: 'c', restartPolicyRules: rules.map((rule) => ({ ...rule, action })) }] as never,
  });
  const RESTARTS = 'RestartAllContainersOnContainerExits';
  assert.equal(all(restarting('RestartAllContainers'), node('a', 'Other'), node('b', 'Other', RESTARTS)), 'b');
  assert.equal(all(restarting('Restart'), node('a')), 'a');
  const [snapshot, memory] = [snapshotOf([node('a')]), new Memory()];
  const found = ['Restart', 'RestartAllContainers'].map((action) =>
    place(podOf(action, { spec: restarting(action) }), snapshot, defaultProfile, { random: seededRandom(1), memory }),
  );
  assert.deepEqual(
    found.map((placement) => placement.node),
    ['a', undefined],
    'what is remembered of the one says nothing of the other',
  );
  assert.equal(
    all({ ...restarting('RestartAllContainers'), hostNetwork: true, hostUsers: false }, node('a'), node('b', RESTARTS)),
    '0/2 nodes are available: 1 node declared features check failed - unsatisfied requirements: RestartAllContainersOnContainerExits, UserNamespacesHostNetworkSupport, 1 node declared features check failed - unsatisfied requirements: UserNamespacesHostNetworkSupport.',
  );
});
