import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice, Service } from '@navarch/api';
import fc from 'fast-check';
import { ServiceView } from './service-view.ts';
import { type Packet, ServiceKernel } from './testing/service-kernel.ts';
import { type Cluster, expected } from './testing/service-reference.ts';

// Random clusters that change step by step: after each, packets go from a node where the words of the API send them, each
// endpoint as likely as any other; and what changes made is what a fresh start makes.

const NODE = 'one';
const ZONES = [undefined, 'east', 'west'] as const;
const RANGES = { ip: '10.244.0.0/16', ip6: 'fd00:44::/48' } as const;
const NODE_ADDRESSES = ['172.18.0.1', '10.244.1.1', 'fd00:18::1'];
const NODE_PORT_RANGES = [[], [], ['172.18.0.0/24'], ['10.244.1.1/32', '::1/128'], ['127.0.0.0/8', 'fd00:18::1/128']];
const NAMES = ['a/web', 'a/names', 'a-b/web', 'a/b-web'] as const;
const SLICES = ['s', 't', 'u', 'v', 'w', 'x', 'y', 'z'] as const;
const PORTS = [80, 53] as const;
const NODE_PORTS = [30_080, 30_053] as const;

const orGone = <T>(made: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(made, { nil: undefined, freq: 5 });
const policy = fc.constantFrom('Cluster', 'Cluster', 'Local');
const protocol = fc.constantFrom('TCP', 'TCP', 'TCP', 'UDP', 'SCTP');

const serviceBody = fc.record({
  families: fc.constantFrom<readonly ('4' | '6')[]>(['4'], ['6'], ['4', '6'], ['4', '6'], ['6', '4']),
  type: fc.constantFrom(
    'ClusterIP',
    'NodePort',
    'LoadBalancer',
    'LoadBalancer',
    'LoadBalancer',
    'LoadBalancer',
    'ExternalName',
  ),
  isHeadless: fc.constantFrom(...Array.from({ length: 9 }, () => false), true),
  born: fc.integer({ min: 1, max: 3 }),
  ports: fc.uniqueArray(fc.record({ protocol, number: fc.constantFrom(...PORTS, PORTS[0]) }), {
    minLength: 1,
    maxLength: 2,
    selector: (port) => `${port.protocol}${port.number}`,
  }),
  internal: policy,
  external: policy,
  externalIPs: fc.subarray(['192.0.2.1', '192.0.2.2', '2001:DB8:0::1', '10.96.0.1', '172.18.0.1']),
  ingress: fc.subarray([
    { ip: '203.0.113.1', ipMode: 'VIP' },
    { ip: '192.0.2.1' },
    { ip: '203.0.113.2', ipMode: 'Proxy' },
    { ip: '2001:db8::9' },
    { hostname: 'somewhere.example' },
  ]),
  ranges: fc.subarray([' 198.51.100.0/24', '10.244.0.0/16', 'fd00:44:0:2::/64', '0.0.0.0/0']),
  affinity: fc.constantFrom(undefined, undefined, {}, { clientIP: { timeoutSeconds: 60 } }),
});
const endpoint = fc.record({
  place: fc.integer({ min: 2, max: 5 }),
  node: fc.constantFrom(NODE, 'two', undefined),
  state: fc.constantFrom('ready', 'ready', 'ready', 'unready', 'ending', 'gone', 'unsaid'),
  zones: fc.constantFrom<readonly string[] | undefined>(undefined, ['east'], ['east'], ['west']),
  nodes: fc.constantFrom<readonly string[] | undefined>(undefined, undefined, [NODE], ['two']),
});
const sliceBody = fc.record({
  service: fc.constantFrom(...NAMES),
  family: fc.constantFrom('4', '6'),
  ports: fc.constantFrom<readonly (readonly [string, number])[]>(
    [['p0', 8080]],
    [
      ['p0', 8080],
      ['p1', 53],
    ],
    [['p1', 9090]],
  ),
  endpoints: fc.array(endpoint, { maxLength: 4, size: 'max' }),
});
type ServiceBody = typeof serviceBody extends fc.Arbitrary<infer T> ? T : never;
type SliceBody = typeof sliceBody extends fc.Arbitrary<infer T> ? T : never;

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('service' as const),
      name: fc.constantFrom(...NAMES),
      body: orGone(serviceBody),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('slice' as const),
      name: fc.constantFrom(...SLICES),
      body: orGone(sliceBody),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('zone' as const), zone: fc.constantFrom(...ZONES) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function serviceOf(key: string, body: ServiceBody): Service {
  const [namespace, name] = key.split('/');
  const index = NAMES.indexOf(key as (typeof NAMES)[number]);
  const own = { '4': `10.96.0.${index + 1}`, '6': `fd00:96::${index + 1}` } as const;
  const clusterIPs = body.isHeadless ? ['None'] : body.families.map((family) => own[family]);
  const isOpen = body.type === 'NodePort' || body.type === 'LoadBalancer';
  return {
    metadata: { namespace, name, creationTimestamp: `2026-01-0${body.born}T00:00:00Z` },
    spec: {
      type: body.type,
      clusterIP: clusterIPs[0],
      clusterIPs,
      ports: body.ports.map(({ protocol: of, number }, i) => ({
        name: `p${i}`,
        protocol: of,
        port: number,
        // No two services have the same: the API sees to that.
        ...(isOpen ? { nodePort: (NODE_PORTS[PORTS.indexOf(number)] ?? 0) + index } : {}),
      })),
      internalTrafficPolicy: body.internal,
      externalTrafficPolicy: body.external,
      externalIPs: body.externalIPs,
      loadBalancerSourceRanges: body.ranges,
      ...(body.affinity ? { sessionAffinity: 'ClientIP', sessionAffinityConfig: body.affinity } : {}),
    },
    status: { loadBalancer: body.type === 'LoadBalancer' ? { ingress: body.ingress } : {} },
  } as unknown as Service;
}

const CONDITIONS = {
  ready: { ready: true },
  unready: { ready: false },
  ending: { ready: false, serving: true, terminating: true },
  gone: { ready: false, serving: false, terminating: true },
  unsaid: {},
} as const;

function sliceOf(key: string, { service, family, ports, endpoints }: SliceBody): EndpointSlice {
  const [namespace, name] = service.split('/');
  return {
    metadata: { namespace, name: key, labels: { 'kubernetes.io/service-name': name } },
    addressType: family === '4' ? 'IPv4' : 'IPv6',
    ports: ports.map(([of, port]) => ({ name: of, port })),
    endpoints: endpoints.map(({ place, node, state, zones, nodes }) => ({
      // Pods of the node's own network have its address.
      addresses: [place === 5 ? (family === '4' ? '172.18.0.1' : 'fd00:18::1') : podAddress(family, node, place)],
      conditions: CONDITIONS[state],
      ...(node ? { nodeName: node } : {}),
      ...(zones || nodes
        ? {
            hints: {
              ...(zones ? { forZones: zones.map((zone) => ({ name: zone })) } : {}),
              ...(nodes ? { forNodes: nodes.map((one) => ({ name: one })) } : {}),
            },
          }
        : {}),
    })),
  } as unknown as EndpointSlice;
}

const podAddress = (family: '4' | '6', node: string | undefined, place: number): string => {
  const number = node === 'two' ? 2 : 1;
  return family === '4' ? `10.244.${number}.${place}` : `fd00:44:0:${number}::${place}`;
};

const isOnBridge = (address: string): boolean =>
  /^(?:10\.244\.1\.|fd00:44:0:1:)/.test(address) && !NODE_ADDRESSES.includes(address);

const FROM = {
  ip: ['10.244.1.2', '10.244.1.3', '10.244.1.4', '10.244.1.9', '172.18.0.1', '198.51.100.7', '192.0.2.77'],
  ip6: ['fd00:44:0:1::2', 'fd00:44:0:1::3', 'fd00:44:0:1::9', 'fd00:18::1', '2001:db8:7::7'],
} as const;
/** Pods of another node come by here only where they ask a port of this one. */
const FAR = { ip: ['10.244.2.2', '10.244.2.3'], ip6: ['fd00:44:0:2::2'] } as const;
const TO = {
  ip: [
    ...NAMES.map((_, i) => `10.96.0.${i + 1}`),
    '192.0.2.1',
    '192.0.2.2',
    '203.0.113.1',
    '203.0.113.2',
    '172.18.0.1',
    '10.244.1.1',
    '198.51.100.9',
  ],
  ip6: [...NAMES.map((_, i) => `fd00:96::${i + 1}`), '2001:db8::1', '2001:db8::9', 'fd00:18::1'],
} as const;
const question = fc.constantFrom('ip' as const, 'ip' as const, 'ip6' as const).chain((family) =>
  fc.record({
    family: fc.constant(family),
    near: fc.constantFrom<string>(...FROM[family]),
    far: fc.option(fc.constantFrom<string>(...FAR[family]), { nil: undefined }),
    place: fc.oneof(
      {
        weight: 4,
        arbitrary: fc.tuple(fc.constantFrom<string>(...TO[family]), fc.constantFrom<number>(...PORTS, PORTS[0])),
      },
      {
        weight: 1,
        arbitrary: fc.tuple(
          fc.constantFrom(...NODE_ADDRESSES.filter((address) => address.includes(':') === (family === 'ip6'))),
          fc.constantFrom(...NODE_PORTS.flatMap((port) => NAMES.map((_, i) => port + i))),
        ),
      },
    ),
    protocol: fc.constantFrom('tcp' as const, 'tcp' as const, 'tcp' as const, 'udp' as const, 'sctp' as const),
    /** Whether it is a flow of before, and how long before. */
    pause: fc.constantFrom(0, 0, 30, 59, 61, 10_801),
    pick: fc.nat(),
  }),
);

/** The cluster as the API has it, and as a node's engine and kernel have it. */
class World {
  readonly nodePortRanges: readonly string[];
  readonly services = new Map<string, Service>();
  readonly slices = new Map<string, EndpointSlice>();
  zone: string | undefined;
  readonly view: ServiceView;
  readonly kernel = new ServiceKernel(NODE_ADDRESSES, isOnBridge);

  constructor(nodePortRanges: readonly string[]) {
    this.nodePortRanges = nodePortRanges;
    this.view = this.#emptyView();
  }

  #emptyView(): ServiceView {
    const { zone, nodePortRanges } = this;
    return new ServiceView({
      name: NODE,
      zone,
      clusterCidr: Object.values(RANGES).join(),
      nodePortRanges,
      bridge: 'pods',
    });
  }

  get cluster(): Cluster {
    return {
      services: [...this.services.values()],
      slices: [...this.slices.values()],
      node: NODE,
      zone: this.zone,
      nodeAddresses: NODE_ADDRESSES,
      nodePortRanges: this.nodePortRanges,
      isOnBridge,
      ranges: RANGES,
    };
  }

  change(change: Step): void {
    const { view } = this;
    if (change.what === 'zone') {
      this.zone = change.zone;
      view.setZone(change.zone);
    } else if (change.what === 'service') {
      const service = change.body && serviceOf(change.name, change.body);
      put(this.services, change.name, service);
      view.setService(change.name, service);
    } else {
      const slice = change.body && sliceOf(change.name, change.body);
      put(this.slices, change.name, slice);
      view.setSlice(change.name, slice);
    }
  }

  /** A node whose agent starts now. */
  fresh(): ServiceKernel {
    const view = this.#emptyView();
    for (const [key, service] of this.services) view.setService(key, service);
    for (const [key, slice] of this.slices) view.setSlice(key, slice);
    const kernel = new ServiceKernel(NODE_ADDRESSES, isOnBridge);
    kernel.apply(view.take().script);
    return kernel;
  }
}

