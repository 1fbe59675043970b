import { once } from 'node:events';
import { join } from 'node:path';
import { type EndpointSlice, endpointSlice, type Service, service } from '@navarch/api';
import { silent, TaskGroup } from '@navarch/base';
import type { Cache } from '@navarch/client';
import { nftFilter } from '@navarch/node/nftables';
import { systemClock } from '@navarch/node/system';
import { runProxy } from '@navarch/proxy';
import { type Context, defineBenchmark, type Measure, type Workload } from '../harness/benchmark.ts';
import { ROOT } from '../harness/machine.ts';
import { affine, keyOf, serviceAt, sliceAt } from '../harness/many-services.ts';

const PORT = 8080;
const WEB_PORT = 8081;
const POD = '10.244.0.5';
const OTHER_POD = '10.244.0.6';
const BRIDGE = '10.244.0.1';
/** The service, by its number, that sends who came once to where it was. */
const REMEMBERING = 1;
/** The service, by its number, of the web server. */
const WEB = 2;
/** Endpoints that become ready in a round. */
const READY = 20;

export const servicePath = defineBenchmark({
  name: 'service-path',
  about: 'packets to a pod through its service, and the time until an endpoint can be reached (needs root)',
  peer: 'the pod itself, by no service',
  notes: [
    'A node and two pods on its bridge, as network namespaces; the node has the rules of 10,000 services.',
    'Four senders at a time ask through the service and the pod itself by turns of a tenth of a second, in one process and over connections that stay; the middle turn counts. Pages: a web server and a client of Node, 1 KiB an answer, as between programs. Bytes: one there and one back, the least that a program can do, and so the most that the rewriting of packets can be of it.',
    'Added to a round trip: one sender asks the service and the pod in turn; the difference of the medians.',
    'From an endpoint seen as ready to the first connection by its service: what the proxy waits for other changes included, and up to ten milliseconds of a client that asks anew, not the way from the API server.',
  ],
  async prepare(context) {
    const count = context.isQuick ? 200 : 10_000;
    const ms = context.isQuick ? 500 : 3000;
    const { node, pod, otherPod } = await namespaces(context);
    const servers = [
      context.processes.start('ip', inNamespace(pod, 'serve', String(PORT))),
      context.processes.start('ip', inNamespace(pod, 'serve-http', String(WEB_PORT))),
    ];
    const cache = new FakeCache();
    for (let i = 0; i < count; i++) {
      cache.set(service, i === REMEMBERING ? affine(serviceAt(i)) : serviceAt(i));
      // All of them lead to the one pod; the last ones lead nowhere yet.
      if (i < count - READY * 5) cache.set(endpointSlice, sliceAt(i, [POD], i === WEB ? WEB_PORT : PORT));
    }
    const group = new TaskGroup(context.signal);
    context.made.defer(async () => {
      await group[Symbol.asyncDispose]();
      for (const server of servers) server.kill();
    });
    const filter = nftFilter(`/run/netns/${node}`);
    group.spawn((signal) =>
      runProxy(
        {
          cache: cache as unknown as Cache,
          clock: systemClock,
          log: silent,
          filter,
          node: { name: 'a', clusterCidr: '10.244.0.0/16', bridge: 'bridge' },
        },
        signal,
      ),
    );
    const run = (netns: string, ...args: readonly string[]): Promise<string> =>
      context.processes.run('ip', inNamespace(netns, ...args), {}, context.signal);
    const addressOf = (index: number): string => serviceAt(index).spec.clusterIP ?? '';
    for (const index of [0, REMEMBERING, WEB]) await run(node, 'first', addressOf(index), '80');
    const beside = (name: string, from: string, load: Load): Workload => {
      const { ours, peer } = measuredTogether(async () => {
        const bare = [POD, String(load.what === 'http' ? WEB_PORT : PORT)];
        return JSON.parse(await run(from, load.what, addressOf(load.service), '80', ...bare, String(2 * ms)));
      });
      return { name, unit: 'requests/s', better: 'more', ratioGoal: 0.95, ours, peer };
    };
    return [
      beside('pages from pod to pod', otherPod, { what: 'http', service: WEB }),
      beside('pages from node to pod', node, { what: 'http', service: WEB }),
      beside('bytes from pod to pod', otherPod, { what: 'bytes', service: 0 }),
      beside('bytes from node to pod', node, { what: 'bytes', service: 0 }),
      beside('bytes to a service that remembers clients', node, { what: 'bytes', service: REMEMBERING }),
      {
        name: 'added to a round trip',
        unit: 'us',
        better: 'less',
        goal: 30,
        ours: async () => {
          const { added, ...details } = JSON.parse(
            await run(node, 'added', addressOf(0), '80', POD, String(PORT), String(ms)),
          );
          return { figure: added, details };
        },
      },
      {
        name: 'endpoint ready to first connection, p99',
        unit: 'ms',
        better: 'less',
        goal: 100,
        ours: async (round) => {
          const times: number[] = [];
          for (let i = 0; i < READY; i++) {
            const index = count - 1 - ((round * READY + i) % (READY * 5));
            times.push(await firstConnection(context, node, cache, index));
            cache.remove(endpointSlice, sliceAt(index, [POD], PORT));
          }
          times.sort((a, b) => a - b);
          const at = (share: number): number => times[Math.floor((times.length - 1) * share)] ?? 0;
          return { figure: at(0.99), details: { p50Ms: at(0.5) } };
        },
      },
    ];
  },
});

