import { highPriority, lowPriority, measuredOf, namespaceOf, nodesOf, podsOf } from './bodies.ts';
import { BEFORE, type Body, MEASURED, type NamedReplay } from './replay.ts';

const DRIVER = 'ebs.csi.aws.com';
const GIBIBYTE = { storage: '1Gi' };

type Source = (name: string) => object;
const inTree: Source = (name) => ({ awsElasticBlockStore: { volumeID: name } });
const csi: Source = (name) => ({ csi: { driver: DRIVER, volumeHandle: name } });

/** A volume and a claim that know of each other, for each of these pods. */
function boundClaims(namespace: string, pods: string, count: number, source: Source): readonly Body[] {
  return Array.from({ length: count }, (_, i) => `${pods}-${i}`).flatMap((name): Body[] => [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `${namespace}-${name}` },
      spec: {
        accessModes: ['ReadOnlyMany'],
        capacity: GIBIBYTE,
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name },
        ...source(`${namespace}-${name}`),
      },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace },
      spec: {
        accessModes: ['ReadOnlyMany'],
        resources: { requests: GIBIBYTE },
        storageClassName: '',
        volumeName: `${namespace}-${name}`,
      },
    },
  ]);
}

const claimed =
  (pods: string) =>
  (index: number): object => ({
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: `${pods}-${index}` } }],
  });

const csiNode = ({ metadata: { name } }: Body): Body => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSINode',
  metadata: { name },
  spec: { drivers: [{ name: DRIVER, nodeID: name, allocatable: { count: 39 } }] },
});

const BOTH = [namespaceOf(BEFORE), namespaceOf(MEASURED)];

const volumes = (name: string, source: Source, [before, count]: readonly [number, number]): NamedReplay => ({
  name,
  at: (n) => {
    const nodes = nodesOf(n(5000));
    return {
      nodes,
      objects: [
        ...(source === csi ? nodes.map(csiNode) : []),
        ...BOTH,
        ...boundClaims(BEFORE, 'before', n(before), source),
        ...boundClaims(MEASURED, 'pod', n(count), source),
      ],
      before: [podsOf('before', n(before), { spec: claimed('before') })],
      measured: measuredOf(n(count), { spec: claimed('pod') }),
    };
  },
});

const DEVICES = 'test-driver.cdi.k8s.io';
/** Of each node. */
const DEVICE_COUNT = 10;

const slice = ({ metadata: { name } }: Body): Body => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceSlice',
  metadata: { name: `${name}-devices` },
  spec: {
    driver: DEVICES,
    nodeName: name,
    pool: { name, generation: 1, resourceSliceCount: 1 },
    devices: Array.from({ length: DEVICE_COUNT }, (_, i) => ({ name: `device-${i}` })),
  },
});

/** Workloads of pods that claim volumes or devices, or use what others hold. */
export const claimReplays: readonly NamedReplay[] = [
  {
    name: 'SchedulingSecrets/5000Nodes_10000Pods',
    at: (n) => {
      const spec = { volumes: [{ name: 'secret', secret: { secretName: 'secret' } }] };
      return {
        nodes: nodesOf(n(5000)),
        objects: [],
        before: [podsOf('before', n(1000), { spec })],
        measured: measuredOf(n(10_000), { spec }),
      };
    },
  },
  volumes('SchedulingInTreePVs/5000Nodes_2000Pods', inTree, [1000, 2000]),
  volumes('SchedulingCSIPVs/5000Nodes_5000Pods', csi, [5000, 5000]),
  {
    name: 'PreemptionPVs/1000Nodes',
    at: (n) => ({
      nodes: nodesOf(n(1000)),
      objects: [...BOTH, ...boundClaims(MEASURED, 'pod', n(1000), inTree)],
      before: [lowPriority(n(1000) * 4)],
      measured: measuredOf(n(1000), {
        ...highPriority,
        spec: (index) => ({ ...highPriority.spec, ...claimed('pod')(index) }),
      }),
    }),
  },
  {
    name: 'SchedulingWithResourceClaimTemplate/5000pods_500nodes',
    at: (n) => {
      const nodes = nodesOf(n(500));
      return {
        nodes,
        objects: [
          ...BOTH,
          {
            apiVersion: 'resource.k8s.io/v1',
            kind: 'DeviceClass',
            metadata: { name: 'test-class' },
            spec: { selectors: [{ cel: { expression: `device.driver == "${DEVICES}"` } }] },
          },
          {
            apiVersion: 'resource.k8s.io/v1',
            kind: 'ResourceClaimTemplate',
            metadata: { name: 'one-device', namespace: MEASURED },
            spec: { spec: { devices: { requests: [{ name: 'one', exactly: { deviceClassName: 'test-class' } }] } } },
          },
          ...nodes.map(slice),
        ],
        before: [],
        measured: measuredOf(n(5000), {
          spec: {
            containers: [{ name: 'pause', image: 'pause', resources: { claims: [{ name: 'device' }] } }],
            resourceClaims: [{ name: 'device', resourceClaimTemplateName: 'one-device' }],
          },
        }),
      };
    },
  },
];
