import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceClass, deviceTaintRule, type Node, type Pod, resourceClaim, resourceSlice } from '@navarch/api';
import { nodeOf, objectsOf, podOf, profileOf, put, snapshotOf, verdict } from '../testing/builders.ts';
import type { Allocation, DeviceSpec, Result } from './devices.ts';
import { dynamicResourcesBy } from './dynamic-resources.ts';
import type { DeviceLedger } from './ledger.ts';
import { type ClaimPlan, planOf } from './plan.ts';
import { allocationOf } from './results.ts';
import { allocatedOn, claimOf, classOf, deviceOf, DRIVER, one, ruleOf, sliceOf } from './testing/builders.ts';

const plugin = dynamicResourcesBy({ bindingTimeout: '10m0s' });
const profile = profileOf(plugin);
const gpu = classOf('gpu', { selectors: [{ cel: { expression: `device.driver == "${DRIVER}"` } }] });

interface World {
  readonly nodes?: readonly string[];
  readonly claims?: readonly object[];
  readonly slices?: readonly object[];
  readonly classes?: readonly object[];
  readonly rules?: readonly object[];
}

const worldOf = ({ nodes = ['a', 'b'], claims = [], slices = [], classes = [gpu], rules = [] }: World) =>
  snapshotOf(
    nodes.map((name) => nodeOf(name, { labels: { zone: `zone-${name}` } })),
    {},
    objectsOf([resourceClaim, claims], [resourceSlice, slices], [deviceClass, classes], [deviceTaintRule, rules]),
  );

const user = (...names: readonly string[]): Pod =>
  podOf('p', { spec: { resourceClaims: names.map((name) => ({ name, resourceClaimName: name })) } });

/** Where a pod goes that wants these claims, or what it is told. */
const goes = (world: World, ...names: readonly string[]): string => verdict(user(...names), worldOf(world), profile);

/** What the first claim would get on node a, by request; or why nothing. */
function gets(world: World): string {
  const { devices } = worldOf(world);
  const plans = (world.claims ?? []).map((claim) => {
    const plan = planOf(claim as ReturnType<typeof claimOf>, (name) => devices.deviceClass(name));
    if (typeof plan === 'string') throw new Error(plan);
    return plan;
  });
  const found = given(plans, nodeOf('a', { labels: { zone: 'zone-a' } }), devices);
  return typeof found === 'string' ? found : shown(found);
}

/** What the claims would get on a node, or why nothing. */
function given(plans: readonly ClaimPlan[], node: Node, devices: DeviceLedger): readonly Allocation[] | string {
  const found = devices.solve(plans, node);
  if ('reason' in found) return found.reason;
  return plans.map((plan, i) => allocationOf(plan, found.taken[i] ?? [], found.ways[i] ?? [], node));
}

const shown = (allocations: readonly Allocation[]): string =>
  allocations.map(({ devices }) => (devices?.results ?? []).map(resultText).join(' ')).join(', ');
const resultText = ({ request, device, consumedCapacity }: Result): string =>
  `${request}=${device}${consumedCapacity ? `(${Object.values(consumedCapacity).join()})` : ''}`;

const wants = (...requests: readonly object[]): object => claimOf('c', { requests });
const has = (...devices: readonly DeviceSpec[]): object => sliceOf('a', { devices });

test('a pod goes where its claims can be given devices', () => {
  const claims = [wants(one('gpu'))];
  assert.equal(goes({ claims, slices: [sliceOf('b', { devices: [deviceOf('x')] })] }, 'c'), 'b');
  assert.equal(goes({ claims }, 'c'), '0/2 nodes are available: 2 cannot allocate all claims.');
  const taken = claimOf('other', undefined, { status: allocatedOn('b', 'x') });
  assert.equal(
    goes({ claims: [...claims, taken], slices: [sliceOf('b', { devices: [deviceOf('x')] })] }, 'c'),
    '0/2 nodes are available: 2 cannot allocate all claims.',
  );
});

