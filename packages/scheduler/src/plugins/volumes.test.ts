import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  csiDriver,
  csiNode,
  csiStorageCapacity,
  persistentVolume,
  persistentVolumeClaim,
  type Pod,
  storageClass,
} from '@navarch/api';
import type { Api } from '@navarch/client';
import { nodeOf, objectsOf, podOf, snapshotOf, verdict } from '../testing/builders.ts';
import { volumeBindingArgs } from '../config/plugin-args.ts';
import { volumeBindingBy } from './volume-binding.ts';

const ZONE = 'topology.kubernetes.io/zone';
const nodes = [nodeOf('a', { labels: { [ZONE]: 'a' } }), nodeOf('b', { labels: { [ZONE]: 'b' } })];

const claim = (
  name: string,
  { volumeName = '', storageClassName = 'late', accessModes = ['ReadWriteOnce'], phase = 'Pending' } = {},
) => ({
  metadata: {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    resourceVersion: '1',
    annotations: volumeName ? { 'pv.kubernetes.io/bind-completed': 'yes' } : {},
  },
  spec: {
    accessModes,
    storageClassName,
    resources: { requests: { storage: '1Gi' } },
    ...(volumeName ? { volumeName } : {}),
  },
  status: { phase },
});
const inZone = (zone: string) => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'In', values: [zone] }] }] },
});
const volume = (name: string, more: object = {}, metadata: object = {}) => ({
  metadata: { name, ...metadata },
  spec: { capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'late', ...more },
  status: { phase: 'Available' },
});
const late = {
  metadata: { name: 'late' },
  provisioner: 'kubernetes.io/no-provisioner',
  volumeBindingMode: 'WaitForFirstConsumer',
};
const driver = {
  metadata: { name: 'driver' },
  provisioner: 'csi.example.com',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowedTopologies: [{ matchLabelExpressions: [{ key: ZONE, values: ['b'] }] }],
};
const now = { metadata: { name: 'now' }, provisioner: 'csi.example.com', volumeBindingMode: 'Immediate' };

const using = (...claims: readonly string[]): Pod =>
  podOf('p', {
    spec: { volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })) },
  });
const cluster = (
  claims: readonly object[],
  volumes: readonly object[] = [],
  csiNodes: readonly object[] = [],
  csiDrivers: readonly object[] = [],
) =>
  objectsOf(
    [persistentVolumeClaim, claims],
    [persistentVolume, volumes],
    [storageClass, [late, driver, now]],
    [csiNode, csiNodes],
    [csiDriver, csiDrivers],
  );
const outcome = (
  pod: Pod,
  objects: ReturnType<typeof cluster>,
  placed: Parameters<typeof snapshotOf>[1] = {},
): string => verdict(pod, snapshotOf(nodes, placed, objects));

