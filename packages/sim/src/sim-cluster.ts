import { systemUser, type User } from '@navarch/apiserver';
import { event, localStorageClass, storageClass } from '@navarch/api';
import { type Logger, type Metrics, noMetrics, type Random, seededRandom, silent, TaskGroup } from '@navarch/base';
import { type Api, Cache, EventRecorder } from '@navarch/client';
import { builtinControllers, runControllers, runKindControllers } from '@navarch/controllers';
import { type ApiObject, apiVersionOf, type Kind } from '@navarch/machinery';
import { defaultProfile, placementViews, podResourceMetrics, runScheduler } from '@navarch/scheduler';
import { type Change, MemoryStore } from '@navarch/store';
import { SimClock } from './sim-clock.ts';
import { SimMachine, type SimMachineOptions } from './sim-machine.ts';
import { SimServer } from './sim-server.ts';
import { withGroups } from './with-groups.ts';
import { runSimulatedNodes } from './simulated-nodes.ts';
import { type Faults, faultyApi, noFaults } from './testing/faulty-api.ts';

export interface SimClusterOptions {
  /** How many simulated nodes: node-1, node-2, ... */
  readonly nodes: number;
  /** The same seed gives the same history. Default 1. */
  readonly seed?: number;
  /** Between every component and the API server. Requests take up to 20 ms each way and watches lag up to 50, unless it is said here. */
  readonly faults?: Partial<Faults>;
  /** Longest time of a write on its way to the disk, and of the word that it is there, in milliseconds. Default 0. */
  readonly diskMs?: number;
  /**
   * The nodes are machines with the real kubelet over a container runtime in memory. Absent: nodes are played, which
   * knows nothing of containers and costs a hundredth, so that there may be thousands of them.
   */
  readonly machines?: SimMachineOptions;
  /** Pods may be of groups, which are placed together (`GenericWorkload`). */
  readonly hasGroups?: boolean;
  /** What the scheduler counts goes there. */
  readonly metrics?: Metrics;
  readonly log?: Logger;
}

const noTokens = { sign: async () => 'simulated', verify: async () => undefined, jwks: () => ({ keys: [] }) };
const SERVICE_CIDR = '10.96.0.0/16';
const CLUSTER_CIDR = '10.128.0.0/10';
/** Writes that took no time would never meet: each pod's word would be a status of all that are above it. */
const NETWORK = { latencyMs: 20, watchLagMs: 50 };
/** Written all the time, by clocks and not by intent: they do not keep a cluster from being settled. */
const RESTLESS = ['/registry/leases/', '/registry/minions/', '/registry/events/'];
/** A cluster is settled when nothing of substance was written for this long. */
const QUIET_MS = 10_000;
const START_LIMIT_MS = 5 * 60_000;
const SETTLE_LIMIT_MS = 30 * 60_000;

/** A whole control plane with simulated nodes in one process, on simulated time. Disposing it stops everything and waits for it. */
export class SimCluster implements AsyncDisposable {
  readonly clock = new SimClock();
  readonly store = new MemoryStore();
  /** Everything that was written: time, revision, kind of change, key. Two runs of one seed have equal histories. */
  readonly history: string[] = [];
  /** An administrator's client, on a network without faults. */
  readonly api: Api;
  readonly #server: SimServer;
  readonly #random: Random;
  readonly #options: SimClusterOptions;
  readonly #lifetime: AbortController;
  readonly #group: TaskGroup;
  readonly #down = new Set<string>();
  readonly #machines = new Map<string, SimMachine>();
  #components: AbortController;
  #movedAt = 0;

