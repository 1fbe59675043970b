import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  csiDriver,
  csiStorageCapacity,
  node as nodeKind,
  persistentVolume,
  persistentVolumeClaim,
  type Pod,
  pod as podKind,
  storageClass,
} from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { type ApiObject, keyOf, quantityValue } from '@navarch/machinery';
import fc from 'fast-check';
import { place } from '../place.ts';
import type { Claim, StorageClass, Volume } from '../plugins/pod-claims.ts';
import { defaultProfile } from '../profile.ts';
import { applyFix, type Objects, objectsById } from '../testing/apply-fix.ts';
import { nodeOf, objectsOf, podOf } from '../testing/builders.ts';
import { explain } from './explain.ts';
import { Judge } from './judge.ts';
import { WhatIf } from './what-if.ts';

const ZONE = 'topology.kubernetes.io/zone';
const BOUND = { 'pv.kubernetes.io/bind-completed': 'yes' };

const aVolume = fc.record({
  size: fc.constantFrom('1Gi', '5Gi'),
  className: fc.constantFrom('', 'local'),
  phase: fc.constantFrom('Available', 'Released'),
  node: fc.option(fc.constantFrom('n0', 'n1'), { nil: undefined }),
});

const aWorld = fc.record({
  zones: fc.array(fc.option(fc.constantFrom('eu-a1', 'eu-b1'), { nil: undefined, freq: 5 }), {
    minLength: 1,
    maxLength: 3,
  }),
  volumes: fc.array(aVolume, { maxLength: 3 }),
  isCordoned: fc.boolean(),
  space: fc.option(fc.constantFrom('0', '1Gi', '9Gi'), { nil: undefined }),
  topologies: fc.boolean(),
  claim: fc.oneof(
    /** Of which class, waiting for a pod or not. */
    fc.record({
      type: fc.constant('open' as const),
      className: fc.constantFrom('', 'local', 'made', 'waits', 'csi', 'lcoal', 'nothing'),
      size: fc.constantFrom('1Gi', '3Gi', '8Gi'),
    }),
    /** To what. */
    fc.record({
      type: fc.constant('bound' as const),
      to: fc.constantFrom('gone', 'zone', 'slip', 'node', 'no node'),
      className: fc.constantFrom('', 'made', 'waits'),
      isUsed: fc.boolean(),
      isLost: fc.boolean(),
    }),
  ),
});
type World = typeof aWorld extends fc.Arbitrary<infer T> ? T : never;

const classOf = (name: string, provisioner: string, volumeBindingMode: string, more: object = {}): object => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name },
  provisioner,
  volumeBindingMode,
  ...more,
});

const onNode = (name: string): object => ({
  required: {
    nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] }],
  },
});

const volumeOf = (
  name: string,
  spec: object,
  more: { readonly phase?: string; readonly labels?: object } = {},
): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name, uid: name, ...(more.labels ? { labels: more.labels } : {}) },
  spec: { capacity: { storage: '8Gi' }, accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem', ...spec },
  status: { phase: more.phase ?? 'Bound' },
});

function objectsFrom({ zones, volumes, claim, isCordoned, space, topologies }: World): Objects {
  const ref = { name: 'data', namespace: 'default', uid: 'claim' };
  const spec = {
    accessModes: ['ReadWriteOnce'],
    volumeMode: 'Filesystem',
    storageClassName: claim.className,
    resources: { requests: { storage: claim.type === 'open' ? claim.size : '1Gi' } },
  };
  const made = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'default', uid: 'claim', annotations: claim.type === 'bound' ? BOUND : {} },
    spec: claim.type === 'bound' ? { ...spec, volumeName: 'held' } : spec,
    status: { phase: claim.type === 'open' ? 'Pending' : claim.isLost && claim.to === 'gone' ? 'Lost' : 'Bound' },
  };
  const places = { zone: { labels: { [ZONE]: 'eu-b1' } }, slip: { labels: { [ZONE]: 'eu-a2' } } };
  const spots = { node: { nodeAffinity: onNode('n0') }, 'no node': { nodeAffinity: onNode('n9') } };
  const to = claim.type === 'bound' ? claim.to : 'gone';
  const held =
    to === 'gone'
      ? []
      : [
          volumeOf(
            'held',
            { claimRef: ref, storageClassName: claim.className, ...(to in spots ? spots[to as 'node'] : {}) },
            to in places ? places[to as 'zone'] : {},
          ),
        ];
  const mounted = {
    spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } as unknown as Pod['spec'],
  };
  const user = podOf('user', { spec: { ...mounted.spec, nodeName: 'n0' } });
  return objectsById([
    ...zones.map((zone, i) =>
      nodeOf(`n${i}`, { labels: zone ? { [ZONE]: zone } : {}, spec: { unschedulable: isCordoned && i === 0 } }),
    ),
    classOf('local', 'kubernetes.io/no-provisioner', 'WaitForFirstConsumer'),
    classOf('made', 'example.com/p', 'Immediate', {
      metadata: { name: 'made', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    }),
    classOf(
      'waits',
      'example.com/p',
      'WaitForFirstConsumer',
      topologies ? { allowedTopologies: [{ matchLabelExpressions: [{ key: ZONE, values: ['eu-b1'] }] }] } : {},
    ),
    classOf('csi', 'csi.example.com', 'WaitForFirstConsumer'),
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name: 'csi.example.com' },
      spec: { storageCapacity: true },
    },
    ...(space === undefined
      ? []
      : [
          {
            apiVersion: 'storage.k8s.io/v1',
            kind: 'CSIStorageCapacity',
            metadata: { name: 's', namespace: 'default' },
            storageClassName: 'csi',
            nodeTopology: {},
            capacity: space,
          },
        ]),
    ...volumes.map((volume, i) =>
      volumeOf(
        `v${i}`,
        {
          capacity: { storage: volume.size },
          storageClassName: volume.className,
          ...(volume.node ? { nodeAffinity: onNode(volume.node) } : {}),
          ...(volume.phase === 'Released' ? { claimRef: { name: 'old', namespace: 'default', uid: 'old' } } : {}),
        },
        { phase: volume.phase },
      ),
    ),
    ...held,
    made,
    ...(claim.type === 'bound' && claim.isUsed ? [user] : []),
    podOf('waiting', mounted),
  ] as unknown as readonly ApiObject[]);
}