interface Load {
  readonly what: 'http' | 'bytes';
  /** By its number. */
  readonly service: number;
}

interface Counted {
  readonly perSecond: number;
}

/** Two sides that one process asked by turns: whichever is wanted first in a round measures both. */
function measuredTogether(
  measure: () => Promise<readonly [Counted, Counted]>,
): Readonly<Record<'ours' | 'peer', Measure>> {
  let last: { readonly round: number; readonly sides: ReturnType<typeof measure> } | undefined;
  const side =
    (which: 0 | 1): Measure =>
    async (round) => {
      if (last?.round !== round) last = { round, sides: measure() };
      const { perSecond, ...details } = (await last.sides)[which];
      return { figure: perSecond, details };
    };
  return { ours: side(0), peer: side(1) };
}

async function firstConnection(context: Context, node: string, cache: FakeCache, index: number): Promise<number> {
  const address = serviceAt(index).spec.clusterIP ?? '';
  const trying = context.processes.startSpeaking('ip', inNamespace(node, 'first', address, '80'));
  await once(trying.stdout, 'data');
  const began = performance.timeOrigin + performance.now();
  cache.set(endpointSlice, sliceAt(index, [POD], PORT));
  const [said] = await once(trying.stdout, 'data');
  return Number(String(said)) - began;
}

const inNamespace = (netns: string, ...args: readonly string[]): readonly string[] => [
  'netns',
  'exec',
  netns,
  process.execPath,
  join(ROOT, 'bench/src/harness/service-load.ts'),
  ...args,
];

/** As much of a cache as the proxy asks for. */
class FakeCache {
  readonly #objects = new Map<unknown, Map<string, Service | EndpointSlice>>();
  readonly #listeners = new Map<unknown, (current: unknown, previous: unknown) => void>();

  set(kind: unknown, object: Service | EndpointSlice): void {
    const objects = this.#objects.get(kind) ?? new Map<string, Service | EndpointSlice>();
    this.#objects.set(kind, objects.set(keyOf(object), object));
    this.#listeners.get(kind)?.(object, undefined);
  }

  remove(kind: unknown, object: Service | EndpointSlice): void {
    this.#objects.get(kind)?.delete(keyOf(object));
    this.#listeners.get(kind)?.(undefined, object);
  }

  onChange(kind: unknown, listener: (current: unknown, previous: unknown) => void): void {
    this.#listeners.set(kind, listener);
    for (const object of this.#objects.get(kind)?.values() ?? []) listener(object, undefined);
  }

  async whenSynced(): Promise<void> {}
}

/** As `navarch up` makes them: pods on a bridge, whose packets the node's rules see. */
async function namespaces(context: Context): Promise<Readonly<Record<'node' | 'pod' | 'otherPod', string>>> {
  const [node, pod, otherPod] = ['n', 'p', 'o'].map((one) => `navarch-bench-${one}${process.pid}`) as [
    string,
    string,
    string,
  ];
  const ip = (...args: readonly string[]): Promise<string> => context.processes.run('ip', args, {}, context.signal);
  for (const netns of [node, pod, otherPod]) {
    await ip('netns', 'add', netns);
    context.made.defer(() =>
      context.processes.run('ip', ['netns', 'del', netns], {}, new AbortController().signal).then(() => undefined),
    );
    await ip('-n', netns, 'link', 'set', 'lo', 'up');
  }
  await ip('-n', node, 'link', 'add', 'bridge', 'type', 'bridge');
  await ip('-n', node, 'address', 'add', `${BRIDGE}/24`, 'dev', 'bridge');
  await ip('-n', node, 'link', 'set', 'bridge', 'up');
  for (const [netns, address] of [
    [pod, POD],
    [otherPod, OTHER_POD],
  ] as const) {
    const link = `to-${address.split('.').at(-1)}`;
    await ip('-n', node, 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns);
    await ip('-n', node, 'link', 'set', link, 'master', 'bridge', 'up');
    await ip('-n', node, 'link', 'set', link, 'type', 'bridge_slave', 'hairpin', 'on');
    await ip('-n', netns, 'address', 'add', `${address}/24`, 'dev', 'eth0');
    await ip('-n', netns, 'link', 'set', 'eth0', 'up');
    await ip('-n', netns, 'route', 'add', 'default', 'via', BRIDGE);
  }
  // A packet to a cluster IP needs some route before its destination is rewritten, and gets its sender's address by that.
  await ip('-n', node, 'link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'beyond');
  await ip('-n', node, 'address', 'add', '172.18.0.2/24', 'dev', 'uplink');
  for (const link of ['uplink', 'beyond']) await ip('-n', node, 'link', 'set', link, 'up');
  await ip('-n', node, 'route', 'add', 'default', 'via', '172.18.0.1');
  for (const setting of ['net.ipv4.ip_forward=1', 'net.bridge.bridge-nf-call-iptables=1'])
    await context.processes.run('ip', ['netns', 'exec', node, 'sysctl', '-qw', setting], {}, context.signal);
  return { node, pod, otherPod };
}