  private constructor(options: SimClusterOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed ?? 1);
    this.#lifetime = new AbortController();
    this.#group = new TaskGroup(this.#lifetime.signal);
    this.#components = new AbortController();
    this.#server = new SimServer({
      disk: this.store,
      diskMs: () => options.diskMs ?? 0,
      clock: this.clock,
      random: this.#random.fork('server'),
      log: options.log ?? silent,
      tokens: noTokens,
      issuer: 'https://kubernetes.default.svc',
      serviceCidr: SERVICE_CIDR,
      nodePorts: [30_000, 32_767],
      advertiseAddress: '10.95.0.1',
      advertisePort: 6443,
      views: placementViews([defaultProfile]),
      metricPages: [podResourceMetrics],
      ...(options.hasGroups ? withGroups : {}),
    });
    this.api = this.#server.api(systemUser);
  }

  static async start(options: SimClusterOptions): Promise<SimCluster> {
    const cluster = new SimCluster(options);
    await cluster.#startServer();
    await cluster.#withDefaultClass();
    const { signal: lifetime } = cluster.#lifetime;
    cluster.store.subscribe(
      '/registry/',
      cluster.store.revision(),
      { changed: (changes) => cluster.#record(changes), lost: () => undefined },
      lifetime,
    );
    cluster.#startComponents();
    const names = Array.from({ length: options.nodes }, (_, i) => `node-${i + 1}`);
    if (options.machines) cluster.#startMachines(names, options.machines);
    else
      cluster.#group.spawn((signal) =>
        runSimulatedNodes(
          {
            api: cluster.#client('system:nodes-simulated', systemUser, signal),
            clock: cluster.clock,
            random: cluster.#random.fork('nodes'),
            log: options.log ?? silent,
            names,
            version: 'v1.37.0',
            startMsMax: 2_000,
            isDown: (name) => cluster.#down.has(name),
          },
          signal,
        ),
      );
    return cluster;
  }

  /** A kind that is served, custom ones too, by `group/version` (`v1` for the core group) and plural. */
  kind<O extends ApiObject>(apiVersion: string, plural: string): Kind<O> {
    const found = this.#server.current().find((kind) => apiVersionOf(kind) === apiVersion && kind.plural === plural);
    if (!found) throw new RangeError(`Nothing is served as ${plural} in ${apiVersion}`);
    return found as Kind<O>;
  }

  /** What is at a path of the API, as `kubectl get --raw` shows it to an administrator. Throws StatusError. */
  read(path: string): Promise<unknown> {
    return this.#server.show(path, systemUser);
  }

  /** Moves time: milliseconds, or `5m`, `30s`, `1h`. */
  async advance(time: number | string): Promise<void> {
    await this.clock.advance(typeof time === 'number' ? time : milliseconds(time));
  }

  /** Moves time until nothing of substance has been written for ten seconds. Rejects after half an hour of unrest. */
  async settled(): Promise<void> {
    const end = this.clock.monotonic() + SETTLE_LIMIT_MS;
    this.#movedAt = this.clock.monotonic();
    while (this.clock.monotonic() - this.#movedAt < QUIET_MS) {
      if (this.clock.monotonic() > end)
        throw new Error(
          `The cluster did not settle within ${SETTLE_LIMIT_MS / 60_000} simulated minutes; last: ${this.history.at(-1)}`,
        );
      await this.clock.advance(this.#movedAt + QUIET_MS - this.clock.monotonic());
    }
  }

  /** The node stops answering: no lease, no statuses. On a machine the kubelet ends, and what runs goes on. */
  loseNode(name: string): void {
    this.#down.add(name);
    this.#machines.get(name)?.crash();
  }

  recoverNode(name: string): void {
    this.#down.delete(name);
    this.#machines.get(name)?.start();
  }

  /** The machine under a node, where nodes are machines. */
  machine(name: string): SimMachine {
    const machine = this.#machines.get(name);
    if (!machine)
      throw new RangeError(`There is no machine ${JSON.stringify(name)}: start the cluster with the option machines`);
    return machine;
  }

  /** Controllers and scheduler end in the middle of whatever they do, and begin again with empty caches. */
  async crashComponents(): Promise<void> {
    this.#components.abort(new Error('Simulated crash'));
    this.#components = new AbortController();
    await this.clock.advance(0);
    this.#startComponents();
  }

  /** The API server ends in the middle of whatever it does, and is back after that time: its disk is all it has. */
  async crashServer(downFor: number | string): Promise<void> {
    this.#server.crash();
    await this.advance(downFor);
    await this.#startServer();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.abort(new Error('Simulation over'));
    await this.#group[Symbol.asyncDispose]();
  }

  #startMachines(names: readonly string[], options: SimMachineOptions): void {
    for (const [index, name] of names.entries()) {
      const user = { name: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] };
      const { clock } = this;
      const machine = new SimMachine(
        {
          name,
          index,
          clock,
          random: this.#random.fork(name),
          log: this.#options.log ?? silent,
          connect: (signal) => this.#client(name, user, signal),
        },
        options,
        this.#lifetime.signal,
      );
      this.#machines.set(name, machine);
      machine.start();
      this.#group.spawn(() => machine.ended());
    }
  }

  async #startServer(): Promise<void> {
    let isReady = false;
    this.#group.spawn((signal) =>
      this.#server.run(signal, () => {
        isReady = true;
      }),
    );
    // What every cluster has must be on the disk first, and a disk takes its time.
    if (!(await this.clock.advanceUntil(() => isReady, START_LIMIT_MS)))
      throw new Error('The simulated API server did not start');
  }

  /** As in a cluster of `navarch up`. */
  async #withDefaultClass(): Promise<void> {
    let isThere = false;
    this.#group.spawn(async () => {
      await this.api.of(storageClass).create(localStorageClass);
      isThere = true;
    });
    if (!(await this.clock.advanceUntil(() => isThere, START_LIMIT_MS)))
      throw new Error('The simulated API server took no storage class');
  }

  #startComponents(): void {
    const life = AbortSignal.any([this.#lifetime.signal, this.#components.signal]);
    const untilCrash = (work: (signal: AbortSignal) => Promise<void>) =>
      this.#group.spawn(async () => {
        try {
          await work(life);
        } catch (error) {
          if (!life.aborted) throw error;
        }
      });
    untilCrash((signal) => this.#runControllers(signal));
    untilCrash((signal) => this.#runScheduler(signal));
  }

  #client(name: string, user: User, signal: AbortSignal): Api {
    return faultyApi(
      this.#server.api(user),
      { ...noFaults, ...NETWORK, ...this.#options.faults },
      this.clock,
      this.#random.fork(`network ${name} ${this.clock.monotonic()}`),
      signal,
    );
  }

  async #runControllers(signal: AbortSignal): Promise<void> {
    const { clock } = this;
    const log = this.#options.log ?? silent;
    const random = this.#random.fork(`controllers ${clock.monotonic()}`);
    const api = this.#client(
      'controllers',
      { name: 'system:kube-controller-manager', groups: ['system:authenticated'] },
      signal,
    );
    await using group = new TaskGroup(signal);
    const cache = new Cache({ api, clock, random: random.fork('cache'), log });
    group.spawn((s) => cache.run(s));
    const controllers = builtinControllers({
      rootCertificate: 'simulated',
      nodeIpam: { clusterCidr: CLUSTER_CIDR },
      hasGroups: this.#options.hasGroups ?? false,
      hasJobGroups: this.#options.hasGroups ?? false,
    });
    const runner = { api, events: api.of(event), clock, random, log, metrics: noMetrics };
    group.spawn((s) => runControllers(controllers, { ...runner, cache }, s));
    group.spawn((s) => runKindControllers(this.#server, { ...runner, random: random.fork('kinds') }, s));
    await group.join();
  }

  async #runScheduler(signal: AbortSignal): Promise<void> {
    const { clock } = this;
    const log = this.#options.log ?? silent;
    const random = this.#random.fork(`scheduler ${clock.monotonic()}`);
    const api = this.#client('scheduler', { name: 'system:kube-scheduler', groups: ['system:authenticated'] }, signal);
    await using group = new TaskGroup(signal);
    const cache = new Cache({ api, clock, random: random.fork('cache'), log });
    const recorder = new EventRecorder({ events: api.of(event), clock, random, log }, 'default-scheduler');
    group.spawn((s) => cache.run(s));
    group.spawn((s) => recorder.run(s));
    group.spawn((s) =>
      runScheduler(
        {
          api,
          cache,
          clock,
          random: random.fork('ties'),
          log,
          recorder,
          profiles: [defaultProfile],
          hasGroups: this.#options.hasGroups ?? false,
          metrics: this.#options.metrics ?? noMetrics,
        },
        s,
      ),
    );
    await group.join();
  }

  #record(changes: readonly Change[]): void {
    for (const { type, key, revision } of changes) {
      this.history.push(`${this.clock.monotonic()} ${revision} ${type} ${key}`);
      if (!RESTLESS.some((prefix) => key.startsWith(prefix))) this.#movedAt = this.clock.monotonic();
    }
  }
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function milliseconds(text: string): number {
  const match = /^(\d+)(ms|s|m|h)$/.exec(text);
  if (!match) throw new RangeError(`${JSON.stringify(text)} is not a time: write 500ms, 30s, 5m or 1h`);
  return Number(match[1]) * (UNITS[match[2] ?? ''] ?? 0);
}