const ofKind = <O extends ApiObject>(objects: Objects, kind: string): readonly O[] =>
  [...objects].filter(([id]) => id.startsWith(`${kind} `)).map(([, object]) => object as O);

/** What the controllers of volumes do: those that are free again may be had, claims that wait for no pod get theirs. */
function settled(objects: Objects): Objects {
  const then: Objects = new Map(objects);
  for (const volume of ofKind<Volume>(then, 'PersistentVolume'))
    if (!volume.spec.claimRef)
      then.set(`PersistentVolume ${volume.metadata.name}`, { ...volume, status: { phase: 'Available' } } as ApiObject);
  for (const claim of ofKind<Claim>(then, 'PersistentVolumeClaim')) {
    if (claim.spec.volumeName || claim.metadata.name !== 'data') continue;
    const found = then.get(`StorageClass ${claim.spec.storageClassName}`) as StorageClass | undefined;
    const free = ofKind<Volume>(then, 'PersistentVolume').filter(
      ({ spec, status }) =>
        (spec.storageClassName ?? '') === (claim.spec.storageClassName ?? '') &&
        (spec.claimRef
          ? spec.claimRef.name === 'data' && (spec.claimRef.uid ?? claim.metadata.uid) === claim.metadata.uid
          : status?.phase === 'Available' && found?.volumeBindingMode !== 'WaitForFirstConsumer') &&
        quantityValue(spec.capacity?.['storage']) >= quantityValue(claim.spec.resources?.requests?.['storage']),
    );
    const isMade = found?.provisioner.startsWith('example') && found.volumeBindingMode === 'Immediate';
    const [own] = free.filter(({ spec }) => spec.claimRef);
    const [volume] = own
      ? [own]
      : free.toSorted(
          (a, b) => quantityValue(a.spec.capacity?.['storage']) - quantityValue(b.spec.capacity?.['storage']),
        );
    const name = volume?.metadata.name ?? 'made-for-it';
    if (!volume && !isMade) continue;
    const base = volume ?? (volumeOf(name, { storageClassName: found?.metadata.name }) as Volume);
    const claimRef = { name: 'data', namespace: 'default', uid: claim.metadata.uid };
    then.set(`PersistentVolume ${name}`, {
      ...base,
      spec: { ...base.spec, claimRef },
      status: { phase: 'Bound' },
    } as ApiObject);
    const metadata = { ...claim.metadata, annotations: { ...claim.metadata.annotations, ...BOUND } };
    const bound = { ...claim, metadata, spec: { ...claim.spec, volumeName: name }, status: { phase: 'Bound' } };
    then.set(`PersistentVolumeClaim ${keyOf(claim)}`, bound as ApiObject);
  }
  return then;
}

function rebuilt(objects: Objects): { readonly whatIf: WhatIf; readonly pod: Pod } {
  const whatIf = WhatIf.of(
    objectsOf(
      [nodeKind, ofKind(objects, 'Node')],
      [podKind, ofKind(objects, 'Pod')],
      [persistentVolumeClaim, ofKind(objects, 'PersistentVolumeClaim')],
      [persistentVolume, ofKind(objects, 'PersistentVolume')],
      [storageClass, ofKind(objects, 'StorageClass')],
      [csiDriver, ofKind(objects, 'CSIDriver')],
      [csiStorageCapacity, ofKind(objects, 'CSIStorageCapacity')],
    ),
  );
  return { whatIf, pod: objects.get('Pod default/waiting') as Pod };
}

test('explain() tells no fix about volumes that does not make the pod fit on the node it names', () => {
  let told = 0;
  const sorts = new Set<string>();
  fc.assert(
    fc.property(aWorld, (world) => {
      const objects = settled(objectsFrom(world));
      const { whatIf, pod } = rebuilt(objects);
      const answer = explain(pod, whatIf, [defaultProfile]);
      for (const fix of answer.fixes) {
        told += 1;
        for (const part of fix.summary.split('; ')) sorts.add(part.split(' ').slice(0, 2).join(' '));
        for (const change of fix.changes)
          assert.ok(
            change.type !== 'recreate' || change.object.kind !== 'PersistentVolume',
            'a volume keeps what is in it',
          );
        const then = rebuilt(settled(applyFix(fix, objects)));
        const node = then.whatIf.snapshot.node(fix.node);
        assert.ok(node);
        assert.ok(new Judge(then.pod, then.whatIf.snapshot, defaultProfile).accepts(node), fix.summary);
        assert.ok(place(then.pod, then.whatIf.snapshot, defaultProfile, { random: seededRandom(1) }).node, fix.summary);
      }
    }),
    { numRuns: 600, seed: 5 },
  );
  assert.ok(told > 200, `${told} fixes were told`);
  for (const sort of ['make claim', 'label volume', 'give volume', 'let class', 'create a', 'ask for', 'claim data'])
    assert.ok(sorts.has(sort), `${sort}: ${[...sorts].join(', ')}`);
});
