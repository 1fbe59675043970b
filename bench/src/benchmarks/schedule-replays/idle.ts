import { setTimeout as sleep } from 'node:timers/promises';
import { pod as podKind, node as nodeKind } from '@navarch/api';
import { MetricRegistry, seededRandom, silent, TaskGroup } from '@navarch/base';
import { type Api, Cache } from '@navarch/client';
import type { ApiObject, Kind } from '@navarch/machinery';
import { systemClock } from '@navarch/node/system';
import { defaultProfile, runScheduler } from '@navarch/scheduler';
import { heldBytes } from '../../harness/heap.ts';
import type { Context, Sample, Workload } from '../../harness/benchmark.ts';
import { nodesOf, podsOf } from './bodies.ts';

const NODES = 5000;
const PODS = 150_000;
const PER_TEMPLATE = 100;
/** Within this time a scheduler has taken in all that there is. */
const KNOWN_MS_MAX = 120_000;
/** What was allocated to begin with is swept by and by. */
const SETTLED_MS = 6000;
const WATCHED_MS = 10_000;

/** A scheduler of 150,000 pods that all have a node: it has nothing to do but to know of them. */
export function idleWorkloads(size: (count: number) => number, context: Context): readonly Workload[] {
  const [nodes, pods] = [size(NODES), size(PODS)];
  const name = `idle scheduler, ${pods.toLocaleString('en')} pods bound`;
  // Both figures of a round are of one scheduler: 150,000 pods take their time to be made.
  const rounds = new Map<number, Promise<Idle>>();
  const found = (round: number): Promise<Idle> => {
    const known = rounds.get(round) ?? idle(nodes, pods, context.signal);
    rounds.set(round, known);
    return known;
  };
  const measure =
    (figure: keyof Idle) =>
    async (round: number): Promise<Sample> => {
      const both = await found(round);
      return { figure: both[figure], details: { ...both } };
    };
  return [
    {
      name: `${name}: memory`,
      unit: 'B/pod',
      better: 'less',
      ...(context.isQuick ? {} : { goal: 1024 }),
      ours: measure('bytesPerPod'),
    },
    {
      name: `${name}: CPU`,
      unit: 'ms/min',
      better: 'less',
      ...(context.isQuick ? {} : { goal: 60 }),
      ours: measure('cpuMsPerMinute'),
    },
  ];
}

interface Idle {
  /** What the process holds more than with the cache of the same pods alone. */
  readonly bytesPerPod: number;
  readonly cpuMsPerMinute: number;
}

async function idle(nodes: number, pods: number, signal: AbortSignal): Promise<Idle> {
  const deps = { clock: systemClock, random: seededRandom(1), log: silent };
  const api = apiOf(nodes, pods);
  await using group = new TaskGroup(signal);
  const cache = new Cache({ ...deps, api });
  for (const kind of [podKind, nodeKind]) cache.follow(kind);
  group.spawn((s) => cache.run(s));
  await cache.whenSynced([podKind, nodeKind], signal);
  const before = await heldBytes();
  const recorder = { record: () => undefined };
  const metrics = new MetricRegistry();
  group.spawn((s) => runScheduler({ ...deps, api, cache, recorder, metrics, profiles: [defaultProfile] }, s));
  await until(() => metrics.text().includes(`\nscheduler_cache_size{type="pods"} ${pods}\n`), signal);
  const bytesPerPod = ((await heldBytes()) - before) / pods;
  await sleep(SETTLED_MS, undefined, { signal });
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  await sleep(WATCHED_MS, undefined, { signal });
  const { user, system } = process.cpuUsage(cpu);
  const cpuMsPerMinute = (((user + system) / 1000) * 60_000) / (performance.now() - began);
  return { bytesPerPod, cpuMsPerMinute };
}

async function until(isSo: () => boolean, signal: AbortSignal): Promise<void> {
  for (const end = performance.now() + KNOWN_MS_MAX; !isSo(); await sleep(50, undefined, { signal }))
    if (performance.now() > end)
      throw new Error(`The scheduler does not know of all pods after ${KNOWN_MS_MAX / 1000} s`);
}

/** Lists what there is, each object a value of its own as it comes from a server; then nothing happens. */
function apiOf(nodes: number, pods: number): Api {
  const placed = podsOf('pod', pods, {
    namespace: (i) => `team-${i % 50}`,
    spec: (i: number) => ({ nodeName: `node-${i % nodes}`, priority: Math.floor(i / PER_TEMPLATE) }),
  });
  const lists = new Map<Kind<any>, () => readonly object[]>([
    [nodeKind, () => nodesOf(nodes)],
    [podKind, () => Array.from({ length: pods }, (_, i) => ({ ...placed.body(i), status: { phase: 'Running' } }))],
  ]);
  return {
    of: (kind: Kind<any>) => ({
      list: async () => ({
        items: (lists.get(kind)?.() ?? []).map(stored),
        resourceVersion: '1',
      }),
      // oxlint-disable-next-line require-yield
      async *watch(_options: unknown, signal: AbortSignal) {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    }),
  } as unknown as Api;
}

function stored(object: object): ApiObject {
  const own = JSON.parse(JSON.stringify(object)) as ApiObject;
  return { ...own, metadata: { ...own.metadata, uid: own.metadata.name, resourceVersion: '1' } };
}