/** All that the kernel has, in an order of its own; numbers of endpoints, which tell their age, as what they stand for. */
function contents({ now: { sets, chains } }: ServiceKernel): unknown {
  const meant = (name: string, key: string, value: string): readonly [string, string | undefined] => {
    const [, slots] = /^slots-of-(.+)$/.exec(name) ?? [];
    const end = key.replace(/ \. [^.]+$/, '');
    if (slots !== undefined) return [key, sets.get(`numbered-${slots}`)?.get(`${end} . ${value}`)];
    return name.startsWith('numbered-') ? [end, value] : [key, value];
  };
  const elements = [...sets].map(([name, all]) => [
    name,
    [...all].map(([key, value]) => meant(name, key, value)).sort(),
  ]);
  return [elements.sort(), [...chains].sort()];
}

function put<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

/** Sends the packet, and another of the same client later; the second stays with the first one's endpoint, or may not. */
function check(world: World, packet: Packet, pause: number, pick: number): void {
  const { kernel, cluster } = world;
  const wanted = expected(cluster, packet);
  const outcomes = kernel.outcomes(packet);
  const text = `${JSON.stringify(packet)} at zone ${world.zone}`;
  assert.deepEqual(outcomes.map(({ to }) => to).toSorted(), wanted.to.toSorted(), text);
  for (const { to, isMasqueraded, share } of outcomes) {
    assert.ok(Math.abs(share - 1 / wanted.to.length) < 1e-9, `${to} has ${share} of ${wanted.to.length}: ${text}`);
    if (to !== 'drop' && to !== 'reject')
      assert.equal(isMasqueraded, wanted.isMasqueraded(to), `masquerading to ${to}: ${text}`);
  }
  const first = outcomes[pick % outcomes.length];
  if (wanted.seconds === undefined || !first || first.to === 'drop' || first.to === 'reject') return;
  kernel.pass(first);
  kernel.seconds += pause;
  const later = kernel.outcomes(packet).map(({ to }) => to);
  assert.deepEqual(
    later.toSorted(),
    pause < wanted.seconds ? [first.to] : wanted.to.toSorted(),
    `after ${pause} s: ${text}`,
  );
  // Whoever asks next has never been here.
  kernel.seconds += 100_000;
}