test('volumeBinding refuses a pod whose claims are absent, lost, leaving, or not bound when they should be', () => {
  const rows: readonly (readonly [Pod, readonly object[], string])[] = [
    [using('c'), [], 'persistentvolumeclaim "c" not found'],
    [
      podOf('p', { spec: { volumes: [{ name: 'v', ephemeral: {} }] } }),
      [],
      'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-v"',
    ],
    [using('c'), [claim('c', { storageClassName: 'now' })], 'pod has unbound immediate PersistentVolumeClaims'],
    [
      using('c'),
      [claim('c', { volumeName: 'gone', phase: 'Lost' })],
      'persistentvolumeclaim "c" bound to non-existent persistentvolume "gone"',
    ],
    [
      using('c'),
      [{ ...claim('c'), metadata: { ...claim('c').metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }],
      'persistentvolumeclaim "c" is being deleted',
    ],
  ];
  for (const [pod, claims, why] of rows)
    assert.equal(outcome(pod, cluster(claims)), `0/2 nodes are available: ${why}.`);
});

test('volumeBinding keeps a pod to nodes that reach its volumes', () => {
  assert.equal(
    outcome(using('c'), cluster([claim('c', { volumeName: 'v' })], [volume('v', { nodeAffinity: inZone('b') })])),
    'b',
  );
  assert.equal(
    outcome(using('c'), cluster([claim('c', { volumeName: 'v' })], [volume('v', { nodeAffinity: inZone('x') })])),
    "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.",
  );
  assert.equal(
    outcome(using('c'), cluster([claim('c', { volumeName: 'v' })])),
    '0/2 nodes are available: persistentvolume "v" not found.',
  );
});

test('volumeBinding finds a volume for every open claim, or a provisioner, where the pod could be', () => {
  const none = "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.";
  const there = (name: string, zone: string, more: object = {}) =>
    volume(name, { nodeAffinity: inZone(zone), ...more });
  const rows: readonly (readonly [readonly object[], readonly object[], string])[] = [
    [[claim('c')], [there('v', 'b')], 'b'],
    [[claim('c')], [], none],
    [[claim('c')], [there('v', 'b', { capacity: { storage: '1Mi' } })], none],
    [[claim('c')], [there('v', 'b', { accessModes: ['ReadOnlyMany'] })], none],
    [[claim('c')], [there('v', 'b', { volumeMode: 'Block' })], none],
    [[claim('c')], [there('v', 'b', { claimRef: { name: 'other', namespace: 'default' } })], none],
    [[claim('c')], [there('v', 'a', { claimRef: { name: 'c', namespace: 'default' } })], 'a'],
    [[claim('c')], [there('v', 'a', { claimRef: { name: 'c', namespace: 'default', uid: 'one before' } })], none],
    // What was promised to it need not match its selector, nor its access modes.
    [[claim('c')], [there('v', 'a', { accessModes: [], claimRef: { name: 'c', namespace: 'default' } })], 'a'],
    [[claim('c', { storageClassName: 'driver' })], [], 'b'],
  ];
  for (const [claims, volumes, expected] of rows)
    assert.equal(outcome(using('c'), cluster(claims, volumes)), expected, JSON.stringify(volumes));
  const chosen = (node: string, storageClassName: string) =>
    cluster(
      [
        {
          ...claim('c', { storageClassName }),
          metadata: { ...claim('c').metadata, annotations: { 'volume.kubernetes.io/selected-node': node } },
        },
      ],
      [there('v', 'a'), there('w', 'b')],
    );
  assert.deepEqual(
    [chosen('a', 'driver'), chosen('b', 'driver'), chosen('b', 'late')].map((objects) => outcome(using('c'), objects)),
    [none, 'b', none],
    'a claim that is being served for a node waits for its provisioner, and for nothing else',
  );
  const two = [claim('c'), claim('d')];
  assert.equal(outcome(using('c', 'd'), cluster(two, [there('v', 'b')])), none, 'one volume is not for two claims');
  assert.equal(outcome(using('c', 'd'), cluster(two, [there('v', 'b'), there('w', 'b')])), 'b');
});

test('volumeBinding asks a driver that tells its capacity whether there is room', () => {
  const room = (zone: string, more: object) => ({
    metadata: { name: zone, namespace: 'driver' },
    storageClassName: 'driver',
    nodeTopology: { matchLabels: { [ZONE]: zone } },
    ...more,
  });
  const tells = (storageCapacity: boolean, ...rooms: readonly object[]) =>
    objectsOf(
      [persistentVolumeClaim, [claim('c', { storageClassName: 'driver' })]],
      [storageClass, [driver]],
      [csiDriver, [{ metadata: { name: 'csi.example.com' }, spec: { storageCapacity } }]],
      [csiStorageCapacity, rooms],
    );
  const none =
    "0/2 nodes are available: 1 node(s) did not have enough free storage, 1 node(s) didn't find available persistent volumes to bind.";
  assert.equal(outcome(using('c'), tells(true, room('b', { capacity: '2Gi' }))), 'b');
  assert.equal(outcome(using('c'), tells(true, room('b', { capacity: '1Mi' }))), none);
  assert.equal(outcome(using('c'), tells(true, room('b', { capacity: '2Gi', maximumVolumeSize: '1Mi' }))), none);
  assert.equal(outcome(using('c'), tells(true, room('a', { capacity: '2Gi' }))), none);
  assert.equal(outcome(using('c'), tells(false)), 'b');
});

test('volumeBinding brings claim and volume together before the pod is bound', async () => {
  const written: unknown[] = [];
  const objects = cluster(
    [claim('c'), claim('d', { storageClassName: 'driver' })],
    [
      volume('big', { nodeAffinity: inZone('b') }),
      volume('small', { nodeAffinity: inZone('b'), capacity: { storage: '2Gi' } }),
    ],
  );
  const api = {
    of: (kind: Parameters<Api['of']>[0]) => ({
      update: async (key: string, change: (current: object) => object) => {
        const next = change(objects.get(kind, key) as object);
        written.push([key, next]);
        return next;
      },
    }),
  } as unknown as Api;
  const snapshot = snapshotOf(nodes, {}, objects);
  const errand = volumeBindingBy(volumeBindingArgs.complete({})).errand?.(
    using('c', 'd'),
    snapshot.node('b') as NonNullable<ReturnType<typeof snapshot.node>>,
    snapshot,
  );
  assert.ok(errand);
  await errand.write(api, 0);
  const [[volumeKey, bound], [claimKey, marked]] = written as [
    [string, { spec: { claimRef: unknown } }],
    [string, { metadata: { annotations: unknown } }],
  ];
  assert.deepEqual(
    [volumeKey, bound.spec.claimRef],
    [
      'small',
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: 'default',
        name: 'c',
        uid: 'uid-c',
        resourceVersion: '1',
      },
    ],
  );
  assert.deepEqual(
    [claimKey, marked.metadata.annotations],
    ['default/d', { 'volume.kubernetes.io/selected-node': 'b' }],
  );
  const [areBound, areHere] = errand.conditions;
  assert.ok(areBound && areHere);
  // The copy is behind what was just written: that says nothing yet.
  assert.equal(
    areBound.isMet(
      cluster([
        { ...claim('c'), metadata: { ...claim('c').metadata, resourceVersion: '0' } },
        { ...claim('d'), metadata: { ...claim('d').metadata, resourceVersion: '0' } },
      ]),
    ),
    false,
  );
  assert.throws(
    () => areBound.isMet(cluster([claim('c', { volumeName: 'small' }), claim('d')])),
    /the provisioner of claim default\/d gave back node b/,
  );
  const claims = [claim('c', { volumeName: 'small' }), claim('d', { volumeName: 'made' })];
  assert.equal(areBound.isMet(cluster(claims)), true);
  assert.equal(areHere.isMet(cluster(claims, [volume('small')])), false);
  assert.equal(areHere.isMet(cluster(claims, [volume('small'), volume('made', { nodeAffinity: inZone('b') })])), true);
  assert.throws(
    () => areHere.isMet(cluster(claims, [volume('small'), volume('made', { nodeAffinity: inZone('a') })])),
    /claim default\/d is bound to volume made, which node b does not reach/,
  );
});

