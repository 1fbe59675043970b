import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkPolicy, Pod } from '@navarch/api';
import fc from 'fast-check';
import { FAMILIES } from '../families.ts';
import { podFacts } from './pod-facts.ts';
import { Kernel, type Packet } from './testing/kernel.ts';
import { type Cluster, mayArrive, mayLeave, podAt } from './testing/reference.ts';
import { PolicyView } from './view.ts';

// Random clusters that change step by step: after each, on each node, packets are let through by the rules as they stand in
// the kernel exactly where the words of the API let them through; and what changes made is what a fresh start makes.

const NODES = ['one', 'two'] as const;
const BRIDGE = 'pods0';
const NAMESPACES = ['x', 'y', 'z'] as const;

const labels = fc.dictionary(fc.constantFrom('app', 'tier'), fc.constantFrom('a', 'b'), { maxKeys: 2 });
const expression = fc.oneof(
  fc.record({
    key: fc.constantFrom('app', 'tier'),
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.uniqueArray(fc.constantFrom('a', 'b'), { minLength: 1 }),
  }),
  fc.record({ key: fc.constantFrom('app', 'tier'), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);
const selector = fc.oneof(
  fc.constant({}),
  fc.record({ matchLabels: labels }),
  fc.record({ matchExpressions: fc.array(expression, { maxLength: 2 }) }),
);
const block = fc.constantFrom(
  { cidr: '0.0.0.0/0' },
  { cidr: '::/0', except: ['fd00:1::/64'] },
  { cidr: '10.244.0.0/16', except: ['10.244.1.0/30', '10.244.1.2/31'] },
  { cidr: '10.244.1.0/24', except: ['10.244.1.0/25', '10.244.1.128/25'] },
  { cidr: '192.0.2.0/24', except: ['192.0.2.8/29'] },
  { cidr: 'fd00:2::/64', except: ['fd00:2::/126'] },
);
const peer = fc.oneof(
  fc.record({ podSelector: selector }),
  fc.record({ namespaceSelector: selector }),
  fc.record({ namespaceSelector: selector, podSelector: selector }),
  fc.record({ ipBlock: block }),
);
const protocol = fc.constantFrom('TCP', 'UDP', 'SCTP');
const port = fc.oneof(
  fc.record({ protocol }),
  fc.record({ port: fc.constantFrom(80, 443) }),
  fc.record({ protocol, port: fc.constantFrom(80, 81, 443) }),
  fc.record({ protocol, port: fc.constantFrom(79, 81), endPort: fc.constantFrom(81, 443) }),
  fc.record({ protocol, port: fc.constantFrom('web', 'names') }),
);
const rule = (field: 'from' | 'to'): fc.Arbitrary<object> =>
  fc.record(
    { [field]: fc.array(peer, { maxLength: 3 }), ports: fc.array(port, { maxLength: 3, size: 'max' }) },
    { requiredKeys: [] },
  );
const policySpec = fc.record(
  {
    podSelector: selector,
    ingress: fc.array(rule('from'), { maxLength: 2 }),
    egress: fc.array(rule('to'), { maxLength: 2 }),
    policyTypes: fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
  },
  { requiredKeys: ['podSelector'] },
);
const namedPort = fc.constantFrom(
  { name: 'web', containerPort: 80, protocol: 'TCP' },
  { name: 'web', containerPort: 81 },
  { name: 'names', containerPort: 443, protocol: 'UDP' },
);
const podBody = fc.record({
  labels,
  node: fc.constantFrom(0, 1),
  places: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 0, maxLength: 1 }),
  isDual: fc.boolean(),
  ports: fc.array(namedPort, { maxLength: 3, size: 'max' }),
  phase: fc.constantFrom('Running', 'Running', 'Running', 'Pending', 'Succeeded'),
  hostNetwork: fc.constantFrom(false, false, false, true),
  born: fc.integer({ min: 1, max: 9 }),
});

