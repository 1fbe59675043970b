import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  csiDriver,
  csiStorageCapacity,
  persistentVolume,
  persistentVolumeClaim,
  type Pod,
  service,
  storageClass,
} from '@navarch/api';
import { readSchedulerConfig } from '../config/read-config.ts';
import type { Profile } from '../plugin.ts';
import { Snapshot } from '../snapshot/snapshot.ts';
import { nodeOf, objectsOf, podOf, put, snapshotOf, verdict } from '../testing/builders.ts';

/** The default profile with arguments for one plugin; the scores of all others off, where `only` is told. */
function profileWith(name: string, args: object, only = false): Profile {
  const [profile] = readSchedulerConfig({
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    profiles: [
      {
        pluginConfig: [{ name, args }],
        ...(only ? { plugins: { score: { disabled: [{ name: '*' }], enabled: [{ name }] } } } : {}),
      },
    ],
  }).profiles;
  return profile as Profile;
}

const inZone = (name: string, zone: string) => nodeOf(name, { labels: { zone } });
const isIn = (zone: string) => ({ matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }] });
const requests = (asked: Readonly<Record<string, string>>) =>
  ({ containers: [{ name: 'c', resources: { requests: asked } }] }) as unknown as Pod['spec'];

test('NodeAffinityArgs.addedAffinity holds for every pod, besides what it says itself', () => {
  const snapshot = snapshotOf([inZone('a', 'x'), inZone('b', 'y')]);
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [isIn('y')] } };
  const profile = profileWith('NodeAffinity', { addedAffinity: required });
  assert.equal(put(podOf('p'), snapshot, profile).node, 'b');
  assert.equal(
    verdict(podOf('p', { spec: { nodeSelector: { zone: 'x' } } }), snapshot, profile),
    "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) didn't match scheduler-enforced node affinity.",
  );
  const preferred = {
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: isIn('y') }],
  };
  assert.equal(put(podOf('p'), snapshot, profileWith('NodeAffinity', { addedAffinity: preferred })).node, 'b');
});

test('NodeResourcesFitArgs lets nodes be without extended resources that someone else counts, never without others', () => {
  const snapshot = snapshotOf([nodeOf('a')]);
  const asking = (asked: Readonly<Record<string, string>>) => podOf('p', { spec: requests(asked) });
  const byName = profileWith('NodeResourcesFit', { ignoredResources: ['a.b/x', 'cpu'] });
  const byGroup = profileWith('NodeResourcesFit', { ignoredResourceGroups: ['a.b'] });
  assert.equal(put(asking({ 'a.b/x': '1' }), snapshot, byName).node, 'a');
  assert.equal(put(asking({ 'a.b/x': '1', 'a.b/y': '2' }), snapshot, byGroup).node, 'a');
  assert.equal(
    verdict(asking({ 'a.b/y': '1', cpu: '100' }), snapshot, byName),
    '0/1 nodes are available: 1 Insufficient a.b/y, 1 Insufficient cpu.',
  );
});

test('NodeResourcesFitArgs.scoringStrategy fills nodes up where it says so', () => {
  const snapshot = snapshotOf([nodeOf('empty'), nodeOf('half')], { half: [podOf('x', { cpu: '2' })] });
  const chosen = (type: string) =>
    put(podOf('p'), snapshot, profileWith('NodeResourcesFit', { scoringStrategy: { type } }, true)).node;
  assert.equal(chosen('LeastAllocated'), 'empty');
  assert.equal(chosen('MostAllocated'), 'half');
});

test('NodeResourcesBalancedAllocationArgs compares the resources that it names', () => {
  const gpus = { 'a.b/gpu': '4' };
  const snapshot = snapshotOf(
    [nodeOf('even', { allocatable: gpus }), nodeOf('odd', { allocatable: { 'a.b/gpu': '1' } })],
    {},
  );
  const resources = [{ name: 'cpu' }, { name: 'memory' }, { name: 'a.b/gpu' }];
  const pod = podOf('p', { spec: requests({ cpu: '1', memory: '2Gi', 'a.b/gpu': '1' }) });
  assert.equal(put(pod, snapshot, profileWith('NodeResourcesBalancedAllocation', { resources }, true)).node, 'even');
});

