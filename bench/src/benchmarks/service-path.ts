import { once } from 'node:events';
import { join } from 'node:path';
import { type EndpointSlice, endpointSlice, type Service, service } from '@navarch/api';
import { silent, TaskGroup } from '@navarch/base';
import type { Cache } from '@navarch/client';
import { nftFilter } from '@navarch/node/nftables';
import { systemClock } from '@navarch/node/system';
import { runProxy } from '@navarch/proxy';
import { type Context, defineBenchmark, type Sample } from '../harness/benchmark.ts';
import { ROOT } from '../harness/machine.ts';
import { affine, keyOf, serviceAt, sliceAt } from '../harness/many-services.ts';

const PORT = 8080;
const POD = '10.244.0.5';
/** The service, by its number, that sends who came once to where it was. */
const REMEMBERING = 1;
/** Endpoints that become ready in a round. */
const READY = 20;

export const servicePath = defineBenchmark({
  name: 'service-path',
  about: 'packets to a pod through its service, and the time until an endpoint can be reached (needs root)',
  peer: 'the pod itself, by no service',
  notes: [
    'A node and a pod as network namespaces; the node has the rules of 10,000 services. Four senders at a time, one byte there and one back.',
    'Added to a round trip: one sender asks the service and the pod in turn; the difference of the medians.',
    'From an endpoint seen as ready to the first connection by its service: what the proxy waits for other changes included, and up to ten milliseconds of a client that asks anew, not the way from the API server.',
  ],
  async prepare(context) {
    const count = context.isQuick ? 200 : 10_000;
    const ms = context.isQuick ? 500 : 4000;
    const { node, pod } = await namespaces(context);
    const server = context.processes.start('ip', inNamespace(pod, 'serve', String(PORT)));
    const cache = new FakeCache();
    for (let i = 0; i < count; i++) {
      cache.set(service, i === REMEMBERING ? affine(serviceAt(i)) : serviceAt(i));
      // All of them lead to the one pod; the last ones lead nowhere yet.
      if (i < count - READY * 5) cache.set(endpointSlice, sliceAt(i, [POD], PORT));
    }
    const group = new TaskGroup(context.signal);
    context.made.defer(async () => {
      await group[Symbol.asyncDispose]();
      server.kill();
    });
    const filter = nftFilter(`/run/netns/${node}`);
    group.spawn((signal) =>
      runProxy(
        {
          cache: cache as unknown as Cache,
          clock: systemClock,
          log: silent,
          filter,
          node: { name: 'a', clusterCidr: '10.244.0.0/16' },
        },
        signal,
      ),
    );
    const run = (...args: readonly string[]): Promise<string> =>
      context.processes.run('ip', inNamespace(node, ...args), {}, context.signal);
    const load = async (address: string, port: number): Promise<Sample> => {
      const { perSecond, ...details } = JSON.parse(await run('requests', address, String(port), String(ms)));
      return { figure: perSecond, details };
    };
    const through = serviceAt(0).spec.clusterIP ?? '';
    const remembering = serviceAt(REMEMBERING).spec.clusterIP ?? '';
    await run('first', through, '80');
    await run('first', remembering, '80');
    return [
      {
        name: `requests among ${count} services`,
        unit: 'requests/s',
        better: 'more',
        ratioGoal: 0.95,
        ours: () => load(through, 80),
        peer: () => load(POD, PORT),
      },
      {
        name: 'requests, of a service that remembers clients',
        unit: 'requests/s',
        better: 'more',
        ratioGoal: 0.95,
        ours: () => load(remembering, 80),
        peer: () => load(POD, PORT),
      },
      {
        name: 'added to a round trip',
        unit: 'us',
        better: 'less',
        goal: 30,
        ours: async () => {
          const { added, ...details } = JSON.parse(await run('added', through, '80', POD, String(PORT), String(ms)));
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

async function namespaces(context: Context): Promise<{ readonly node: string; readonly pod: string }> {
  const [node, pod] = [`navarch-bench-n${process.pid}`, `navarch-bench-p${process.pid}`];
  const ip = (...args: readonly string[]): Promise<string> => context.processes.run('ip', args, {}, context.signal);
  for (const netns of [node, pod]) {
    await ip('netns', 'add', netns);
    context.made.defer(() =>
      context.processes.run('ip', ['netns', 'del', netns], {}, new AbortController().signal).then(() => undefined),
    );
  }
  await ip('-n', node, 'link', 'add', 'pod', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pod);
  for (const [netns, link, address] of [
    [node, 'pod', '10.244.0.1/24'],
    [pod, 'eth0', `${POD}/24`],
  ] as const) {
    await ip('-n', netns, 'address', 'add', address, 'dev', link);
    await ip('-n', netns, 'link', 'set', link, 'up');
    await ip('-n', netns, 'link', 'set', 'lo', 'up');
  }
  // A packet to a cluster IP needs some route before its destination is rewritten.
  await ip('-n', node, 'route', 'add', 'default', 'via', POD);
  return { node, pod };
}
