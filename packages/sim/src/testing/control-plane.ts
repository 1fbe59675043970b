import {
  directApi,
  type ExtensionServers,
  type ReadKubelet,
  serve,
  type ServeOptions,
  systemUser,
  type User,
} from '@navarch/apiserver';
import { event, type Event, type Pod, pod, serviceAccount } from '@navarch/api';
import { InvariantError, type Logger, MetricRegistry, seededRandom, TaskGroup } from '@navarch/base';
import { type Api, Cache } from '@navarch/client';
import { type Controller, type ReadPath, runControllers } from '@navarch/controllers';
import { type ApiObject, hasReason, keyOf, type Kind } from '@navarch/machinery';
import { MemoryStore } from '@navarch/store';
import { SimClock } from '../sim-clock.ts';
import { type Faults, faultyApi, noFaults } from './faulty-api.ts';

export interface ControlPlaneOptions {
  readonly controllers: readonly Controller[];
  readonly seed?: number;
  /** Between the controllers and the API server. */
  readonly faults?: Partial<Faults>;
  /** Ranges of cluster IPs; absent: one of IPv4. */
  readonly serviceCidr?: string;
  /** What kubelets say their nodes use; absent: metrics.k8s.io is not served. */
  readonly readKubelet?: (clock: SimClock) => ReadKubelet;
  /** API servers behind APIServices; absent: none can be reached. */
  readonly extensions?: ExtensionServers;
  /** Which versions of the API are served; absent: the stable ones. */
  readonly runtimeConfig?: ServeOptions['runtimeConfig'];
  /** How pods live; absent: nothing schedules or runs them. */
  readonly pods?: PodLife;
}

export interface PodLife {
  /** From creation to ready; undefined: never. */
  startMs(pod: Pod): number | undefined;
  /** From the request to delete it until it is gone. */
  readonly stopMs: number;
  readonly nodes: readonly string[];
  /** The node a pod asks for; absent or undefined: the next in turn. */
  nodeOf?(pod: Pod): string | undefined;
}

export const quickPods: PodLife = { startMs: () => 500, stopMs: 500, nodes: ['a', 'b', 'c'] };

/** The API server in memory with some controllers on simulated time. Disposing it stops everything and waits for it. */
export class ControlPlane implements AsyncDisposable {
  readonly clock: SimClock;
  /** Without faults, for the test itself. */
  readonly api: Api;
  /** What extension API servers have, as the controllers. */
  readonly read: ReadPath;
  /** As somebody else. */
  readonly as: (user: User) => Api;
  /** What the controllers count. */
  readonly metrics = new MetricRegistry();
  readonly #lifetime: AbortController;
  readonly #group: TaskGroup;

  private constructor(
    clock: SimClock,
    as: (user: User) => Api,
    read: ReadPath,
    lifetime: AbortController,
    group: TaskGroup,
  ) {
    this.clock = clock;
    this.as = as;
    this.read = read;
    this.api = as(systemUser);
    this.#lifetime = lifetime;
    this.#group = group;
  }

  static async start(options: ControlPlaneOptions): Promise<ControlPlane> {
    const clock = new SimClock();
    const lifetime = new AbortController();
    const random = seededRandom(options.seed ?? 1);
    const tokens = {
      sign: () => Promise.reject(new InvariantError('no tokens here')),
      verify: async () => undefined,
      jwks: () => ({ keys: [] }),
    };
    const { server, housekeep } = await serve(
      {
        store: new MemoryStore(),
        clock,
        random: random.fork('server'),
        log: strict,
        tokens,
        issuer: 'https://kubernetes.default.svc',
        serviceCidr: options.serviceCidr ?? '10.96.0.0/16',
        nodePorts: [30_000, 32_767],
        advertiseAddress: '10.95.0.1',
        advertisePort: 6443,
        ...(options.readKubelet ? { readKubelet: options.readKubelet(clock) } : {}),
        ...(options.extensions ? { extensions: options.extensions } : {}),
        ...(options.runtimeConfig ? { runtimeConfig: options.runtimeConfig } : {}),
      },
      lifetime.signal,
    );
    const group = new TaskGroup(lifetime.signal);
    if (options.readKubelet || options.extensions) group.spawn((signal) => housekeep(signal));
    const manager: User = { name: 'system:kube-controller-manager', groups: ['system:authenticated'] };
    const read: ReadPath = (path, query) => server.readExtension(path, new URLSearchParams(query), manager);
    const plane = new ControlPlane(clock, (user) => directApi(server, user), read, lifetime, group);
    const { api } = plane;
    // With the rights they have in a real cluster: what they may not do shows here.
    const own = plane.as(manager);
    const faulty = faultyApi(own, { ...noFaults, ...options.faults }, clock, random.fork('network'), lifetime.signal);
    const cache = new Cache({ api: faulty, clock, random: random.fork('cache'), log: strict });
    group.spawn((signal) => cache.run(signal));
    const deps = {
      api: faulty,
      cache,
      events: faulty.of(event),
      clock,
      random: random.fork('controllers'),
      log: strict,
      metrics: plane.metrics,
    };
    group.spawn((signal) => runControllers(options.controllers, deps, signal));
    if (options.pods) {
      const { pods } = options;
      group.spawn((signal) => runPods(api, clock, pods, signal));
    }
    return plane;
  }