test('a pod waits for its claims, their classes, and room among their consumers', () => {
  const told = { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'p-gpu-x' }] };
  const fromTemplate = (status: object = {}): Pod =>
    podOf('p', { spec: { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }] }, status });
  const gate = (pod: Pod, ...claims: readonly object[]) => plugin.gate?.(pod, worldOf({ claims }));
  assert.equal(gate(fromTemplate()), 'pod "default/p": ResourceClaim not created yet');
  assert.equal(gate(fromTemplate(told)), 'resourceclaim.resource.k8s.io "p-gpu-x" not found');
  assert.equal(
    gate(fromTemplate(told), claimOf('p-gpu-x')),
    'ResourceClaim default/p-gpu-x was not created for pod default/p (pod is not owner)',
  );
  const going = { metadata: { name: 'c', namespace: 'default', uid: 'u', deletionTimestamp: '2026-01-01T00:00:00Z' } };
  assert.equal(gate(user('c'), claimOf('c', undefined, going)), 'resourceclaim "c" is being deleted');
  assert.equal(gate(fromTemplate({ resourceClaimStatuses: [{ name: 'gpu' }] })), undefined);

  assert.equal(
    goes({ claims: [wants(one('gpu', { deviceClassName: 'fpga' }))] }, 'c'),
    '0/2 nodes are available: request gpu: device class fpga does not exist.',
  );
  const reservedFor = Array.from({ length: 256 }, (_, i) => ({ resource: 'pods', name: `p${i}`, uid: `u${i}` }));
  const full = claimOf('c', undefined, { status: { ...allocatedOn('a', 'x'), reservedFor } });
  assert.equal(goes({ claims: [full] }, 'c'), '0/2 nodes are available: resourceclaim in use.');
});

test('an allocated claim keeps its pod to the nodes of its devices; idle and elsewhere, it is given back', () => {
  const claims = [claimOf('c', undefined, { status: allocatedOn('b', 'x') })];
  assert.equal(goes({ claims }, 'c'), 'b');
  const snapshot = worldOf({ nodes: ['a'], claims });
  assert.equal(
    verdict(user('c'), snapshot, profile),
    '0/1 nodes are available: 1 resourceclaim not available on the node.',
  );
  assert.equal(plugin.remedy?.(user('c'), snapshot)?.message, 'deallocation of ResourceClaim completed');
  const reservedFor = [{ resource: 'pods', name: 'q', uid: 'uid-q' }];
  const used = claimOf('c', undefined, { status: { ...allocatedOn('b', 'x'), reservedFor } });
  assert.equal(plugin.remedy?.(user('c'), worldOf({ nodes: ['a'], claims: [used] })), undefined);
});

test('selectors of classes and requests choose devices by attributes, capacity and versions', () => {
  const devices = [
    deviceOf('old', { attributes: { driverVersion: { version: '1.2.0' } }, capacity: { memory: { value: '8Gi' } } }),
    deviceOf('new', {
      attributes: { driverVersion: { version: '2.10.0' }, 'numa.example.com/node': { int: 1 } },
      capacity: { memory: { value: '16Gi' } },
    }),
  ];
  const chosenBy = (expression: string): string =>
    gets({ claims: [wants(one('gpu', { selectors: [{ cel: { expression } }] }))], slices: [has(...devices)] });
  const here = `device.attributes["${DRIVER}"]`;
  assert.equal(chosenBy(`${here}.driverVersion.isGreaterThan(semver("2.9.0"))`), 'gpu=new');
  assert.equal(chosenBy(`device.capacity["${DRIVER}"].memory.compareTo(quantity("10Gi")) < 0`), 'gpu=old');
  assert.equal(chosenBy('device.attributes["numa.example.com"].?node.orValue(0) == 1'), 'gpu=new');
  assert.equal(chosenBy('"numa.example.com" in device.attributes'), 'gpu=new');
  assert.equal(chosenBy('has(device.attributes["nobody.example.com"].x)'), 'cannot allocate all claims');
  assert.equal(
    chosenBy(`${here}.nothing == 1`),
    'claim default/c: selector #0: CEL runtime error: no such key: nothing',
  );
});

test('all devices are all that a request means; of a pool that is half known nobody can have all', () => {
  const all = one('gpu', { allocationMode: 'All', count: undefined });
  const slices = [has(deviceOf('x'), deviceOf('y'))];
  assert.equal(gets({ claims: [wants(all)], slices }), 'gpu=x gpu=y');
  assert.equal(gets({ claims: [wants(all)] }), 'cannot allocate all claims');
  const half = [sliceOf('a', { devices: [deviceOf('x')], count: 2 })];
  assert.equal(
    gets({ claims: [wants(all)], slices: half }),
    `claim default/c, request gpu: asks for all devices, but resource pool ${DRIVER}/a is currently being updated`,
  );
  assert.equal(gets({ claims: [wants(one('gpu'))], slices: half }), 'gpu=x');
});