type PodBody = typeof podBody extends fc.Arbitrary<infer T> ? T : never;
type Step =
  | { readonly what: 'pod'; readonly namespace: string; readonly name: string; readonly body: PodBody | undefined }
  | { readonly what: 'policy'; readonly namespace: string; readonly name: string; readonly spec: object | undefined }
  | {
      readonly what: 'namespace';
      readonly name: string;
      readonly labels: Readonly<Record<string, string>> | undefined;
    };

const namespace = fc.constantFrom(...NAMESPACES);
const orGone = <T>(made: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(made, { nil: undefined, freq: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant('pod' as const),
      namespace,
      name: fc.constantFrom('p', 'q', 'r'),
      body: orGone(podBody),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('policy' as const),
      namespace,
      name: fc.constantFrom('s', 't'),
      spec: orGone(policySpec),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('namespace' as const), name: namespace, labels: orGone(labels) }),
  },
);

function podOf(space: string, name: string, body: PodBody): Pod {
  const [place] = body.places;
  const host = `172.18.0.${body.node + 1}`;
  const own =
    place === undefined
      ? []
      : [`10.244.${body.node}.${place}`, ...(body.isDual ? [`fd00:${body.node + 1}::${place}`] : [])];
  const addresses = body.hostNetwork ? [host] : own;
  return {
    metadata: {
      namespace: space,
      name,
      uid: `${space}-${name}`,
      labels: body.labels,
      creationTimestamp: `2026-01-0${body.born}T00:00:00Z`,
    },
    spec: { nodeName: NODES[body.node], hostNetwork: body.hostNetwork, containers: [{ name: 'c', ports: body.ports }] },
    status: { phase: body.phase, podIPs: addresses.map((ip) => ({ ip })) },
  } as unknown as Pod;
}

/** The cluster as the API has it, and as each node's engine and kernel have it. */
class World {
  readonly namespaces = new Map<string, Readonly<Record<string, string>>>();
  readonly pods = new Map<string, Pod>();
  readonly policies = new Map<string, NetworkPolicy>();
  readonly nodes = NODES.map((name) => ({ name, view: new PolicyView(BRIDGE, FAMILIES), kernel: new Kernel() }));

  get cluster(): Cluster {
    return {
      namespaces: Object.fromEntries(this.namespaces),
      pods: [...this.pods.values()],
      policies: [...this.policies.values()],
    };
  }

  change(change: Step): void {
    if (change.what === 'namespace') put(this.namespaces, change.name, change.labels);
    else {
      const { namespace: space, name } = change;
      const key = `${space}/${name}`;
      if (change.what === 'pod') put(this.pods, key, change.body && podOf(space, name, change.body));
      else {
        const policy = change.spec && ({ metadata: { namespace: space, name }, spec: change.spec } as NetworkPolicy);
        put(this.policies, key, policy);
      }
    }
    for (const { name, view } of this.nodes) tell(view, name, change, this);
  }

  /** A node whose agent starts now. */
  fresh(name: string): Kernel {
    const [view, kernel] = [new PolicyView(BRIDGE, FAMILIES), new Kernel()];
    for (const [space, own] of this.namespaces) view.setNamespace(space, own);
    for (const [key, policy] of this.policies) view.setPolicy(key, policy);
    for (const [key, pod] of this.pods) view.setPod(key, podFacts(pod, name));
    kernel.apply(view.take());
    return kernel;
  }
}

function put<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function tell(view: PolicyView, node: string, change: Step, world: World): void {
  if (change.what === 'namespace') return view.setNamespace(change.name, change.labels);
  const key = `${change.namespace}/${change.name}`;
  if (change.what === 'policy') return view.setPolicy(key, world.policies.get(key));
  const pod = world.pods.get(key);
  view.setPod(key, pod && podFacts(pod, node));
}