  async list<O extends ApiObject>(kind: Kind<O>, namespace = 'default'): Promise<readonly O[]> {
    return (await this.api.of(kind).list({ namespace })).items;
  }

  /** `reason: message xCOUNT` of every event about objects of a kind, in the order of their first appearance. */
  async events(kind: string): Promise<readonly string[]> {
    const all: readonly Event[] = (await this.api.of(event).list()).items;
    return all
      .filter((e) => e.involvedObject.kind === kind)
      .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
      .map((e) => `${e.reason}: ${e.message}`);
  }

  /** The lines of a metric: what is behind its name, but for buckets. */
  counted(name: string): readonly string[] {
    return this.metrics
      .text()
      .split('\n')
      .filter((line) => line.startsWith(name) && !line.includes('_bucket'))
      .map((line) => line.slice(name.length));
  }

  /** What pods need before the service account controller runs. */
  async withServiceAccount(namespace = 'default'): Promise<this> {
    await this.api.of(serviceAccount).create({ metadata: { namespace, name: 'default' } });
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.abort(new Error('Simulation over'));
    await this.#group[Symbol.asyncDispose]();
  }
}

/** Stands in for the scheduler and every kubelet. */
async function runPods(api: Api, clock: SimClock, life: PodLife, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  const begun = new Set<string>();
  let turn = 0;
  for await (const events of api.of(pod).watch({ after: '0' }, signal)) {
    for (const seen of events) {
      if (seen.type === 'BOOKMARK' || seen.type === 'DELETED') continue;
      const { object } = seen;
      const stage = `${object.metadata.uid}${object.metadata.deletionTimestamp ? '!' : ''}`;
      if (begun.has(stage)) continue;
      begun.add(stage);
      if (object.metadata.deletionTimestamp) group.spawn((s) => end(api, clock, object, life.stopMs, s));
      else if (!object.spec.nodeName) {
        const nodeName = life.nodeOf?.(object) ?? life.nodes[turn++ % life.nodes.length] ?? 'a';
        group.spawn((s) =>
          begin(
            api,
            clock,
            { object, nodeName, ip: `10.0.${turn >> 8}.${turn & 255}`, startMs: life.startMs(object) },
            s,
          ),
        );
      }
    }
  }
}

interface Start {
  readonly object: Pod;
  readonly nodeName: string;
  readonly ip: string;
  readonly startMs: number | undefined;
}

async function begin(
  api: Api,
  clock: SimClock,
  { object, nodeName, ip, startMs }: Start,
  signal: AbortSignal,
): Promise<void> {
  await unlessGone(async () => {
    await api.of(pod).post(keyOf(object), 'binding', {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: object.metadata.name },
      target: { kind: 'Node', name: nodeName },
    });
    if (startMs === undefined) return;
    await clock.sleep(startMs, signal);
    const now = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
    await api.of(pod).update(
      keyOf(object),
      (p) =>
        p.metadata.deletionTimestamp
          ? p
          : {
              ...p,
              status: {
                ...p.status,
                phase: 'Running',
                podIP: ip,
                podIPs: [{ ip }],
                startTime: p.metadata.creationTimestamp,
                conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now }],
              } as Pod['status'],
            },
      { subresource: 'status' },
    );
  });
}

async function end(api: Api, clock: SimClock, object: Pod, stopMs: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(stopMs, signal);
  await unlessGone(() => api.of(pod).delete(keyOf(object), { gracePeriodSeconds: 0 }));
}

async function unlessGone(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
  }
}

/** An error in the log fails the test: it says that a person must act. */
const strict: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (text, fields) => {
    throw new InvariantError(`${text} ${JSON.stringify({ ...fields, error: String(fields?.['error']) })}`);
  },
  with: () => strict,
};