test('ServiceView sends packets where the words of the API send them, whatever changed before', () => {
  let count = 0;
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(
      fc.constantFrom(...NODE_PORT_RANGES),
      fc.tuple(...NAMES.map(() => serviceBody)),
      fc.tuple(...SLICES.map(() => sliceBody)),
      fc.array(
        fc.tuple(step, fc.oneof(fc.constant([]), fc.array(question, { minLength: 6, maxLength: 14, size: 'max' }))),
        {
          minLength: 12,
          maxLength: 40,
          size: 'max',
        },
      ),
      (nodePortRanges, services, slices, steps) => {
        const world = new World(nodePortRanges);
        for (const [i, body] of services.entries()) world.change({ what: 'service', name: NAMES[i] ?? NAMES[0], body });
        for (const [i, body] of slices.entries()) world.change({ what: 'slice', name: SLICES[i] ?? SLICES[0], body });
        for (const [change, asked] of steps) {
          world.change(change);
          // Several changes may be one transaction.
          if (asked.length === 0) continue;
          world.kernel.apply(world.view.take().script);
          for (const { pause, pick, place, near, far, family, protocol: by } of asked) {
            const [target, port] = place;
            const from = port > 30_000 ? (far ?? near) : near;
            const packet = { family, from, to: target, protocol: by, port };
            check(world, packet, pause, pick);
            const { to } = expected(world.cluster, packet);
            const [only = ''] = to;
            const what =
              to.length > 1
                ? 'several'
                : only === `${packet.to} ${packet.port}`
                  ? 'none'
                  : only.replace(/^[^dr].*/, 'one');
            seen.set(what, (seen.get(what) ?? 0) + 1);
            count++;
          }
        }
        world.kernel.apply(world.view.take().script);
        assert.deepEqual(contents(world.kernel), contents(world.fresh()));
      },
    ),
    { numRuns: Math.max(240, fc.readConfigureGlobal().numRuns ?? 0) },
  );
  assert.ok(count > 10_000, `${count} packets`);
  for (const what of ['one', 'several', 'drop', 'reject'])
    assert.ok((seen.get(what) ?? 0) > 100, `${what}: ${JSON.stringify([...seen])}`);
});
