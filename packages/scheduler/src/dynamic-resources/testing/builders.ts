import type { Claim, DeviceClass, DeviceSpec, Slice, TaintRule } from '../devices.ts';

export const DRIVER = 'gpu.example.com';

interface SliceShape {
  readonly name?: string;
  readonly pool?: string;
  readonly generation?: number;
  readonly count?: number;
  readonly devices?: readonly DeviceSpec[];
  readonly spec?: Partial<Slice['spec']>;
}

/** Devices of one node, in a pool of the node's name, unless `spec` says otherwise. */
export const sliceOf = (
  node: string,
  { name = `${node}-slice`, pool = node, generation = 1, count = 1, devices = [], spec = {} }: SliceShape = {},
): Slice =>
  ({
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceSlice',
    metadata: { name },
    spec: {
      driver: DRIVER,
      pool: { name: pool, generation, resourceSliceCount: count },
      ...(node ? { nodeName: node } : {}),
      devices,
      ...spec,
    },
  }) as unknown as Slice;

export const deviceOf = (name: string, more: Partial<DeviceSpec> = {}): DeviceSpec => ({ name, ...more });

export const classOf = (name: string, spec: object = {}): DeviceClass =>
  ({ apiVersion: 'resource.k8s.io/v1', kind: 'DeviceClass', metadata: { name }, spec }) as unknown as DeviceClass;

export const ruleOf = (name: string, spec: object): TaintRule =>
  ({
    apiVersion: 'resource.k8s.io/v1',
    kind: 'DeviceTaintRule',
    metadata: { name },
    spec,
    status: {},
  }) as unknown as TaintRule;

/** A request of one device of class `gpu`. */
export const one = (name: string, exactly: object = {}): object => ({
  name,
  exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1, ...exactly },
});

export const claimOf = (name: string, devices: object = { requests: [one('gpu')] }, more: object = {}): Claim =>
  ({
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: '1' },
    spec: { devices },
    status: {},
    ...more,
  }) as unknown as Claim;

/** What a claim has that was given this device of `node`'s pool. */
export const allocatedOn = (node: string, device: string, more: object = {}): object => ({
  allocation: {
    devices: { results: [{ request: 'gpu', driver: DRIVER, pool: node, device, ...more }] },
    nodeSelector: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
    },
  },
});
