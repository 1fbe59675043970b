import { directApi, serve, systemUser } from '@navarch/apiserver';
import { configMap, event, type Event, type Pod, pod, serviceAccount } from '@navarch/api';
import { type Logger, seededRandom } from '@navarch/base';
import type { Api } from '@navarch/client';
import { type Draft, failure, hasReason } from '@navarch/machinery';
import { MemoryStore } from '@navarch/store';
import { SimClock } from '../sim-clock.ts';
import { SimMachine, type SimMachineOptions } from '../sim-machine.ts';
import { type Faults, faultyApi, noFaults } from './faulty-api.ts';

export interface KubeletWorldOptions extends SimMachineOptions {
  readonly seed?: number;
  /** Admission plugins that the server goes without. */
  readonly disabledAdmission?: readonly string[];
  /** Between the kubelet and the API server. */
  readonly faults?: Partial<Faults>;
  /** The kubelet cannot reach the API server; asked before every request. */
  isApiAway?(): boolean;
  /** The reason with which the server refuses, `Conflict`; asked before every request, `patch` or another method of the client. */
  refusal?(verb: string, args: readonly unknown[]): 'Conflict' | 'Invalid' | undefined;
}

export const NODE = 'node-1';

/** An API server without controllers and one machine with a kubelet, on time that the test moves. */
export class KubeletWorld implements AsyncDisposable {
  readonly clock: SimClock;
  /** Without faults, for the test itself. */
  readonly api: Api;
  readonly machine: SimMachine;
  readonly warnings: string[] = [];
  readonly #lifetime: AbortController;

  private constructor(clock: SimClock, api: Api, lifetime: AbortController, machine: (log: Logger) => SimMachine) {
    this.clock = clock;
    this.api = api;
    this.#lifetime = lifetime;
    this.machine = machine(listening(this.warnings));
  }

  static async start(options: KubeletWorldOptions = {}): Promise<KubeletWorld> {
    const clock = new SimClock();
    const lifetime = new AbortController();
    const random = seededRandom(options.seed ?? 1);
    const tokens = { sign: async () => 'simulated', verify: async () => undefined, jwks: () => ({ keys: [] }) };
    const { server } = await serve(
      {
        store: new MemoryStore(),
        clock,
        random: random.fork('server'),
        log: listening([]),
        tokens,
        issuer: 'https://kubernetes.default.svc',
        serviceCidr: '10.96.0.0/16',
        nodePorts: [30_000, 32_767],
        advertiseAddress: '10.95.0.1',
        advertisePort: 6443,
        disabledAdmission: options.disabledAdmission ?? [],
      },
      lifetime.signal,
    );
    const api = directApi(server, systemUser);
    const world = new KubeletWorld(
      clock,
      api,
      lifetime,
      (log) =>
        new SimMachine(
          {
            name: NODE,
            index: 0,
            clock,
            random,
            log,
            connect: (signal) =>
              faultyApi(
                reachable(api, options),
                { ...noFaults, ...options.faults },
                clock,
                random.fork(`network ${clock.monotonic()}`),
                signal,
              ),
          },
          options,
          lifetime.signal,
        ),
    );
    await api.of(serviceAccount).create({ metadata: { namespace: 'default', name: 'default' } });
    await api
      .of(configMap)
      .create({ metadata: { namespace: 'default', name: 'kube-root-ca.crt' }, data: { 'ca.crt': '' } });
    world.machine.start();
    await clock.advance(1000);
    return world;
  }

  /** Makes a pod on the machine: one container `c` that runs, unless the spec says otherwise. */
  async run(name: string, spec: object = {}, metadata: object = {}): Promise<Pod> {
    const draft = {
      metadata: { name, namespace: 'default', ...metadata },
      spec: { nodeName: NODE, automountServiceAccountToken: false, containers: [{ name: 'c', image: 'app' }], ...spec },
    } as unknown as Draft<Pod>;
    return this.api.of(pod).create(draft);
  }

  /** undefined when there is no such pod. */
  async pod(name: string): Promise<Pod | undefined> {
    try {
      return await this.api.of(pod).get(`default/${name}`);
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  /** `reason: message` of every event about a pod, in the order in which it was first seen. */
  async events(name: string): Promise<readonly string[]> {
    const all: readonly Event[] = (await this.api.of(event).list()).items;
    return all
      .filter((e) => e.involvedObject.name === name)
      .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
      .map((e) => `${e.reason}: ${e.message}`);
  }

  /** How often an event about a pod was told that says this. */
  async count(name: string, message: string): Promise<number> {
    const { items } = await this.api.of(event).list();
    const own = items.filter((e) => e.involvedObject.name === name && e.message === message);
    return own.reduce((sum, e) => sum + (e.count ?? 1), 0);
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.abort(new Error('Simulation over'));
    await this.clock.advance(0);
    await this.machine.ended();
  }
}

/** Requests to a server that is away are refused; a watch goes silent. */
function reachable(api: Api, { isApiAway = () => false, refusal = () => undefined }: KubeletWorldOptions): Api {
  const guarded = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (held, name) => {
        const member: unknown = Reflect.get(held, name);
        return typeof member !== 'function'
          ? member
          : (...args: unknown[]): unknown => {
              if (isApiAway() && name !== 'watch')
                return Promise.reject(failure('ServiceUnavailable', 'simulated: away'));
              const reason = refusal(String(name), args);
              if (reason) return Promise.reject(failure(reason, 'simulated: refused'));
              return Reflect.apply(member, held, args);
            };
      },
    });
  return { of: (kind) => guarded(api.of(kind)) };
}

function listening(warnings: string[]): Logger {
  const hear = (text: string, fields?: Readonly<Record<string, unknown>>): void =>
    void warnings.push(`${text} ${JSON.stringify({ ...fields, error: String(fields?.['error']) })}`);
  const log: Logger = { debug: () => undefined, info: () => undefined, warn: hear, error: hear, with: () => log };
  return log;
}