test('InterPodAffinityArgs says what the wishes of running pods weigh', () => {
  const wanting = (weight: number | undefined) => {
    const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'p' } } };
    return podOf('x', {
      spec: {
        affinity: {
          podAffinity:
            weight === undefined
              ? { requiredDuringSchedulingIgnoredDuringExecution: [term] }
              : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm: term }] },
        },
      },
    });
  };
  const nodes = [inZone('a', 'x'), inZone('b', 'y')];
  const pod = podOf('p', { labels: { app: 'p' } });
  const drawn = (args: object, weight?: number) =>
    new Set(
      [1, 2, 3, 4, 5, 6].map(
        (seed) =>
          put(pod, snapshotOf(nodes, { b: [wanting(weight)] }), profileWith('InterPodAffinity', args, true), seed).node,
      ),
    ).size === 1;
  assert.equal(drawn({ hardPodAffinityWeight: 1 }), true);
  assert.equal(drawn({ hardPodAffinityWeight: 0 }), false);
  assert.equal(drawn({}, 5), true);
  assert.equal(drawn({ ignorePreferredTermsOfExistingPods: true }, 5), false);
});

test('PodTopologySpreadArgs.defaultConstraints hold for pods of a service that say nothing themselves', () => {
  const services = [{ metadata: { name: 's', namespace: 'default' }, spec: { selector: { app: 'web' } } }];
  const web = (name: string, spec = {}) => podOf(name, { labels: { app: 'web' }, spec });
  const snapshot = new Snapshot(objectsOf([service, services]));
  for (const node of [inZone('a', 'x'), inZone('b', 'y')]) snapshot.setNode(node);
  snapshot.place(web('w'), 'a');
  snapshot.place(web('v'), 'a');
  snapshot.place(web('u'), 'b');
  const zone = { maxSkew: 1, topologyKey: 'zone' };
  const list = (constraint: object) =>
    profileWith('PodTopologySpread', { defaultingType: 'List', defaultConstraints: [{ ...zone, ...constraint }] });
  const hard = list({ whenUnsatisfiable: 'DoNotSchedule' });
  const there = { nodeSelector: { zone: 'x' }, topologySpreadConstraints: [] };
  assert.equal(put(web('p'), snapshot, hard).node, 'b');
  snapshot.place(web('t'), 'a');
  assert.equal(
    verdict(web('p', there), snapshot, list({ whenUnsatisfiable: 'DoNotSchedule', nodeAffinityPolicy: 'Ignore' })),
    "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) didn't match pod topology spread constraints.",
  );
  assert.equal(put(podOf('p', { spec: there }), snapshot, hard).node, 'a');
  assert.equal(put(web('p'), snapshot, list({ whenUnsatisfiable: 'ScheduleAnyway' })).node, 'b');
});

test('VolumeBindingArgs.shape says whether storage with much or little room is better', () => {
  const claim = {
    metadata: { name: 'c', namespace: 'default', uid: 'u' },
    spec: { storageClassName: 'late', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } } },
    status: { phase: 'Pending' },
  };
  const late = { metadata: { name: 'late' }, provisioner: 'csi', volumeBindingMode: 'WaitForFirstConsumer' };
  const space = (zone: string, capacity: string) => ({
    metadata: { name: zone, namespace: 'csi' },
    storageClassName: 'late',
    capacity,
    nodeTopology: { matchLabels: { zone } },
  });
  const volume = (zone: string, storage: string) => ({
    metadata: { name: zone },
    spec: {
      capacity: { storage },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'late',
      nodeAffinity: { required: { nodeSelectorTerms: [isIn(zone)] } },
    },
    status: { phase: 'Available' },
  });
  const pod = podOf('p', {
    spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] },
  });
  const fullest = [
    { utilization: 0, score: 0 },
    { utilization: 100, score: 10 },
  ];
  const chosen = (args: object, ...volumes: readonly object[]) => {
    const objects = objectsOf(
      [persistentVolumeClaim, [claim]],
      [storageClass, [late]],
      [csiDriver, [{ metadata: { name: 'csi' }, spec: { storageCapacity: true } }]],
      [csiStorageCapacity, [space('x', '10Gi'), space('y', '100Gi')]],
      [persistentVolume, volumes],
    );
    const snapshot = new Snapshot(objects);
    for (const node of [inZone('a', 'x'), inZone('b', 'y')]) snapshot.setNode(node);
    return put(pod, snapshot, profileWith('VolumeBinding', args, true)).node;
  };
  assert.equal(chosen({}), 'b');
  assert.equal(chosen({ shape: fullest }), 'a');
  assert.equal(chosen({}, volume('x', '60Gi'), volume('y', '6Gi')), 'a');
  assert.equal(chosen({ shape: fullest }, volume('x', '60Gi'), volume('y', '6Gi')), 'b');
});