test('of a pool only the newest generation counts, and nothing where it contradicts itself', () => {
  const old = sliceOf('a', { name: 'old', devices: [deviceOf('gone')] });
  const fresh = sliceOf('a', { name: 'new', generation: 2, devices: [deviceOf('x')] });
  assert.equal(gets({ claims: [wants(one('gpu'))], slices: [old, fresh] }), 'gpu=x');
  const twice = ['s1', 's2'].map((name) => sliceOf('a', { name, count: 2, devices: [deviceOf('x')] }));
  assert.equal(gets({ claims: [wants(one('gpu'))], slices: twice }), 'invalid resource pools were encountered');
});

test('devices can be used from one node, from chosen ones, from all, or each from its own', () => {
  const zone = (name: string): object => ({
    nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [name] }] }],
  });
  const remote = (spec: object, devices: readonly DeviceSpec[] = [deviceOf('x')]): object =>
    sliceOf('', { pool: 'remote', name: 'remote', devices, spec: spec as never });
  const where = (slice: object): string => goes({ claims: [wants(one('gpu'))], slices: [slice], nodes: ['b'] }, 'c');
  const NOWHERE = '0/1 nodes are available: 1 cannot allocate all claims.';
  assert.equal(where(remote({ allNodes: true })), 'b');
  assert.equal(where(remote({ nodeSelector: zone('zone-b') })), 'b');
  assert.equal(where(remote({ nodeSelector: zone('zone-a') })), NOWHERE);
  const each = (more: object) => remote({ perDeviceNodeSelection: true }, [deviceOf('x', more)]);
  assert.equal(where(each({ nodeName: 'b' })), 'b');
  assert.equal(where(each({ nodeName: 'a' })), NOWHERE);
  assert.equal(where(each({ allNodes: true })), 'b');
});

test('the allocation says where its devices can be used, and how they are to be set up', () => {
  const opaque = (name: string): object => ({ opaque: { driver: DRIVER, parameters: { name } } });
  const classes = [classOf('gpu', { config: [opaque('class')] })];
  const claim = claimOf('c', {
    requests: [
      {
        name: 'r',
        firstAvailable: [
          { name: 'big', deviceClassName: 'gpu', count: 9 },
          { name: 'small', deviceClassName: 'gpu', count: 1 },
        ],
      },
      one('s'),
    ],
    config: [
      { requests: ['r/big'], ...opaque('big') },
      { requests: ['r/small', 's'], ...opaque('small') },
      opaque('every'),
    ],
  });
  const { devices } = worldOf({ classes, slices: [has(deviceOf('x'), deviceOf('y'))] });
  const plan = planOf(claim, (name) => devices.deviceClass(name));
  assert.ok(typeof plan !== 'string');
  assert.deepEqual(given([plan], nodeOf('a'), devices), [
    {
      devices: {
        results: [
          { request: 'r/small', driver: DRIVER, pool: 'a', device: 'x' },
          { request: 's', driver: DRIVER, pool: 'a', device: 'y' },
        ],
        config: [
          { source: 'FromClass', requests: ['r/small', 's'], ...opaque('class') },
          { source: 'FromClaim', requests: ['r/small', 's'], ...opaque('small') },
          { source: 'FromClaim', ...opaque('every') },
        ],
      },
      nodeSelector: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }],
      },
    },
  ]);
});

test('a node that leads to a better alternative is preferred', () => {
  const bySize = (size: string): object => ({
    name: size,
    deviceClassName: 'gpu',
    allocationMode: 'ExactCount',
    count: 1,
    selectors: [{ cel: { expression: `device.attributes["${DRIVER}"].size == "${size}"` } }],
  });
  const claims = [wants({ name: 'r', firstAvailable: [bySize('big'), bySize('small')] })];
  const sized = (node: string, size: string): object =>
    sliceOf(node, { devices: [deviceOf('x', { attributes: { size: { string: size } } })] });
  for (const [a, b, best] of [
    ['small', 'big', 'b'],
    ['big', 'small', 'a'],
  ] as const)
    for (const seed of [1, 2, 3])
      assert.equal(
        put(user('c'), worldOf({ claims, slices: [sized('a', a), sized('b', b)] }), profile, seed).node,
        best,
      );
});

