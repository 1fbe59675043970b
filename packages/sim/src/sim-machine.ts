import { type Clock, invariant, type Logger, type Random } from '@navarch/base';
import type { Api } from '@navarch/client';
import {
  type HostFacts,
  type KubeletDeps,
  memoryFiles,
  MemoryRuntime,
  type MemoryRuntimeOptions,
  type Prober,
  runKubelet,
} from '@navarch/kubelet';
import { simKeys } from './sim-keys.ts';

export interface SimMachineOptions extends Pick<
  MemoryRuntimeOptions,
  'latencyMs' | 'refuse' | 'program' | 'pull' | 'onEffect'
> {
  /** What the machine has left, and what the kubelet makes of it; absent: always enough. */
  readonly eviction?: NonNullable<KubeletDeps['eviction']>;
  /** How it is told that the machine goes down; absent: it never does. */
  readonly shutdown?: NonNullable<KubeletDeps['shutdown']>;
  /** How changes of ConfigMaps and Secrets are noticed; absent: by watches. */
  readonly changeDetection?: NonNullable<KubeletDeps['changeDetection']>;
  /** Who keeps pods apart; absent: nobody. */
  readonly guard?: NonNullable<KubeletDeps['guard']>;
  /** Drivers of volumes, and how they make themselves known; absent: there are none. */
  readonly csiSockets?: NonNullable<KubeletDeps['csiSockets']>;
  readonly pluginSockets?: NonNullable<KubeletDeps['pluginSockets']>;
  /** What pods answer to probes over the network; absent: all is well. */
  answer?(request: { readonly host: string; readonly port: number; readonly path?: string }): string | undefined;
}

export interface SimMachineDeps {
  readonly name: string;
  /** From 0: makes addresses. */
  readonly index: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** How the kubelet reaches the API server, until the signal aborts. */
  connect(signal: AbortSignal): Api;
}

/** Where the machine keeps files that describe pods (as JSON). */
export const MANIFESTS = '/etc/kubernetes/manifests';
/** Beyond it the ranges of pods would meet that of services. */
const MACHINES_MAX = 100;

/** A machine with a container runtime in memory and the real kubelet on it. The kubelet may crash; what runs goes on. */
export class SimMachine {
  readonly name: string;
  readonly runtime: MemoryRuntime;
  readonly files = memoryFiles();
  readonly #deps: SimMachineDeps;
  readonly #options: SimMachineOptions;
  readonly #power: AbortSignal;
  #kubelet: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  /** `power` is the machine's life. */
  constructor(deps: SimMachineDeps, options: SimMachineOptions, power: AbortSignal) {
    this.name = deps.name;
    this.#deps = deps;
    this.#options = options;
    this.#power = power;
    invariant(deps.index < MACHINES_MAX, 'Every machine has a range of pod addresses of its own');
    this.runtime = new MemoryRuntime(
      { ...options, podRange: `10.${244 - deps.index}`, clock: deps.clock, random: deps.random.fork('runtime') },
      power,
    );
  }

  get isUp(): boolean {
    return this.#kubelet !== undefined;
  }

  /** Starts the kubelet, which begins with what the runtime and the API tell it. */
  start(): void {
    if (this.#kubelet) return;
    const life = new AbortController();
    this.#kubelet = life;
    const signal = AbortSignal.any([this.#power, life.signal]);
    this.#running = this.#run(signal);
  }

  /** The kubelet ends in the middle of whatever it does. */
  crash(): void {
    this.#kubelet?.abort(new Error('Simulated crash'));
    this.#kubelet = undefined;
  }

  /** Resolves when the last kubelet that was started has ended; rejects when it failed. */
  ended(): Promise<void> {
    return this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      await runKubelet(this.#kubeletDeps(signal), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #kubeletDeps(signal: AbortSignal): KubeletDeps {
    const { name, index, clock, random, log } = this.#deps;
    const nodeIP = `10.95.${index >> 8}.${(index & 255) + 1}`;
    return {
      api: this.#deps.connect(signal),
      runtime: this.runtime,
      files: this.files,
      cgroups: noCgroups,
      prober: this.#prober(),
      keys: simKeys(random.fork('keys')),
      clock,
      random: random.fork(`kubelet ${clock.monotonic()}`),
      log,
      host: hostFacts(name),
      nodeName: name,
      nodeIP,
      kubeletPort: 10250,
      version: 'v1.37.0',
      podsMax: 110,
      labels: { 'navarch.dev/simulated': 'true' },
      dirs: { root: '/var/lib/kubelet', podLogs: '/var/log/pods', cgroupRoot: '/kubelet' },
      ...(this.#options.eviction ? { eviction: this.#options.eviction } : {}),
      ...(this.#options.shutdown ? { shutdown: this.#options.shutdown } : {}),
      ...(this.#options.changeDetection ? { changeDetection: this.#options.changeDetection } : {}),
      ...(this.#options.guard ? { guard: this.#options.guard } : {}),
      ...(this.#options.csiSockets ? { csiSockets: this.#options.csiSockets } : {}),
      ...(this.#options.pluginSockets ? { pluginSockets: this.#options.pluginSockets } : {}),
      staticPods: { path: MANIFESTS, parse: JSON.parse },
      dns: { clusterDns: '10.96.0.10', clusterDomain: 'cluster.local' },
    };
  }

  #prober(): Prober {
    const answer = async (request: {
      readonly host: string;
      readonly port: number;
      readonly path?: string;
    }): Promise<string | undefined> => this.#options.answer?.(request);
    return { http: answer, tcp: (host, port) => answer({ host, port }), grpc: (host, port) => answer({ host, port }) };
  }
}

/** Programs of a simulated machine have no processes that could be limited. */
const noCgroups: KubeletDeps['cgroups'] = { ensure: () => undefined, children: () => [], remove: () => true };

const hostFacts = (name: string): HostFacts => ({
  hostname: name,
  addresses: [],
  cpus: 32,
  memoryBytes: 256 * 2 ** 30,
  diskBytes: 2 ** 40,
  machineId: name,
  systemUuid: name,
  bootId: '1',
  kernelVersion: 'none',
  osImage: 'none (simulated)',
  operatingSystem: 'linux',
  architecture: 'amd64',
  resolvers: [],
  searches: [],
  resolverOptions: [],
  hasAppArmor: false,
  cgroupVersion: 2,
});