test('volumeRestrictions gives a disk to one pod of a node, and an exclusive claim to one pod of the cluster', () => {
  const disk = (name: string, readOnly: boolean): Pod =>
    podOf(name, { spec: { volumes: [{ name: 'v', gcePersistentDisk: { pdName: 'd', readOnly } }] } });
  assert.equal(outcome(disk('p', false), cluster([]), { a: [disk('x', false)] }), 'b');
  assert.equal(
    outcome(disk('p', false), cluster([]), { a: [disk('x', false)], b: [disk('y', true)] }),
    '0/2 nodes are available: 2 node(s) had no available disk.',
  );
  assert.ok(['a', 'b'].includes(outcome(disk('p', true), cluster([]), { a: [disk('x', true)], b: [disk('y', true)] })));
  const only = cluster([claim('c', { volumeName: 'v', accessModes: ['ReadWriteOncePod'] })], [volume('v')]);
  const holder = { ...using('c'), metadata: { ...using('c').metadata, name: 'holder', uid: 'h' } };
  assert.equal(
    outcome(using('c'), only, { a: [holder] }),
    '0/2 nodes are available: 2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.',
  );
  assert.ok(['a', 'b'].includes(outcome(using('c'), only)));
});

test('volumeZone keeps a pod to the zones of its volumes', () => {
  const zoned = (zones: string) =>
    cluster([claim('c', { volumeName: 'v' })], [volume('v', {}, { labels: { [ZONE]: zones } })]);
  assert.equal(outcome(using('c'), zoned('b__x')), 'b');
  assert.equal(outcome(using('c'), zoned('x')), '0/2 nodes are available: 2 node(s) had no available volume zone.');
});

test('nodeVolumeLimits counts volumes by driver, each once', () => {
  const limits = [
    { metadata: { name: 'a' }, spec: { drivers: [{ name: 'csi.example.com', allocatable: { count: 1 } }] } },
    { metadata: { name: 'b' }, spec: { drivers: [{ name: 'csi.example.com', allocatable: { count: 1 } }] } },
  ];
  const csi = (name: string) => volume(name, { csi: { driver: 'csi.example.com', volumeHandle: name } });
  const both = cluster(
    [claim('c', { volumeName: 'v' }), claim('d', { volumeName: 'w' })],
    [csi('v'), csi('w')],
    limits,
  );
  const other = { ...using('d'), metadata: { ...using('d').metadata, name: 'other', uid: 'o' } };
  assert.equal(outcome(using('c'), both, { a: [other] }), 'b');
  assert.equal(outcome(using('c', 'd'), both, {}), '0/2 nodes are available: 2 node(s) exceed max volume count.');
  const same = { ...using('c'), metadata: { ...using('c').metadata, name: 'same', uid: 's' } };
  assert.equal(outcome(using('c'), both, { a: [same], b: [other] }), 'a', 'the volume is attached already');
});

test('nodeVolumeLimits keeps pods from nodes without a driver that says so, and from no others', () => {
  const at = (name: string, ...drivers: readonly string[]) => ({
    metadata: { name },
    spec: { drivers: drivers.map((each) => ({ name: each, nodeID: name })) },
  });
  const where = (prevents: boolean | undefined, ...csiNodes: readonly object[]): string =>
    outcome(
      using('c'),
      cluster(
        [claim('c', { volumeName: 'v' })],
        [volume('v', { csi: { driver: 'csi.example.com', volumeHandle: 'v' } })],
        csiNodes,
        [{ metadata: { name: 'csi.example.com' }, spec: { preventPodSchedulingIfMissing: prevents } }],
      ),
    );
  assert.equal(where(true, at('a', 'other.example.com'), at('b', 'csi.example.com')), 'b');
  assert.equal(
    where(true, at('a', 'other.example.com')),
    '0/2 nodes are available: 2 csi.example.com CSI driver is not installed on the node.',
  );
  assert.ok(['a', 'b'].includes(where(false, at('a'))));
  assert.ok(['a', 'b'].includes(where(undefined)));
});