test('devices that repel go to those only who tolerate it', () => {
  const taint = { key: 'broken', value: 'yes', effect: 'NoSchedule' as const };
  const slices = [has(deviceOf('x', { taints: [taint] }), deviceOf('y'))];
  const tolerant = (toleration: object): object => wants(one('gpu', { tolerations: [toleration] }));
  assert.equal(gets({ claims: [wants(one('gpu'))], slices }), 'gpu=y');
  assert.equal(gets({ claims: [tolerant({ key: 'broken', operator: 'Exists' })], slices }), 'gpu=x');
  assert.equal(gets({ claims: [tolerant({ key: 'broken', value: 'no' })], slices }), 'gpu=y');
  const rule = (effect: string, deviceSelector?: object): object =>
    ruleOf('r', { taint: { key: 'k', effect }, ...(deviceSelector ? { deviceSelector } : {}) });
  const plain = [has(deviceOf('x'), deviceOf('y'))];
  const claims = [wants(one('gpu'))];
  assert.equal(gets({ claims, slices: plain, rules: [rule('NoExecute', { driver: DRIVER, device: 'x' })] }), 'gpu=y');
  assert.equal(gets({ claims, slices: plain, rules: [rule('None', { driver: DRIVER })] }), 'gpu=x');
  assert.equal(gets({ claims, slices: plain, rules: [rule('NoSchedule')] }), 'gpu=x');
});

test('devices that are shared are given out until what they have is spent', () => {
  const shared = deviceOf('x', {
    allowMultipleAllocations: true,
    capacity: {
      memory: { value: '10Gi', requestPolicy: { default: '2Gi', validRange: { min: '2Gi', step: '2Gi' } } },
    },
  });
  const slices = [has(shared)];
  const wanting = (memory?: string): object => one('gpu', memory ? { capacity: { requests: { memory } } } : {});
  assert.equal(gets({ claims: [wants(wanting('3Gi'))], slices }), 'gpu=x(4Gi)');
  assert.equal(gets({ claims: [wants(wanting())], slices }), 'gpu=x(2Gi)');
  assert.equal(gets({ claims: [wants(one('gpu', { count: 5 }))], slices }), Array(5).fill('gpu=x(2Gi)').join(' '));
  assert.equal(gets({ claims: [wants(one('gpu', { count: 6 }))], slices }), 'cannot allocate all claims');
});

test('administrators get what others use, and take it from nobody', () => {
  const slices = [has(deviceOf('x'))];
  const others = claimOf('o', undefined, { status: allocatedOn('a', 'x') });
  const watched = claimOf('w', undefined, { status: allocatedOn('a', 'x', { adminAccess: true }) });
  const admin = claimOf('c', { requests: [one('gpu', { adminAccess: true })] });
  assert.equal(goes({ claims: [admin, others], slices }, 'c'), 'a');
  assert.equal(goes({ claims: [wants(one('gpu')), watched], slices }, 'c'), 'a');
});

test('a pod is woken by devices given back and by news of its own claims, not of others', () => {
  const free = claimOf('c');
  const allocated = claimOf('o', undefined, { status: allocatedOn('a', 'x') });
  const snapshot = worldOf({ claims: [free] });
  const wakes = (claim: object | undefined, previous: object | undefined) =>
    plugin.wakes?.(user('c'), { type: 'claim-changed', claim, previous } as never, snapshot);
  assert.equal(wakes({ ...allocated, status: {} }, allocated), true);
  assert.equal(wakes(undefined, allocated), true);
  assert.equal(wakes(allocated, { ...allocated, status: {} }), false);
  assert.equal(wakes(free, undefined), true);
  assert.equal(wakes({ ...free, metadata: { ...free.metadata, labels: {} } }, free), false);
  assert.equal(
    plugin.wakes?.(user('missing'), { type: 'claim-changed', claim: free, previous: undefined }, snapshot),
    false,
  );
});
