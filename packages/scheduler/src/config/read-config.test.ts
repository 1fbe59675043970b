import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Profile } from '../plugin.ts';
import { defaultProfile } from '../profile.ts';
import { ConfigError } from './decode-config.ts';
import { readSchedulerConfig } from './read-config.ts';

const HEAD = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
const read = (config: object) => readSchedulerConfig({ ...HEAD, ...config });
const profile = (more: object) => ({ profiles: [more] });
const on = (...names: readonly (string | readonly [string, number])[]) => ({
  enabled: names.map((name) => (typeof name === 'string' ? { name } : { name: name[0], weight: name[1] })),
});
const off = (...names: readonly string[]) => ({ disabled: names.map((name) => ({ name })) });
const args = (name: string, given: object) => profile({ pluginConfig: [{ name, args: given }] });

/** `Name=weight:hooks` of every plugin of the first profile. */
function plugins(config: object): readonly string[] {
  const hooks = ['gate', 'refuse', 'narrow', 'filter', 'preemption', 'score', 'errand'] as const;
  return (read(config).profiles[0]?.plugins ?? []).map(
    ({ plugin, weight }) => `${plugin.name}=${weight}:${hooks.filter((hook) => plugin[hook]).join(',')}`,
  );
}

function refusal(config: object, whole: object = { ...HEAD, ...config }): string {
  try {
    readSchedulerConfig(whole);
    return 'accepted';
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

test('readSchedulerConfig() makes the default profile of a file that says nothing', () => {
  const { profiles, backOff, extenders } = read({});
  const shown = ({ schedulerName, plugins: all }: Profile) => [
    schedulerName,
    ...all.map(({ plugin, weight }) => `${plugin.name}=${weight}`),
  ];
  assert.deepEqual(profiles.map(shown), [
    [
      'default-scheduler',
      'NodeUnschedulable=0',
      'NodeName=0',
      'TaintToleration=3',
      'NodeAffinity=2',
      'NodePorts=0',
      'NodeResourcesFit=1',
      'VolumeRestrictions=0',
      'NodeVolumeLimits=0',
      'VolumeBinding=1',
      'VolumeZone=0',
      'PodTopologySpread=2',
      'InterPodAffinity=2',
      'DynamicResources=2',
      'NodeDeclaredFeatures=0',
      'DefaultPreemption=0',
      'NodeResourcesBalancedAllocation=1',
      'ImageLocality=1',
      'SchedulingGates=0',
    ],
  ]);
  assert.deepEqual(profiles.map(shown), [shown(defaultProfile)]);
  assert.deepEqual(backOff, { initialMs: 1000, maxMs: 10_000 });
  assert.deepEqual(extenders, []);
});

test('readSchedulerConfig() merges plugins as upstream: what is off, what is named again, what comes in which order', () => {
  const rows: readonly (readonly [what: string, config: object, check: (found: readonly string[]) => boolean])[] = [
    ['score off at the point', { score: off('NodeResourcesFit') }, (p) => p.includes('NodeResourcesFit=0:filter')],
    ['all scores off', { score: off('*') }, (p) => p.every((one) => !one.includes('score'))],
    ['off everywhere', { multiPoint: off('ImageLocality') }, (p) => !p.some((one) => one.startsWith('ImageLocality'))],
    ['weight everywhere', { multiPoint: on(['ImageLocality', 7]) }, (p) => p.includes('ImageLocality=7:score')],
    ['weight at the point', { score: on(['ImageLocality', 9]) }, (p) => p.includes('ImageLocality=9:score')],
    [
      'weight at the point before that of all points',
      { score: on(['ImageLocality', 9]), multiPoint: on(['ImageLocality', 7]) },
      (p) => p.includes('ImageLocality=9:score'),
    ],
    ['a weight of 0 is 1', { score: on(['TaintToleration', 0]) }, (p) => p.includes('TaintToleration=1:filter,score')],
    ['no preemption', { postFilter: off('DefaultPreemption') }, (p) => !p.some((one) => one.includes('preemption'))],
    ['no gates', { preEnqueue: off('*') }, (p) => !p.some((one) => one.includes('gate'))],
    ['no refusal', { preFilter: off('VolumeBinding') }, (p) => p.includes('VolumeBinding=1:filter,score,errand')],
    [
      'only those of the list',
      { multiPoint: { ...off('*'), ...on('PrioritySort', 'DefaultBinder', 'NodeName') } },
      (p) => p.join() === 'NodeName=0:filter',
    ],
    [
      'a point named anew comes first there',
      { filter: on('NodePorts') },
      (p) => p.find((one) => one.includes('filter')) === 'NodePorts=0:filter',
    ],
    [
      'the order of refusals',
      { preFilter: on('VolumeBinding') },
      (p) =>
        p[0] === 'VolumeBinding=0:refuse' &&
        p[1] === 'NodeAffinity=0:narrow' &&
        p.includes('VolumeBinding=1:filter,score,errand'),
    ],
    [
      'off and on again at one point',
      { score: { ...off('*'), ...on(['NodeAffinity', 5]) } },
      (p) => p.filter((one) => one.includes('score')).join() === 'NodeAffinity=5:narrow,filter,score',
    ],
  ];
  for (const [what, own, check] of rows) {
    const found = plugins(profile({ plugins: own }));
    assert.ok(check(found), `${what}: ${found.join('  ')}`);
  }
});

test("readSchedulerConfig() refuses in upstream's words what does not decode", () => {
  const strict = (text: string) => `strict decoding error: ${text}`;
  const rows: readonly (readonly [object, string])[] = [
    [
      { ...HEAD, foo: 1, bar: 2, profiles: [{ x: 1 }] },
      strict('unknown field "foo", unknown field "bar", unknown field "profiles[0].x"'),
    ],
    [
      { ...HEAD, foo: 1, ...args('NodeResourcesFit', { foo: 1, bar: 2 }) },
      strict(
        'unknown field "foo", decoding .profiles[0].pluginConfig[0]: strict decoding error: decoding args for plugin NodeResourcesFit: strict decoding error: unknown field "foo", unknown field "bar"',
      ),
    ],
    [
      { ...HEAD, ...args('NodeResourcesFit', { kind: 'InterPodAffinityArgs' }) },
      'decoding .profiles[0].pluginConfig[0]: args for plugin NodeResourcesFit were not of type NodeResourcesFitArgs.kubescheduler.config.k8s.io, got InterPodAffinityArgs.kubescheduler.config.k8s.io',
    ],
    [
      { ...HEAD, ...args('NodeResourcesFit', { apiVersion: 'v1' }) },
      'decoding .profiles[0].pluginConfig[0]: decoding args for plugin NodeResourcesFit: no kind "NodeResourcesFitArgs" is registered for version "v1"',
    ],
    [
      { ...HEAD, ...args('InterPodAffinity', { hardPodAffinityWeight: 'x' }) },
      'decoding .profiles[0].pluginConfig[0]: decoding args for plugin InterPodAffinity: json: cannot unmarshal string into Go struct field InterPodAffinityArgs.hardPodAffinityWeight of type int32',
    ],
    [
      { ...HEAD, parallelism: 'x' },
      'json: cannot unmarshal string into Go struct field KubeSchedulerConfiguration.parallelism of type int32',
    ],
    [
      { ...HEAD, apiVersion: 'kubescheduler.config.k8s.io/v1beta3' },
      'no kind "KubeSchedulerConfiguration" is registered for version "kubescheduler.config.k8s.io/v1beta3"',
    ],
    [{ ...HEAD, leaderElection: { leaseDuration: '1x' } }, 'time: unknown unit "x" in duration "1x"'],
    [{ ...HEAD, extenders: [{ urlPrefix: 'http://e', httpTimeout: '5' }] }, 'time: missing unit in duration "5"'],
    [{ ...HEAD, kind: 'Foo' }, 'no kind "Foo" is registered for version "kubescheduler.config.k8s.io/v1"'],
    [{ ...HEAD, kind: 'NodeAffinityArgs' }, "couldn't decode as KubeSchedulerConfiguration, got NodeAffinityArgs: "],
    [{ apiVersion: HEAD.apiVersion }, "Object 'Kind' is missing"],
    [{ kind: HEAD.kind }, "Object 'apiVersion' is missing"],
  ];
  for (const [document, expected] of rows) assert.equal(refusal({}, document), expected);
  assert.equal(refusal(args('Foo', { anything: true })), 'accepted');
});

test('readSchedulerConfig() refuses values that upstream refuses, each where it is', () => {
  const point = (utilization: number, score: number) => ({ utilization, score });
  const strategy = (more: object) => args('NodeResourcesFit', { scoringStrategy: { type: 'LeastAllocated', ...more } });
  const spread = (...defaultConstraints: readonly object[]) =>
    args('PodTopologySpread', { defaultingType: 'List', defaultConstraints });
  const zone = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' };
  const extender = (more: object) => ({ extenders: [{ urlPrefix: 'http://e', ...more }] });
  const ARGS = 'profiles[0].pluginConfig[0].args';
  const CREATING = 'initializing profiles: creating profile for scheduler name default-scheduler:';
  const rows: readonly (readonly [object, string])[] = [
    [{ parallelism: 0 }, 'parallelism: Invalid value: 0: should be an integer value greater than zero'],
    [{ percentageOfNodesToScore: 101 }, 'percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]'],
    [
      profile({ percentageOfNodesToScore: -1 }),
      'profiles[0].percentageOfNodesToScore: Invalid value: -1: not in valid range [0-100]',
    ],
    [{ podInitialBackoffSeconds: 0 }, 'podInitialBackoffSeconds: Invalid value: 0: must be greater than 0'],
    [
      { podMaxBackoffSeconds: 3, podInitialBackoffSeconds: 4 },
      'podMaxBackoffSeconds: Invalid value: 3: must be greater than or equal to PodInitialBackoffSeconds',
    ],
    [{ clientConnection: { burst: -1 } }, 'clientConnection.burst: Invalid value: -1: must be non-negative'],
    [
      { leaderElection: { leaseDuration: '5s' } },
      'leaderElection.leaseDuration: Invalid value: "10s": must be greater than `RenewDeadline`',
    ],
    [
      { leaderElection: { resourceLock: 'configmaps' } },
      'leaderElection.resourceLock: Invalid value: "configmaps": resourceLock value must be "leases"',
    ],
    [{ profiles: [{ schedulerName: 'a' }, { schedulerName: 'a' }] }, 'profiles[1].schedulerName: Duplicate value: "a"'],
    [{ profiles: [{ schedulerName: 'a' }, {}] }, 'profiles[1].schedulerName: Required value'],
    [
      { profiles: [{ schedulerName: 'a' }, { schedulerName: 'b', plugins: { queueSort: on('PrioritySort') } }] },
      'profiles[1].plugins.queueSort: Invalid value: {"Enabled":[{"Name":"PrioritySort","Weight":0}],"Disabled":null}: has to match for all profiles',
    ],
    [
      args('InterPodAffinity', { hardPodAffinityWeight: 101 }),
      `${ARGS}.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]`,
    ],
    [
      args('DefaultPreemption', { minCandidateNodesPercentage: 101 }),
      `${ARGS}.minCandidateNodesPercentage: Invalid value: 101: not in valid range [0, 100]`,
    ],
    [
      args('DefaultPreemption', { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0 }),
      `[${ARGS}.minCandidateNodesPercentage: Invalid value: 0: cannot be zero at the same time as minCandidateNodesAbsolute, ${ARGS}.minCandidateNodesAbsolute: Invalid value: 0: cannot be zero at the same time as minCandidateNodesPercentage]`,
    ],
    [
      strategy({ type: 'Most' }),
      `${ARGS}.scoringStrategy.type: Unsupported value: "Most": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"`,
    ],
    [
      strategy({ resources: [{ name: 'cpu', weight: 101 }] }),
      `${ARGS}.scoringStrategy.resources[0].weight: Invalid value: 101: resource weight of cpu not in valid range (0, 100]`,
    ],
    [
      strategy({ requestedToCapacityRatio: { shape: [] } }),
      `${ARGS}.scoringStrategy.shape: Required value: at least one point must be specified`,
    ],
    [
      strategy({ requestedToCapacityRatio: { shape: [point(50, 1), point(40, 11)] } }),
      `[${ARGS}.scoringStrategy.shape[1].utilization: Invalid value: 40: values must be sorted in increasing order, ${ARGS}.scoringStrategy.shape[1].score: Invalid value: 11: not in valid range [0, 10]]`,
    ],
    [
      args('NodeResourcesFit', { ignoredResourceGroups: ['a.b/c'] }),
      `${ARGS}.ignoredResourceGroups[0]: Invalid value: "a.b/c": resource group name can't contain '/'`,
    ],
    [
      args('NodeResourcesBalancedAllocation', { resources: [{ name: 'cpu', weight: 2 }] }),
      `${ARGS}.resources[0].weight: Invalid value: 2: must be 1`,
    ],
    [
      spread({ ...zone, maxSkew: 0 }),
      `${ARGS}.defaultConstraints[0].maxSkew: Invalid value: 0: not in valid range (0, inf)`,
    ],
    [spread(zone, zone), `${ARGS}.defaultConstraints[1]: Duplicate value: "{zone, ScheduleAnyway}"`],
    [
      spread({ ...zone, labelSelector: {} }),
      `${ARGS}.defaultConstraints[0].labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod`,
    ],
    [
      args('PodTopologySpread', { defaultConstraints: [zone] }),
      `${ARGS}.defaultingType: Invalid value: "System": when .defaultConstraints are not empty`,
    ],
    [
      args('VolumeBinding', { bindTimeoutSeconds: -1 }),
      `${ARGS}.bindTimeoutSeconds: Invalid value: -1: invalid BindTimeoutSeconds, should not be a negative value`,
    ],
    [profile({ pluginConfig: [{ name: 'X' }, { name: 'X' }] }), 'profiles[0].pluginConfig[1]: Duplicate value: "X"'],
    [
      extender({ prioritizeVerb: 'p' }),
      'extenders[0].weight: Invalid value: 0: must have a positive weight applied to it',
    ],
    [
      {
        extenders: [
          { urlPrefix: 'http://a', bindVerb: 'b' },
          { urlPrefix: 'http://c', bindVerb: 'd' },
        ],
      },
      'extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind',
    ],
    [
      extender({ managedResources: [{ name: 'kubernetes.io/x' }] }),
      'extenders[0].managedResources[0].name: Invalid value: "kubernetes.io/x": is an invalid extended resource name',
    ],
    [
      extender({ managedResources: [{ name: 'a.b/x' }, { name: 'a.b/x' }] }),
      'extenders[0].managedResources[1].name: Invalid value: "a.b/x": duplicate extender managed resource name',
    ],
    [profile({ plugins: { filter: on('Foo') } }), `${CREATING} FilterPlugin "Foo" does not exist`],
    [profile({ plugins: { multiPoint: on('Foo') } }), `${CREATING} PreFilterPlugin "Foo" does not exist`],
    [
      profile({ plugins: { filter: on('ImageLocality') } }),
      `${CREATING} plugin "ImageLocality" does not extend FilterPlugin plugin`,
    ],
    [
      profile({ plugins: { score: on('ImageLocality', 'ImageLocality') } }),
      `${CREATING} plugin "ImageLocality" already registered as "ScorePlugin"`,
    ],
    [
      profile({ plugins: { queueSort: off('*') } }),
      `${CREATING} only one queue sort plugin required for profile with scheduler name "default-scheduler", but got 0`,
    ],
    [
      profile({ plugins: { bind: off('DefaultBinder') } }),
      `${CREATING} at least one bind plugin is needed for profile with scheduler name "default-scheduler"`,
    ],
  ];
  for (const [config, expected] of rows) assert.equal(refusal(config), expected);
});

test('readSchedulerConfig() gives each profile its share of nodes, and all of them what an extender counts', () => {
  const { profiles } = read({
    percentageOfNodesToScore: 30,
    profiles: [{ schedulerName: 'a' }, { schedulerName: 'b', percentageOfNodesToScore: 70 }],
  });
  assert.deepEqual(
    profiles.map(({ schedulerName, percentageOfNodesToScore }) => [schedulerName, percentageOfNodesToScore]),
    [
      ['a', 30],
      ['b', 70],
    ],
  );
});