const ADDRESSES = {
  ip: [
    '10.244.0.1',
    '10.244.0.2',
    '10.244.0.3',
    '10.244.0.4',
    '10.244.1.1',
    '10.244.1.2',
    '10.244.1.3',
    '10.244.1.4',
    '172.18.0.1',
    '192.0.2.1',
    '192.0.2.9',
  ],
  ip6: [
    'fd00:1::1',
    'fd00:1::2',
    'fd00:1::3',
    'fd00:1::4',
    'fd00:2::1',
    'fd00:2::2',
    'fd00:2::3',
    'fd00:2::4',
    '2001:db8::1',
  ],
} as const;
const question = fc.constantFrom('ip' as const, 'ip' as const, 'ip6' as const).chain((family) =>
  fc.record({
    family: fc.constant(family),
    from: fc.constantFrom<string>(...ADDRESSES[family]),
    to: fc.constantFrom<string>(...ADDRESSES[family]),
    protocol: fc.constantFrom('tcp' as const, 'tcp' as const, 'udp' as const, 'sctp' as const, 'icmp' as const),
    port: fc.constantFrom(79, 80, 81, 100, 443),
    flow: fc.constantFrom(
      'original' as const,
      'original' as const,
      'original' as const,
      'reply' as const,
      'related' as const,
    ),
  }),
);
const questions = fc.array(question, { minLength: 8, maxLength: 16, size: 'max' });
type Asked = Omit<Packet, 'comesBy' | 'goesBy'>;

const isOnNode = (address: string, node: number): boolean =>
  address.startsWith(`10.244.${node}.`) || address.startsWith(`fd00:${node + 1}::`);

/** Whether the node lets the packet on; undefined where it does not come by. */
function passesAt(kernel: Kernel, node: number, asked: Asked): boolean | undefined {
  const [isFrom, isTo] = [isOnNode(asked.from, node), isOnNode(asked.to, node)];
  if (!isFrom && !isTo) return undefined;
  return kernel.passes({ ...asked, comesBy: isFrom ? BRIDGE : 'eth0', goesBy: isTo ? BRIDGE : 'eth0' });
}

function shouldPassAt(cluster: Cluster, node: number, asked: Asked): boolean {
  if (asked.flow !== 'original') return true;
  const isKnown = (address: string): boolean => podAt(cluster, address)?.spec.nodeName === NODES[node];
  if (isOnNode(asked.from, node) && !isKnown(asked.from)) return false;
  if (isOnNode(asked.to, node) && !isKnown(asked.to)) return false;
  const leaves = !isOnNode(asked.from, node) || mayLeave(cluster, asked);
  return leaves && (!isOnNode(asked.to, node) || mayArrive(cluster, asked));
}

test('PolicyView lets through what the words of the API let through, whatever changed before', () => {
  let count = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(step, fc.oneof(fc.constant([]), questions)), { minLength: 12, maxLength: 40, size: 'max' }),
      (steps) => {
        const world = new World();
        for (const name of NAMESPACES)
          world.change({ what: 'namespace', name, labels: { app: name === 'x' ? 'a' : 'b' } });
        for (const [change, asked] of steps) {
          world.change(change);
          // Several changes may be one transaction.
          if (asked.length === 0) continue;
          for (const [i, { view, kernel }] of world.nodes.entries()) {
            kernel.apply(view.take());
            for (const one of asked) {
              const passes = passesAt(kernel, i, one);
              if (passes === undefined) continue;
              count++;
              assert.equal(passes, shouldPassAt(world.cluster, i, one), `at ${i}: ${JSON.stringify(one)}`);
            }
          }
        }
        for (const { name, view, kernel } of world.nodes) {
          kernel.apply(view.take());
          assert.equal(kernel.dump(), world.fresh(name).dump());
        }
      },
    ),
    { numRuns: Math.max(250, fc.readConfigureGlobal().numRuns ?? 0) },
  );
  assert.ok(count > 10_000, `${count} packets`);
});
