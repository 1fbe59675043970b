import type { Plain } from './plain.ts';
import { type Dice, NAMESPACES, OLD_ZONE, ZONE } from './dice.ts';

export const CLAIMS = ['late1', 'late2', 'csi', 'bound1', 'bound2', 'sole', 'now'] as const;

const MIB = ['100Mi', '600Mi', '2Gi'] as const;
const inZone = (...values: readonly string[]): object => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'In', values }] }] },
});

type Storage = Pick<Plain, 'claims' | 'volumes' | 'classes' | 'csiNodes' | 'csiDrivers' | 'capacities' | 'attachments'>;

/** Claims of every sort, each in every namespace, and what they may be bound to. */
export function storageOf(dice: Dice, nodeCount: number): Storage {
  const bound = NAMESPACES.flatMap((namespace) =>
    ['bound1', 'bound2', 'sole'].map((name) => boundPair(dice, namespace, name)),
  );
  const claims = [...NAMESPACES.flatMap((namespace) => openClaims(dice, namespace)), ...bound.map(([claim]) => claim)];
  const volumes = [...bound.flatMap(([, made]) => made), ...Array.from({ length: 5 }, (_, i) => free(dice, i))];
  return {
    claims,
    volumes,
    classes: [
      {
        metadata: { name: 'late' },
        provisioner: 'kubernetes.io/no-provisioner',
        volumeBindingMode: 'WaitForFirstConsumer',
      },
      {
        metadata: { name: 'driver' },
        provisioner: 'csi.example.com',
        volumeBindingMode: 'WaitForFirstConsumer',
        ...(dice.once(2)
          ? { allowedTopologies: [{ matchLabelExpressions: [{ key: ZONE, values: ['a', 'b'] }] }] }
          : {}),
      },
      { metadata: { name: 'now' }, provisioner: 'csi.example.com', volumeBindingMode: 'Immediate' },
    ],
    csiNodes: Array.from({ length: nodeCount }, (_, i) => ({
      metadata: { name: `n${i}` },
      spec: {
        drivers: dice.once(2) ? [{ name: 'csi.example.com', nodeID: 'x', allocatable: { count: dice.upTo(3) } }] : [],
      },
    })),
    csiDrivers: [
      {
        metadata: { name: 'csi.example.com' },
        spec: { storageCapacity: dice.once(2), preventPodSchedulingIfMissing: dice.once(3) },
      },
    ],
    capacities: ['a', 'b'].map((zone) => ({
      metadata: { name: zone, namespace: 'default' },
      storageClassName: 'driver',
      capacity: dice.pick(MIB),
      ...(dice.once(3) ? { maximumVolumeSize: '300Mi' } : {}),
      nodeTopology: { matchLabels: { [ZONE]: zone } },
    })),
    attachments: dice.some(2, () => ({
      metadata: { name: `a${dice.upTo(99)}` },
      spec: {
        attacher: dice.pick(['csi.example.com', 'csi.example.com', 'other.example.com']),
        nodeName: `n${dice.upTo(Math.max(0, nodeCount - 1))}`,
        source: { persistentVolumeName: dice.pick(['default-bound1', 'other-bound2', 'gone']) },
      },
      status: { attached: true },
    })),
  } as unknown as Storage;
}

function openClaims(dice: Dice, namespace: string): readonly object[] {
  const claim = (name: string, storageClassName: string, more: object = {}): object => ({
    metadata: {
      name,
      namespace,
      uid: `${namespace}-${name}`,
      ...(dice.once(8) ? { annotations: { 'volume.kubernetes.io/selected-node': `n${dice.upTo(3)}` } } : {}),
      ...(dice.once(20) ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: {
      accessModes: [dice.pick(['ReadWriteOnce', 'ReadWriteOnce', 'ReadWriteOncePod'])],
      storageClassName,
      resources: { requests: { storage: dice.pick(MIB) } },
      ...(dice.once(8) ? { selector: { matchLabels: { tier: 'fast' } } } : {}),
      ...more,
    },
    status: { phase: 'Pending' },
  });
  return [
    claim('late1', 'late'),
    claim('late2', dice.pick(['late', 'driver'])),
    claim('csi', 'driver'),
    ...(dice.once(4) ? [claim('now', 'now')] : []),
  ];
}

/** A claim with its volume, which may be gone. */
function boundPair(dice: Dice, namespace: string, name: string): readonly [claim: object, made: readonly object[]] {
  const volumeName = `${namespace}-${name}`;
  const volume = {
    metadata: {
      name: volumeName,
      labels: dice.once(3) ? { [dice.pick([ZONE, OLD_ZONE])]: dice.pick(['a', 'b', 'a__c', 'a__', '']) } : {},
    },
    spec: {
      capacity: { storage: '2Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'late',
      claimRef: { name, namespace, uid: volumeName },
      ...(dice.once(2) ? { csi: { driver: 'csi.example.com', volumeHandle: volumeName } } : {}),
      ...(dice.once(3) ? { nodeAffinity: inZone('a', 'b') } : {}),
    },
    status: { phase: 'Bound' },
  };
  const claim = {
    metadata: { name, namespace, uid: volumeName, annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
    spec: {
      accessModes: [name === 'sole' ? 'ReadWriteOncePod' : 'ReadWriteOnce'],
      storageClassName: 'late',
      volumeName,
      resources: { requests: { storage: '1Gi' } },
    },
    status: { phase: dice.once(20) ? 'Lost' : 'Bound' },
  };
  return [claim, dice.once(12) ? [] : [volume]];
}

const free = (dice: Dice, at: number): object => ({
  metadata: { name: `free${at}`, labels: dice.once(2) ? { tier: 'fast' } : {} },
  spec: {
    // No two of one size: which of two equals is taken is nobody's promise.
    capacity: { storage: `${1 + at * 700 + dice.upTo(600)}Mi` },
    accessModes: dice.once(4) ? ['ReadWriteMany'] : ['ReadWriteOnce', 'ReadWriteOncePod'],
    storageClassName: 'late',
    ...(dice.once(3) ? { nodeAffinity: inZone(dice.pick(['a', 'b', 'c'])) } : {}),
    ...(dice.once(4)
      ? {
          claimRef: {
            name: 'late1',
            namespace: 'default',
            ...(dice.once(2) ? { uid: dice.pick(['default-late1', 'stale']) } : {}),
          },
        }
      : {}),
  },
  status: { phase: dice.once(6) ? 'Released' : 'Available' },
});
