import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PolicyError, readPolicy } from './policy.ts';

const policyOf = (profile: object, more: object = {}): unknown => ({
  apiVersion: 'descheduler/v1alpha2',
  kind: 'DeschedulerPolicy',
  ...more,
  profiles: [{ name: 'p', ...profile }],
});

const refusal = (document: unknown): string => {
  try {
    readPolicy(document);
    return '';
  } catch (error) {
    assert.ok(error instanceof PolicyError);
    return error.message;
  }
};

test('readPolicy() reads profiles: first what takes away, then what evens out, each with its arguments', () => {
  const policy = readPolicy(
    policyOf(
      {
        pluginConfig: [
          { name: 'DefaultEvictor', args: { nodeFit: true, minPodAge: '2m', priorityThreshold: { value: 10 } } },
          { name: 'PodLifeTime', args: { maxPodLifeTimeSeconds: 600 } },
          { name: 'LowNodeUtilization', args: { thresholds: { cpu: 20 }, targetThresholds: { cpu: 50 } } },
        ],
        plugins: {
          balance: { enabled: ['LowNodeUtilization'] },
          deschedule: { enabled: ['PodLifeTime'] },
          preEvictionFilter: { enabled: ['DefaultEvictor'] },
        },
      },
      { maxNoOfPodsToEvictPerNode: 3, gracePeriodSeconds: 5, nodeSelector: 'pool=a' },
    ),
  );
  const [profile] = policy.profiles;
  assert.deepEqual(
    profile?.strategies.map(({ name }) => name),
    ['PodLifeTime', 'LowNodeUtilization'],
  );
  assert.deepEqual(
    [profile?.evictor.nodeFit, profile?.evictor.minPodAgeMs, profile?.evictor.priorityThreshold],
    [true, 120_000, { value: 10 }],
  );
  assert.deepEqual([policy.limits.perNode, policy.limits.total, policy.gracePeriodSeconds], [3, undefined, 5]);
  assert.deepEqual([policy.nodes.matches({ pool: 'a' }), policy.nodes.matches({ pool: 'b' })], [true, false]);
});

test('readPolicy() says at once all that is wrong', () => {
  assert.equal(
    refusal(
      policyOf(
        {
          pluginConfig: [
            { name: 'Nonsense' },
            { name: 'PodLifeTime', args: { maxPodLifeTimeSeconds: -1, states: 'Running' } },
            { name: 'RemoveDuplicates', args: { namespaces: { include: ['a'], exclude: ['b'] }, typo: 1 } },
          ],
          plugins: {
            deschedule: { enabled: ['PodLifeTime', 'RemoveDuplicates'] },
            balance: { enabled: ['RemoveDuplicates'] },
          },
        },
        { maxNoOfPodsToEvictTotal: 'many' },
      ),
    ).replaceAll('; ', '\n'),
    [
      'profiles[0].pluginConfig[0].name: there is no plugin "Nonsense"',
      'profiles[0].plugins.deschedule.enabled: must be of RemovePodsViolatingNodeAffinity, RemovePodsViolatingNodeTaints, RemovePodsViolatingInterPodAntiAffinity, RemovePodsHavingTooManyRestarts, PodLifeTime, RemoveFailedPods, not "RemoveDuplicates"',
      'profiles[0].pluginConfig[1].args.maxPodLifeTimeSeconds: must be a whole number of at least 0',
      'profiles[0].pluginConfig[1].args.states: must be a list of strings',
      'profiles[0].pluginConfig[2].args.namespaces: only one of include and exclude may be set',
      'profiles[0].pluginConfig[2].args.typo: unknown field',
      'maxNoOfPodsToEvictTotal: must be a whole number of at least 0',
    ].join('\n'),
  );
  assert.match(
    refusal({ apiVersion: 'descheduler/v1alpha1', kind: 'DeschedulerPolicy' }),
    /must be descheduler\/v1alpha2.*profiles/,
  );
  assert.match(refusal('text'), /must be an object/);
});

test('readPolicy() wants thresholds that can be', () => {
  const low = (args: object): string =>
    refusal(
      policyOf({
        pluginConfig: [{ name: 'LowNodeUtilization', args }],
        plugins: { balance: { enabled: ['LowNodeUtilization'] } },
      }),
    );
  assert.equal(low({ thresholds: { cpu: 20 }, targetThresholds: { cpu: 20 } }), '');
  assert.match(low({}), /thresholds: must name a resource/);
  assert.match(
    low({ thresholds: { cpu: 20 }, targetThresholds: { memory: 20 } }),
    /must name the resources of thresholds/,
  );
  assert.match(low({ thresholds: { cpu: 60 }, targetThresholds: { cpu: 50 } }), /cpu is above its target/);
  assert.match(low({ thresholds: { cpu: 101 }, targetThresholds: { cpu: 50 } }), /percentages from 0 to 100/);
});
